"""The person, repositories, branches, refs, labels and search of the emulated REST API."""

from integrations_app.sandbox.github.calls import Call, Json, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.state import Commit, Issue, Repository, stamp
from integrations_app.sandbox.github.views import account_view, commit_view, issue_view, label_view, repository_view

AT = "/repos/{owner}/{repo}"


@endpoint("GET", "/user")
def user(call: Call) -> Reply:
    """The person the token belongs to."""
    me = call.me()
    view = account_view(me, call.web) | {"name": me.name, "company": None, "bio": None}
    view["email"] = me.email if call.has_scope("user", "user:email") else None
    owned = [one for one in call.github.repositories.values() if one.owner is me]
    view["public_repos"] = sum(not one.private for one in owned)
    return Reply(200, view | {"followers": 0, "following": 0, "created_at": stamp(0), "updated_at": stamp(0)})


@endpoint("GET", "/users/{login}")
def one_user(call: Call) -> Reply:
    """A public profile."""
    account = call.github.account(call.path["login"])
    if account is None:
        raise not_found()
    return Reply(200, account_view(account, call.web) | {"name": account.name})


@endpoint("GET", "/rate_limit")
def rate_limit(call: Call) -> Reply:
    """What is left of the hour; free."""
    login = call.viewer.login if call.viewer else ""
    limit = call.world.settings.github.primary_limit if call.viewer else 60
    window = int(call.now // 3600)
    used = call.github.calls.get(("core", login, window), 0)
    core = {"limit": limit, "used": used, "remaining": limit - used, "reset": (window + 1) * 3600, "resource": "core"}
    return Reply(200, {"resources": {"core": core, "search": core | {"resource": "search"}}, "rate": core})


@endpoint("GET", "/user/repos", "repo")
def user_repos(call: Call) -> Reply:
    """Repositories the person works on; private ones need the scope `repo`."""
    me = call.me()
    mine = [r for r in call.github.repositories.values() if me.login in r.access]
    if not call.has_scope("repo"):
        mine = [r for r in mine if not r.private]
    visibility = call.query.get("visibility", "all")
    if visibility != "all":
        mine = [r for r in mine if r.private == (visibility == "private")]
    orders = {"created": lambda r: r.created_at, "full_name": lambda r: r.full_name}
    sort = call.query.get("sort", "full_name")
    down = call.query.get("direction", "asc" if sort == "full_name" else "desc") == "desc"
    mine.sort(key=orders.get(sort, lambda r: r.pushed_at), reverse=down)
    return paged(call, mine, lambda page: [repository_view(r, call.web, me.login) for r in page])


@endpoint("GET", AT, "repo")
def get_repository(call: Call) -> Reply:
    """One repository."""
    found = call.repository()
    return Reply(200, repository_view(found, call.web, call.viewer.login if call.viewer else None))


def _branch(call: Call, repository: Repository, name: str, whole: bool = False) -> Json:
    commit = repository.commits[repository.refs[f"refs/heads/{name}"]]
    api = f"{call.api}/repos/{repository.full_name}"
    short: Json = {"sha": commit.sha, "url": f"{api}/commits/{commit.sha}"}
    view: Json = {"name": name, "commit": short, "protected": False}
    if whole:
        view["commit"] = _commit(call, repository, commit)
        view["_links"] = {"self": f"{api}/branches/{name}", "html": f"{call.web}/{repository.full_name}/tree/{name}"}
    return view


def _commit(call: Call, repository: Repository, commit: Commit) -> Json:
    inner = commit_view(commit, repository, call.web)
    who = account_view(commit.author, call.web)
    view: Json = {"sha": commit.sha, "commit": inner, "author": who, "committer": who}
    return view | {
        "url": f"{call.api}/repos/{repository.full_name}/commits/{commit.sha}",
        "html_url": inner["html_url"],
        "parents": inner["parents"],
    }


@endpoint("GET", f"{AT}/branches", "repo")
def branches(call: Call) -> Reply:
    """Branches by name."""
    repository = call.repository()
    names = sorted(ref.removeprefix("refs/heads/") for ref in repository.refs if ref.startswith("refs/heads/"))
    return paged(call, names, lambda page: [_branch(call, repository, name) for name in page])


@endpoint("GET", f"{AT}/branches/{{branch:path}}", "repo")
def branch(call: Call) -> Reply:
    """One branch."""
    repository = call.repository()
    if f"refs/heads/{call.path['branch']}" not in repository.refs:
        raise Refusal(404, "Branch not found")
    return Reply(200, _branch(call, repository, call.path["branch"], whole=True))


@endpoint("GET", f"{AT}/commits/{{ref:path}}", "repo")
def one_commit(call: Call) -> Reply:
    """The commit of a sha, branch or tag."""
    repository = call.repository()
    found = repository.head(call.path["ref"])
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {call.path['ref']}")
    return Reply(200, _commit(call, repository, found))


@endpoint("GET", f"{AT}/labels", "repo")
def labels(call: Call) -> Reply:
    """Labels of a repository."""
    repository = call.repository()
    found = list(repository.labels.values())
    return paged(call, found, lambda page: [label_view(label, repository, call.web) for label in page])


@endpoint("GET", f"{AT}/assignees", "repo")
def assignees(call: Call) -> Reply:
    """People an issue may be assigned to."""
    repository = call.repository()
    people = [call.github.accounts[login] for login in sorted(repository.access)]
    return paged(call, people, lambda page: [account_view(person, call.web) for person in page])


@endpoint("GET", "/search/issues", "repo")
def search_issues(call: Call) -> Reply:
    """Issues by words, `repo:`, `is:`, `state:` and `author:`; words match in title and body."""
    query = call.query.get("q", "").strip()
    if not query:
        raise invalid("Search", "q", "missing")
    words, filters = _search_terms(query)
    login = call.viewer.login if call.viewer else None
    hits = []
    for repository in call.github.repositories.values():
        hidden = repository.private and not call.has_scope("repo")
        if hidden or not repository.may(login, "pull"):
            continue
        if "repo" in filters and filters["repo"].lower() != repository.full_name.lower():
            continue
        for issue in repository.issues.values():
            kinds = {"issue": issue.pull is None, "pr": issue.pull is not None}
            wanted = (filters.get("is", ""), filters.get("type", ""), filters.get("state", ""))
            if any(not kinds.get(one, issue.state == one) for one in wanted if one):
                continue
            if filters.get("author", issue.user.login) != issue.user.login:
                continue
            text = f"{issue.title}\n{issue.body or ''}".lower()
            if all(word.lower() in text for word in words):
                hits.append((repository, issue))
    hits.sort(key=lambda hit: hit[1].created_at, reverse=True)

    def wrap(page: list[tuple[Repository, Issue]]) -> Json:
        items = [issue_view(issue, repository, call.web) | {"score": 1.0} for repository, issue in page]
        return {"total_count": len(hits), "incomplete_results": False, "items": items}

    return paged(call, hits, wrap)


def _search_terms(query: str) -> tuple[list[str], dict[str, str]]:
    words, filters = [], {}
    for part in _quoted(query):
        name, colon, value = part.partition(":")
        if colon and name in ("repo", "is", "type", "state", "author", "in"):
            filters[name] = value
        else:
            words.append(part)
    return words, filters


def _quoted(query: str) -> list[str]:
    parts = query.split('"')
    found: list[str] = []
    for index, part in enumerate(parts):
        found += [part] if index % 2 else part.split()
    return [part for part in found if part]
