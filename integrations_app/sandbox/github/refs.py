"""Git refs in the emulated REST API."""

from integrations_app.sandbox.github import moves
from integrations_app.sandbox.github.calls import REPO, Call, Json, Refusal, Reply, endpoint, not_found
from integrations_app.sandbox.github.git import is_ancestor
from integrations_app.sandbox.github.state import Repository

AT = "/repos/{owner}/{repo}"


@endpoint("GET", f"{AT}/git/ref/{{ref:path}}", "repo")
def git_ref(call: Call) -> Reply:
    """One ref, named like `heads/main`."""
    repository = call.repository()
    name = f"refs/{call.path['ref']}"
    if name not in repository.refs:
        raise not_found()
    return Reply(200, _ref(call, repository, name))


def _ref(call: Call, repository: Repository, name: str) -> Json:
    api, sha = f"{call.api}/repos/{repository.full_name}", repository.refs[name]
    kind = "tag" if sha in repository.tags else "commit"
    target = {"type": kind, "sha": sha, "url": f"{api}/git/{kind}s/{sha}"}
    return {"ref": name, "node_id": f"REF_{name}", "url": f"{api}/git/{name}", "object": target}


@endpoint("POST", f"{AT}/git/refs", *REPO)
def create_ref(call: Call) -> Reply:
    """Make a branch or tag at a commit."""
    repository = call.repository("push", REPO)
    name, sha = call.text("ref", "Reference"), call.text("sha", "Reference")
    if not name.startswith("refs/") or len(name.split("/", 2)) != len(("refs", "kind", "name")):
        raise Refusal(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if name in repository.refs:
        raise Refusal(422, "Reference already exists")
    if sha not in repository.commits and sha not in repository.tags:
        raise Refusal(422, "Object does not exist")
    moves.move(call.world, call.web, repository, name, sha, call.me())
    return Reply(201, _ref(call, repository, name))


@endpoint("DELETE", f"{AT}/git/refs/{{ref:path}}", *REPO)
def delete_ref(call: Call) -> Reply:
    """Remove a branch or tag."""
    repository = call.repository("push", REPO)
    name = f"refs/{call.path['ref']}"
    if name not in repository.refs:
        raise Refusal(422, "Reference does not exist")
    if name == f"refs/heads/{repository.default_branch}":
        raise Refusal(422, "Cannot delete the default branch")
    moves.remove(call.world, call.web, repository, name, call.me())
    return Reply(204)


@endpoint("PATCH", f"{AT}/git/refs/{{ref:path}}", *REPO)
def update_ref(call: Call) -> Reply:
    """Move a branch or tag: forward only, unless `force` is true."""
    repository = call.repository("push", REPO)
    name, sha = f"refs/{call.path['ref']}", call.text("sha", "Reference")
    if name not in repository.refs:
        raise Refusal(422, "Reference does not exist")
    if sha not in repository.commits:
        raise Refusal(422, "Object does not exist")
    before = repository.refs[name]
    if call.body.get("force") is not True and not is_ancestor(repository, before, sha):
        raise Refusal(422, "Update is not a fast forward")
    moves.move(call.world, call.web, repository, name, sha, call.me())
    return Reply(200, _ref(call, repository, name))
