"""Reviews of pull requests and comments at their lines in the emulated REST API."""

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.pulls import AT, pull_of
from integrations_app.sandbox.github.state import Account, Comment, Issue, Pull, Repository, Review, github_of, stamp
from integrations_app.sandbox.github.views import comment_view, review_view
from integrations_app.sandbox.world import World

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED", "": "PENDING"}


@endpoint("GET", AT + "/{number:int}/reviews", "repo")
def list_reviews(call: Call) -> Reply:
    """Reviews, oldest first."""
    repository = call.repository()
    issue, pull = pull_of(call, repository)
    return paged(call, pull.reviews, lambda page: [review_view(one, issue, repository, call.web) for one in page])


@endpoint("POST", AT + "/{number:int}/reviews", *REPO)
def create_review(call: Call) -> Reply:
    """Review: nobody approves what is their own, and only an approval may be without words."""
    repository = call.repository("pull", REPO)
    issue, pull = pull_of(call, repository)
    event, body = call.body.get("event", ""), call.text("body", "PullRequestReview", required=False)
    if event not in STATES:
        raise Refusal(422, "Invalid request.\n\nevent is not included in the list.")
    if event in ("APPROVE", "REQUEST_CHANGES") and call.me() is issue.user:
        said = "approve" if event == "APPROVE" else "request changes on"
        raise Refusal(422, "Unprocessable Entity", [f"Review Can not {said} your own pull request"])
    if event in ("REQUEST_CHANGES", "COMMENT") and not body.strip():
        raise Refusal(422, "Unprocessable Entity", ["Review body can't be blank"])
    if call.body.get("commit_id") not in (None, pull.head_sha):
        raise Refusal(422, "Unprocessable Entity", ["The provided commit_id is not part of the pull request"])
    made = add_review(call.world, call.web, repository, issue, call.me(), body, STATES[event])
    return Reply(200, review_view(made, issue, repository, call.web))


def add_review(
    world: World, web: str, repository: Repository, issue: Issue, author: Account, body: str, state: str
) -> Review:
    """Review a pull request and fire the hooks; a pending review is seen by nobody."""
    if issue.pull is None:
        raise ValueError("not a pull request")
    made = Review(github_of(world).next_id(), author, body, state, issue.pull.head_sha, world.clock())
    issue.pull.reviews.append(made)
    issue.pull.reviewers = [one for one in issue.pull.reviewers if one is not author]
    if state != "PENDING":
        webhooks.fire_review(world, web, repository, issue, made)
    return made


@endpoint("POST", AT + "/{number:int}/comments/{comment_id:int}/replies", *REPO)
def reply(call: Call) -> Reply:
    """Answer a comment at a line; only the first of a thread can be answered."""
    repository = call.repository("pull", REPO)
    issue, pull = pull_of(call, repository)
    parent = next((one for one in pull.review_comments if one.id == call.path["comment_id"]), None)
    if parent is None:
        raise not_found()
    if "in_reply_to_id" in parent.review:
        raise Refusal(422, "Validation Failed", ["in_reply_to must be a top-level review comment"])
    body = call.text("body", "PullRequestReviewComment")
    made = Comment(call.github.next_id(), call.me(), body, call.now, call.now)
    made.review = parent.review | {"in_reply_to_id": parent.id}
    pull.review_comments.append(made)
    webhooks.fire_comment(call.world, call.web, repository, issue, made)
    return Reply(201, comment_view(made, issue, repository, call.web))


@endpoint("GET", AT + "/{number:int}/comments", "repo")
def list_review_comments(call: Call) -> Reply:
    """Comments at lines, oldest first."""
    repository = call.repository()
    issue, pull = pull_of(call, repository)
    since = call.query.get("since", "")
    found = [one for one in pull.review_comments if stamp(one.updated_at) >= since]
    return paged(call, found, lambda page: [comment_view(c, issue, repository, call.web) for c in page])


@endpoint("POST", AT + "/{number:int}/comments", *REPO)
def create_review_comment(call: Call) -> Reply:
    """Comment at a line of the diff; 422 when the line is not part of it."""
    repository = call.repository("pull", REPO)
    issue, pull = pull_of(call, repository)
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
    sha = repository.commits[pull.head_sha].files.get(path)
    text = repository.blobs[sha] if sha else b""
    if not isinstance(line, int) or not 1 <= line <= len(text.splitlines()):
        entry = "pull_request_review_thread.line must be part of the diff"
        raise Refusal(422, "Validation Failed", [entry])
