"""Pull requests in the emulated REST API: opened, changed, merged."""

from integrations_app.sandbox.github import moves, webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.git import changed_files, is_ancestor, is_mergeable, store
from integrations_app.sandbox.github.issues import open_issue
from integrations_app.sandbox.github.state import Account, Commit, Issue, Pull, Repository
from integrations_app.sandbox.github.views import account_view, pull_view
from integrations_app.sandbox.world import World

AT = "/repos/{owner}/{repo}/pulls"
METHODS = ("merge", "squash", "rebase")


def pull_of(call: Call, repository: Repository) -> tuple[Issue, Pull]:
    """The pull request of the path; 404 for an issue."""
    issue = call.issue(repository)
    if issue.pull is None:
        raise not_found()
    return issue, issue.pull


def _branch_name(repository: Repository, given: str) -> str:
    """A head as `branch` or `owner:branch`; other owners' branches are unknown here."""
    owner, colon, name = given.partition(":")
    return given if not colon else name if owner.lower() == repository.owner.login.lower() else ""


@endpoint("GET", AT, "repo")
def list_pulls(call: Call) -> Reply:
    """Pull requests, newest first; filters state, head (`owner:branch`) and base."""
    repository = call.repository()
    state, query = call.query.get("state", "open"), call.query
    found = [i for i in repository.issues.values() if i.pull and state in ("all", i.state)]
    if ":" in query.get("head", ""):
        found = [i for i in found if i.pull and i.pull.head == _branch_name(repository, query["head"])]
    if "base" in query:
        found = [i for i in found if i.pull and i.pull.base == query["base"]]
    found.sort(key=lambda issue: issue.number, reverse=query.get("direction", "desc") == "desc")
    return paged(call, found, lambda page: [pull_view(issue, repository, call.web) for issue in page])


@endpoint("POST", AT, *REPO)
def create_pull(call: Call) -> Reply:
    """Open a pull request between two branches of the repository."""
    repository = call.repository("pull", REPO)
    what = "PullRequest"
    title, head, base = (call.text(name, what) for name in ("title", "head", "base"))
    body = call.text("body", what, required=False)
    branch = _branch_name(repository, head)
    for name, field in ((branch, "head"), (base, "base")):
        if f"refs/heads/{name}" not in repository.refs:
            raise invalid(what, field, "invalid")
    head_sha, base_sha = repository.refs[f"refs/heads/{branch}"], repository.refs[f"refs/heads/{base}"]
    for other in repository.issues.values():
        if other.pull and other.state == "open" and (other.pull.head, other.pull.base) == (branch, base):
            said = f"A pull request already exists for {repository.owner.login}:{branch}."
            raise Refusal(422, "Validation Failed", [{"resource": what, "code": "custom", "message": said}])
    if is_ancestor(repository, head_sha, base_sha):
        said = f"No commits between {base} and {branch}"
        raise Refusal(422, "Validation Failed", [{"resource": what, "code": "custom", "message": said}])
    issue = open_issue(call.world, repository, call.me(), title, body or None)
    issue.pull = Pull(branch, base, head_sha, base_sha, [], draft=call.body.get("draft") is True)
    moves.refresh(repository, issue)
    webhooks.fire_issue(call.world, call.web, repository, issue, "opened", call.me())
    return Reply(201, pull_view(issue, repository, call.web))


@endpoint("GET", AT + "/{number:int}", "repo")
def get_pull(call: Call) -> Reply:
    """One pull request."""
    repository = call.repository()
    issue, _ = pull_of(call, repository)
    return Reply(200, pull_view(issue, repository, call.web))


@endpoint("PATCH", AT + "/{number:int}", *REPO)
def update_pull(call: Call) -> Reply:
    """Change title, body, state or base."""
    repository = call.repository("pull", REPO)
    issue, pull = pull_of(call, repository)
    if not repository.may(call.me().login, "push") and issue.user is not call.me():
        raise Refusal(403, "Must have admin rights to Repository.")
    state, base = call.body.get("state", issue.state), call.body.get("base", pull.base)
    if state not in ("open", "closed") or (state == "open" and pull.merged):
        raise invalid("PullRequest", "state", "invalid")
    if f"refs/heads/{base}" not in repository.refs:
        raise invalid("PullRequest", "base", "invalid")
    if "title" in call.body:
        issue.title = call.text("title", "PullRequest")
    if "body" in call.body:
        issue.body = call.text("body", "PullRequest", required=False) or None
    pull.base = base
    moves.refresh(repository, issue)
    action = "edited" if state == issue.state else "closed" if state == "closed" else "reopened"
    issue.state, issue.updated_at = state, call.now
    issue.closed_at = call.now if state == "closed" else 0.0
    webhooks.fire_issue(call.world, call.web, repository, issue, action, call.me())
    return Reply(200, pull_view(issue, repository, call.web))


@endpoint("GET", AT + "/{number:int}/files", "repo")
def list_files(call: Call) -> Reply:
    """Files a pull request changes."""
    repository = call.repository()
    _, pull = pull_of(call, repository)
    return paged(call, changed_files(repository, pull.base_sha, pull.head_sha))


@endpoint("GET", AT + "/{number:int}/merge", "repo")
def is_merged(call: Call) -> Reply:
    """204 when it is merged, else 404."""
    _, pull = pull_of(call, call.repository())
    if not pull.merged:
        raise not_found()
    return Reply(204)


@endpoint("PUT", AT + "/{number:int}/merge", *REPO)
def merge_pull(call: Call) -> Reply:
    """Merge: 405 when it cannot be, 409 when the head is not the one that was expected."""
    repository = call.repository("push", REPO)
    issue, pull = pull_of(call, repository)
    method = call.body.get("merge_method", "merge")
    if method not in METHODS:
        raise Refusal(422, "Invalid request.\n\nmerge_method is not included in the list.")
    if call.body.get("sha") not in (None, pull.head_sha):
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")
    if issue.state != "open" or not is_mergeable(repository, issue):
        raise Refusal(405, "Pull Request is not mergeable")
    title = call.body.get("commit_title") or f"Merge pull request #{issue.number} from {pull.head}"
    words = "\n\n".join(part for part in (str(title), str(call.body.get("commit_message") or "")) if part)
    sha = merge(call.world, call.web, repository, issue, call.me(), words, method)
    return Reply(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def merge(
    world: World, web: str, repository: Repository, issue: Issue, sender: Account, message: str, method: str
) -> str:
    """Bring the head's changes into the base, and fire the hooks; the new commit's sha."""
    pull = issue.pull
    if pull is None:
        raise ValueError("not a pull request")
    tip = repository.refs[f"refs/heads/{pull.base}"]
    old, new = repository.commits[pull.base_sha].files, repository.commits[pull.head_sha].files
    files = {path: sha for path, sha in repository.commits[tip].files.items() if path in new or path not in old}
    files |= {path: sha for path, sha in new.items() if old.get(path) != sha}
    parents = [tip, pull.head_sha] if method == "merge" else [tip]
    made = store(repository, Commit("", message, sender, world.clock(), parents, files))
    pull.merged, pull.merge_sha, pull.merged_at, pull.merged_by = True, made.sha, world.clock(), sender
    issue.state, issue.closed_at, issue.updated_at = "closed", world.clock(), world.clock()
    moves.move(world, web, repository, f"refs/heads/{pull.base}", made.sha, sender)
    webhooks.fire_issue(world, web, repository, issue, "closed", sender)
    return made.sha


@endpoint("POST", AT + "/{number:int}/requested_reviewers", *REPO)
def request_reviewers(call: Call) -> Reply:
    """Ask people to review; 422 for one who is no collaborator, or who wrote it."""
    repository = call.repository("push", REPO)
    issue, pull = pull_of(call, repository)
    for login in call.body.get("reviewers") or []:
        person = call.github.account(str(login))
        if person is None or person.login not in repository.access:
            raise Refusal(422, "Reviews may only be requested from collaborators. One or more of the users is not one.")
        if person is issue.user:
            raise Refusal(422, "Review cannot be requested from pull request author.")
        if person not in pull.reviewers:
            pull.reviewers.append(person)
            view = account_view(person, call.web)
            args = (call.world, call.web, repository, issue, "review_requested", call.me())
            webhooks.fire_issue(*args, requested_reviewer=view)
    return Reply(201, pull_view(issue, repository, call.web))
