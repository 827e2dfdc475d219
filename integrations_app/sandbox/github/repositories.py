"""The person, repositories, branches, labels and people of the emulated REST API."""

from integrations_app.sandbox.github.calls import Call, Json, Refusal, Reply, endpoint, not_found, paged
from integrations_app.sandbox.github.settings import github_settings
from integrations_app.sandbox.github.state import Repository, stamp
from integrations_app.sandbox.github.views import account_view, label_view, repository_view, whole_commit_view

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
    limit = github_settings(call.world).primary_limit if call.viewer else 60
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


@endpoint("GET", "/user/orgs", "admin:org", "read:org", "user", "write:org")
def user_organizations(call: Call) -> Reply:
    """Organisations the person belongs to; 403 for a token that may not see them."""
    me = call.me()
    if not call.has_scope("admin:org", "read:org", "user", "write:org"):
        raise Refusal(403, "You need at least read:org scope or user scope to list your organizations.")
    theirs = {one.owner.login: one.owner for one in call.github.repositories.values() if me.login in one.access}
    found = [one for one in theirs.values() if one.type == "Organization"]
    return paged(call, found, lambda page: [account_view(one, call.web) for one in page])


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
        view["commit"] = whole_commit_view(commit, repository, call.web)
        view["_links"] = {"self": f"{api}/branches/{name}", "html": f"{call.web}/{repository.full_name}/tree/{name}"}
    return view


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
