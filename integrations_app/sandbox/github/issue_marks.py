"""Labels, assignees, locks and milestones of issues in the emulated REST API."""

from typing import Any

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Refusal, Reply, endpoint, invalid, paged
from integrations_app.sandbox.github.state import Account, GitHub, Label, Milestone, Repository
from integrations_app.sandbox.github.views import account_view, issue_view, label_view, milestone_view

AT = "/repos/{owner}/{repo}/issues"
ASSIGNEES = 10
REASONS = ("off-topic", "too heated", "resolved", "spam")


def labels_of(call: Call, repository: Repository, given: Any) -> list[Label]:
    """Labels by name or object; unknown names are made, as the vendor does."""
    if not isinstance(given, list):
        raise invalid("Issue", "labels", "invalid")
    found = []
    for one in given:
        name = one.get("name") if isinstance(one, dict) else one
        if not isinstance(name, str) or not name.strip():
            raise invalid("Label", "name", "missing_field")
        known = {label.name.lower(): label for label in repository.labels.values()}
        label = known.get(name.lower())
        if label is None:
            label = repository.labels[name] = Label(call.github.next_id(), name, "ededed")
        found.append(label)
    return list({label.id: label for label in found}.values())


def assignees_of(github: GitHub, repository: Repository, given: Any) -> list[Account]:
    """People by login; 422 for one who cannot be assigned."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise invalid("Issue", "assignees", "invalid")
    for login in given:
        if login not in repository.access:
            raise invalid("Issue", "assignees", "invalid", f"{login} cannot be assigned to this issue")
    return [github.accounts[login] for login in dict.fromkeys(given)][:ASSIGNEES]


def milestone_of(repository: Repository, number: Any) -> Milestone | None:
    """A milestone by its number, None for null; 422 for an unknown one."""
    if number is None:
        return None
    found = next((one for one in repository.milestones if one.number == number), None)
    if found is None:
        raise invalid("Issue", "milestone", "invalid")
    return found


@endpoint("POST", AT + "/{number:int}/labels", *REPO)
def add_labels(call: Call) -> Reply:
    """Put labels on an issue."""
    repository = call.repository("push", REPO)
    issue = call.issue(repository)
    for label in labels_of(call, repository, call.body.get("labels", call.body.get(""))):
        if label not in issue.labels:
            issue.labels.append(label)
            view = label_view(label, repository, call.web)
            webhooks.fire_issue(call.world, call.web, repository, issue, "labeled", call.me(), label=view)
    issue.updated_at = call.now
    return Reply(200, [label_view(label, repository, call.web) for label in issue.labels])


@endpoint("DELETE", AT + "/{number:int}/labels/{label:path}", *REPO)
def remove_label(call: Call) -> Reply:
    """Take a label off; 404 when the issue does not have it."""
    repository = call.repository("push", REPO)
    issue = call.issue(repository)
    label = next((one for one in issue.labels if one.name.lower() == call.path["label"].lower()), None)
    if label is None:
        raise Refusal(404, "Label does not exist")
    issue.labels.remove(label)
    issue.updated_at = call.now
    view = label_view(label, repository, call.web)
    webhooks.fire_issue(call.world, call.web, repository, issue, "unlabeled", call.me(), label=view)
    return Reply(200, [label_view(one, repository, call.web) for one in issue.labels])


@endpoint("POST", AT + "/{number:int}/assignees", *REPO)
def add_assignees(call: Call) -> Reply:
    """Assign people; those who cannot be assigned are passed over silently, as the vendor does."""
    repository = call.repository("push", REPO)
    issue = call.issue(repository)
    given = call.body.get("assignees")
    able = [login for login in given if login in repository.access] if isinstance(given, list) else given
    for person in assignees_of(call.github, repository, able):
        if person not in issue.assignees and len(issue.assignees) < ASSIGNEES:
            issue.assignees.append(person)
            view = account_view(person, call.web)
            webhooks.fire_issue(call.world, call.web, repository, issue, "assigned", call.me(), assignee=view)
    issue.updated_at = call.now
    return Reply(201, issue_view(issue, repository, call.web))


@endpoint("DELETE", AT + "/{number:int}/assignees", *REPO)
def remove_assignees(call: Call) -> Reply:
    """Assign people no more."""
    repository = call.repository("push", REPO)
    issue, given = call.issue(repository), call.body.get("assignees") or []
    for person in [one for one in issue.assignees if one.login in given]:
        issue.assignees.remove(person)
        view = account_view(person, call.web)
        webhooks.fire_issue(call.world, call.web, repository, issue, "unassigned", call.me(), assignee=view)
    issue.updated_at = call.now
    return Reply(200, issue_view(issue, repository, call.web))


@endpoint("PUT", AT + "/{number:int}/lock", *REPO)
def lock(call: Call) -> Reply:
    """Let only collaborators comment."""
    repository = call.repository("push", REPO)
    issue, reason = call.issue(repository), call.body.get("lock_reason")
    if reason is not None and reason not in REASONS:
        raise invalid("Issue", "lock_reason", "invalid")
    if not issue.locked:
        issue.locked, issue.lock_reason = True, reason
        webhooks.fire_issue(call.world, call.web, repository, issue, "locked", call.me())
    return Reply(204)


@endpoint("DELETE", AT + "/{number:int}/lock", *REPO)
def unlock(call: Call) -> Reply:
    """Let everyone comment again."""
    repository = call.repository("push", REPO)
    issue = call.issue(repository)
    if issue.locked:
        issue.locked, issue.lock_reason = False, None
        webhooks.fire_issue(call.world, call.web, repository, issue, "unlocked", call.me())
    return Reply(204)


@endpoint("GET", "/repos/{owner}/{repo}/milestones", "repo")
def milestones(call: Call) -> Reply:
    """Open milestones."""
    repository = call.repository()
    return paged(call, repository.milestones, lambda page: [milestone_view(one, repository, call.web) for one in page])
