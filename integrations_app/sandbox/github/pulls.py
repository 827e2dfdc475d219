"""Pull requests and review comments in the emulated REST API."""

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.state import Comment, Issue, Pull, Repository
from integrations_app.sandbox.github.views import comment_view, pull_view

AT = "/repos/{owner}/{repo}/pulls"


def _pull(call: Call, repository: Repository) -> tuple[Issue, Pull]:
    issue = call.issue(repository)
    if issue.pull is None:
        raise not_found()
    return issue, issue.pull


@endpoint("GET", AT, "repo")
def list_pulls(call: Call) -> Reply:
    """Pull requests, newest first."""
    repository = call.repository()
    state = call.query.get("state", "open")
    found = [i for i in repository.issues.values() if i.pull and state in ("all", i.state)]
    found.sort(key=lambda issue: issue.number, reverse=True)
    return paged(call, found, lambda page: [pull_view(issue, repository, call.web) for issue in page])


@endpoint("GET", AT + "/{number:int}", "repo")
def get_pull(call: Call) -> Reply:
    """One pull request."""
    repository = call.repository()
    issue, _ = _pull(call, repository)
    return Reply(200, pull_view(issue, repository, call.web))


@endpoint("GET", AT + "/{number:int}/files", "repo")
def list_files(call: Call) -> Reply:
    """Files a pull request changes."""
    repository = call.repository()
    _, pull = _pull(call, repository)
    head = repository.commits[pull.head_sha].files
    views = [{"filename": path, "status": "modified", "sha": head.get(path), "changes": 2} for path in pull.files]
    return paged(call, views)


@endpoint("GET", AT + "/{number:int}/comments", "repo")
def list_review_comments(call: Call) -> Reply:
    """Comments at lines, oldest first."""
    repository = call.repository()
    issue, pull = _pull(call, repository)
    return paged(call, pull.review_comments, lambda page: [comment_view(c, issue, repository, call.web) for c in page])


@endpoint("POST", AT + "/{number:int}/comments", *REPO)
def create_review_comment(call: Call) -> Reply:
    """Comment at a line of the diff; 422 when the line is not part of it."""
    repository = call.repository("pull", REPO)
    issue, pull = _pull(call, repository)
    what = "PullRequestReviewComment"
    body, path, commit_id = (call.text("body", what), call.text("path", what), call.text("commit_id", what))
    line, side = call.body.get("line"), call.body.get("side", "RIGHT")
    if commit_id != pull.head_sha:
        raise invalid(what, "commit_id", "invalid", "commit_id is not part of the pull request")
    if path not in pull.files:
        raise invalid(what, "path", "invalid", "pull_request_review_thread.path diff too large or not part of the diff")
    if call.body.get("subject_type") != "file":
        _check_line(repository, pull, path, line)
    if side not in ("LEFT", "RIGHT"):
        raise invalid(what, "side", "invalid")
    comment = Comment(call.github.next_id(), call.me(), body, call.now, call.now)
    comment.review = {"path": path, "commit_id": commit_id, "line": line, "side": side, "diff_hunk": "@@ -1 +1 @@"}
    pull.review_comments.append(comment)
    webhooks.fire_comment(call.world, call.web, repository, issue, comment)
    return Reply(201, comment_view(comment, issue, repository, call.web))


def _check_line(repository: Repository, pull: Pull, path: str, line: object) -> None:
    text = repository.blobs[repository.commits[pull.head_sha].files[path]]
    if not isinstance(line, int) or not 1 <= line <= len(text.splitlines()):
        entry = "pull_request_review_thread.line must be part of the diff"
        raise Refusal(422, "Validation Failed", [entry])
