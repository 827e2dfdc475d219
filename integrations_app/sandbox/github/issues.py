"""Issues and their comments in the emulated REST API."""

from datetime import datetime

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.issue_marks import assignees_of, labels_of, milestone_of
from integrations_app.sandbox.github.state import Account, Comment, Issue, Repository, github_of
from integrations_app.sandbox.github.views import comment_view, issue_view
from integrations_app.sandbox.world import World

AT = "/repos/{owner}/{repo}/issues"
TITLE_LIMIT = 256
BODY_LIMIT = 65536


def open_issue(world: World, repository: Repository, author: Account, title: str, body: str | None) -> Issue:
    """Make an issue; the caller fires the hooks when labels and assignees are set."""
    number = max(repository.issues, default=0) + 1
    now = world.clock()
    issue = Issue(github_of(world).next_id(), number, title, body, author, now, now)
    repository.issues[number] = issue
    return issue


def add_comment(world: World, web: str, repository: Repository, issue: Issue, author: Account, body: str) -> Comment:
    """Comment on an issue and fire the hooks."""
    now = world.clock()
    comment = Comment(github_of(world).next_id(), author, body, now, now)
    issue.comments.append(comment)
    issue.updated_at = now
    webhooks.fire_comment(world, web, repository, issue, comment)
    return comment


def _title(call: Call) -> str:
    title = call.text("title", "Issue")
    if len(title) > TITLE_LIMIT:
        raise invalid("Issue", "title", "custom", "title is too long (maximum is 256 characters)")
    return title


def _text(call: Call, resource: str, required: bool) -> str:
    body = call.text("body", resource, required)
    if len(body) > BODY_LIMIT:
        raise invalid(resource, "body", "custom", "body is too long (maximum is 65536 characters)")
    return body


@endpoint("POST", AT, *REPO)
def create_issue(call: Call) -> Reply:
    """Open an issue; without push access labels and assignees are dropped silently."""
    repository = call.repository("pull", REPO)
    me, title, body = call.me(), _title(call), _text(call, "Issue", False)
    is_insider = repository.may(me.login, "push")
    labels = labels_of(call, repository, call.body.get("labels") or []) if is_insider else []
    assignees = assignees_of(call.github, repository, call.body.get("assignees") or []) if is_insider else []
    milestone = milestone_of(repository, call.body.get("milestone")) if is_insider else None
    issue = open_issue(call.world, repository, me, title, body or None)
    issue.labels, issue.assignees, issue.milestone = labels, assignees, milestone
    webhooks.fire_issue(call.world, call.web, repository, issue, "opened", me)
    view = issue_view(issue, repository, call.web)
    return Reply(201, view, {"Location": view["url"]})


def _since(call: Call) -> float:
    given = call.query.get("since")
    if not given:
        return 0.0
    try:
        return datetime.fromisoformat(given).timestamp()
    except ValueError as error:
        raise invalid("Issue", "since", "invalid") from error


@endpoint("GET", AT, "repo")
def list_issues(call: Call) -> Reply:
    """Issues and pull requests, newest first; filters state, since, labels, creator, assignee, sort, direction."""
    repository = call.repository()
    state, since, query = call.query.get("state", "open"), _since(call), call.query
    if state not in ("open", "closed", "all"):
        raise invalid("Issue", "state", "invalid")
    found = [i for i in repository.issues.values() if state in ("all", i.state) and i.updated_at >= since]
    if wanted := [name for name in query.get("labels", "").split(",") if name]:
        found = [i for i in found if set(wanted) <= {label.name for label in i.labels}]
    if "creator" in query:
        found = [i for i in found if i.user.login == query["creator"]]
    if (assignee := query.get("assignee", "*")) != "*":
        found = [
            i for i in found if (assignee in [a.login for a in i.assignees]) or (assignee == "none" and not i.assignees)
        ]
    by_update = query.get("sort") == "updated"
    found.sort(key=lambda i: (i.updated_at if by_update else i.created_at, i.number))
    if query.get("direction", "desc") == "desc":
        found.reverse()
    return paged(call, found, lambda page: [issue_view(issue, repository, call.web) for issue in page])


@endpoint("GET", AT + "/{number:int}", "repo")
def get_issue(call: Call) -> Reply:
    """One issue."""
    repository = call.repository()
    return Reply(200, issue_view(call.issue(repository), repository, call.web))


@endpoint("PATCH", AT + "/{number:int}", *REPO)
def update_issue(call: Call) -> Reply:
    """Change title, body, state, labels or assignees; the author or people with push access."""
    repository = call.repository("pull", REPO)
    issue, me, body = call.issue(repository), call.me(), call.body
    if not repository.may(me.login, "push") and issue.user is not me:
        raise Refusal(403, "Must have admin rights to Repository.")
    state = body.get("state", issue.state)
    if state not in ("open", "closed"):
        raise invalid("Issue", "state", "invalid")
    if "title" in body:
        issue.title = _title(call)
    if "body" in body:
        issue.body = _text(call, "Issue", False) or None
    if "labels" in body:
        issue.labels = labels_of(call, repository, body["labels"])
    if "assignees" in body:
        issue.assignees = assignees_of(call.github, repository, body["assignees"])
    if "milestone" in body:
        issue.milestone = milestone_of(repository, body["milestone"])
    _change_state(call, repository, issue, state)
    return Reply(200, issue_view(issue, repository, call.web))


def _change_state(call: Call, repository: Repository, issue: Issue, state: str) -> None:
    issue.updated_at = call.now
    action = "edited"
    if state != issue.state:
        action = "closed" if state == "closed" else "reopened"
        issue.closed_at = call.now if state == "closed" else 0.0
        issue.state_reason = call.body.get("state_reason") or ("completed" if state == "closed" else "reopened")
        issue.state = state
    webhooks.fire_issue(call.world, call.web, repository, issue, action, call.me())


@endpoint("GET", AT + "/{number:int}/comments", "repo")
def list_comments(call: Call) -> Reply:
    """Comments of an issue or pull request, oldest first."""
    repository = call.repository()
    issue, since = call.issue(repository), _since(call)
    found = [comment for comment in issue.comments if comment.updated_at >= since]
    return paged(call, found, lambda page: [comment_view(one, issue, repository, call.web) for one in page])


@endpoint("POST", AT + "/{number:int}/comments", *REPO)
def create_comment(call: Call) -> Reply:
    """Comment on an issue or pull request."""
    repository = call.repository("pull", REPO)
    issue = call.issue(repository)
    if issue.locked and not repository.may(call.me().login, "push"):
        raise Refusal(403, "Unable to create comment because issue is locked.")
    body = _text(call, "IssueComment", True)
    comment = add_comment(call.world, call.web, repository, issue, call.me(), body)
    view = comment_view(comment, issue, repository, call.web)
    return Reply(201, view, {"Location": view["url"]})


@endpoint("GET", AT + "/comments/{comment_id:int}", "repo")
def get_comment(call: Call) -> Reply:
    """One comment."""
    repository = call.repository()
    for issue in repository.issues.values():
        for comment in issue.comments:
            if comment.id == call.path["comment_id"]:
                return Reply(200, comment_view(comment, issue, repository, call.web))
    raise not_found()
