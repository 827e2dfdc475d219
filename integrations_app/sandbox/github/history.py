"""Commits, comparisons, tags and statuses in the emulated REST API."""

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import Call, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.git import changed_files, history, merge_base
from integrations_app.sandbox.github.state import stamp
from integrations_app.sandbox.github.views import account_view, whole_commit_view

AT = "/repos/{owner}/{repo}"
STATES = ("error", "failure", "pending", "success")
DESCRIPTION = 140


@endpoint("GET", f"{AT}/commits", "repo")
def list_commits(call: Call) -> Reply:
    """Commits of a branch, the newest first; filters path, author, since and until."""
    repository, query = call.repository(), call.query
    head = call.commit(repository, query.get("sha") or repository.default_branch)
    found = [repository.commits[sha] for sha in history(repository, head.sha)]
    if "author" in query:
        found = [one for one in found if query["author"] in (one.author.login, one.author.email)]
    if "path" in query:
        place = query["path"].strip("/")
        kept = []
        for one in found:
            old = repository.commits[one.parents[0]].files if one.parents else {}
            touched = {path for path in one.files | old if one.files.get(path) != old.get(path)}
            if any(path == place or path.startswith(f"{place}/") for path in touched):
                kept.append(one)
        found = kept
    found = [one for one in found if query.get("since", "") <= stamp(one.at) <= query.get("until", "9")]
    return paged(call, found, lambda page: [whole_commit_view(one, repository, call.web) for one in page])


@endpoint("GET", f"{AT}/commits/{{ref:path}}", "repo")
def one_commit(call: Call) -> Reply:
    """The commit of a sha, branch or tag."""
    repository = call.repository()
    found = repository.head(call.path["ref"])
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {call.path['ref']}")
    return Reply(200, whole_commit_view(found, repository, call.web))


@endpoint("GET", f"{AT}/compare/{{basehead:path}}", "repo")
def compare(call: Call) -> Reply:
    """What `base...head` differ in."""
    repository = call.repository()
    base_name, dots, head_name = call.path["basehead"].partition("...")
    base, head = repository.head(base_name), repository.head(head_name)
    common = merge_base(repository, base.sha, head.sha) if base and head else ""
    if not dots or base is None or head is None or not common:
        raise not_found()
    ours, theirs = history(repository, base.sha), history(repository, head.sha)
    ahead = [sha for sha in theirs if sha not in ours]
    behind = [sha for sha in ours if sha not in theirs]
    states = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    files = changed_files(repository, common, head.sha)
    view = {
        "url": f"{call.api}/repos/{repository.full_name}/compare/{base_name}...{head_name}",
        "html_url": f"{call.web}/{repository.full_name}/compare/{base_name}...{head_name}",
        "base_commit": whole_commit_view(base, repository, call.web),
        "merge_base_commit": whole_commit_view(repository.commits[common], repository, call.web),
        "status": states[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
    }

    def wrap(page: list[str]) -> dict[str, object]:
        commits = [whole_commit_view(repository.commits[sha], repository, call.web) for sha in page]
        return view | {"commits": commits, "files": files}

    return paged(call, ahead[::-1], wrap)


@endpoint("GET", f"{AT}/tags", "repo")
def list_tags(call: Call) -> Reply:
    """Tags, the last by name first."""
    repository = call.repository()
    names = sorted(ref.removeprefix("refs/tags/") for ref in repository.refs if ref.startswith("refs/tags/"))[::-1]
    api = f"{call.api}/repos/{repository.full_name}"

    def view(name: str) -> dict[str, object]:
        sha = call.commit(repository, f"refs/tags/{name}").sha
        return {"name": name, "commit": {"sha": sha, "url": f"{api}/commits/{sha}"}, "node_id": f"REF_{name}"}

    return paged(call, names, lambda page: [view(name) for name in page])


@endpoint("POST", f"{AT}/statuses/{{sha}}", "repo", "repo:status")
def create_status(call: Call) -> Reply:
    """Say how a commit did; the last of a context counts."""
    repository = call.repository("push", ("repo", "repo:status"))
    if call.path["sha"] not in repository.commits:
        raise Refusal(422, f"No commit found for SHA: {call.path['sha']}")
    state, description = call.text("state", "Status"), call.text("description", "Status", required=False)
    if state not in STATES:
        raise invalid("Status", "state", "invalid")
    if len(description) > DESCRIPTION:
        raise invalid("Status", "description", "custom", "description is too long (maximum is 140 characters)")
    number, moment = call.github.next_id(), stamp(call.now)
    view = {
        "url": f"{call.api}/repos/{repository.full_name}/statuses/{call.path['sha']}",
        "id": number,
        "node_id": f"SC_{number}",
        "state": state,
        "description": description or None,
        "target_url": call.text("target_url", "Status", required=False) or None,
        "context": call.text("context", "Status", required=False) or "default",
        "created_at": moment,
        "updated_at": moment,
        "creator": account_view(call.me(), call.web),
    }
    repository.statuses.setdefault(call.path["sha"], []).insert(0, view)
    payload = {"sha": call.path["sha"], "name": repository.full_name} | view
    webhooks.fire(call.world, call.web, repository, "status", call.me(), payload)
    return Reply(201, view)


@endpoint("GET", f"{AT}/commits/{{sha}}/statuses", "repo", "repo:status")
def list_statuses(call: Call) -> Reply:
    """Statuses of a commit, the newest first."""
    repository = call.repository()
    return paged(call, repository.statuses.get(call.commit(repository, call.path["sha"]).sha, []))
