"""What people and apps do in the emulated Linear."""

import uuid
from typing import Any

from integrations_app.sandbox.control_calls import WrongCall
from integrations_app.sandbox.linear import webhooks
from integrations_app.sandbox.linear.state import Comment, Issue, Label, Linear, Person, Team, linear_of
from integrations_app.sandbox.world import World

Json = dict[str, Any]
TITLE_LIMIT = 255


class WrongAct(WrongCall):
    """Something that Linear does not accept; says what."""


class NotFound(WrongCall):
    """Something that there is not: `(what,)`."""


def create_issue(world: World, given: Json, by: Person) -> Issue:
    """Make an issue of `IssueCreateInput`; raises WrongAct, NotFound."""
    workspace, now = linear_of(world), world.clock()
    team = _one(workspace.teams, given.get("teamId"), "Team")
    identifier = _new_id(given, workspace.issues)
    _require_known(given, {"id", "teamId", *_SETTERS})
    if not str(given.get("title") or "").strip():
        raise WrongAct("title should not be empty")
    issue = Issue(identifier, team.issues_made + 1, team, "", team.states[0], by, now, now)
    _change(workspace, issue, given)
    team.issues_made += 1
    workspace.issues[issue.id] = issue
    webhooks.tell_issue(world, "create", issue, by)
    return issue


def update_issue(world: World, issue: Issue, given: Json, by: Person) -> Issue:
    """Change an issue as `IssueUpdateInput` says; raises WrongAct, NotFound and then changes nothing."""
    workspace = linear_of(world)
    _require_known(given, {"teamId", *_SETTERS})
    if given.get("teamId") and given["teamId"] != issue.team.id:
        _move(issue, _one(workspace.teams, given["teamId"], "Team"))
    _change(workspace, issue, given)
    issue.updated_at = world.clock()
    webhooks.tell_issue(world, "update", issue, by)
    return issue


def comment(world: World, given: Json, by: Person) -> Comment:
    """Write a comment of `CommentCreateInput`; raises WrongAct, NotFound."""
    workspace = linear_of(world)
    _require_known(given, {"id", "issueId", "body"})
    issue = workspace.issue(str(given.get("issueId") or ""))
    if issue is None:
        raise NotFound("Issue")
    if not str(given.get("body") or "").strip():
        raise WrongAct("body should not be empty")
    made = Comment(_new_id(given, workspace.comments), issue, by, str(given["body"]), world.clock())
    workspace.comments[made.id] = made
    webhooks.tell_comment(world, "create", made, by)
    return made


def _move(issue: Issue, team: Team) -> None:
    team.issues_made += 1
    issue.team, issue.number, issue.state = team, team.issues_made, team.states[0]


def _change(workspace: Linear, issue: Issue, given: Json) -> None:
    found = {name: _SETTERS[name](workspace, issue, given[name]) for name in _SETTERS if name in given}
    for name, value in found.items():
        setattr(issue, _ATTRIBUTES[name], value)


def _title(_: Linear, __: Issue, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > TITLE_LIMIT:
        raise WrongAct("title must be shorter than or equal to 255 characters")
    return value


def _state(_: Linear, issue: Issue, value: Any) -> Any:
    return _one(issue.team.states, value, "WorkflowState")


def _assignee(workspace: Linear, _: Issue, value: Any) -> Any:
    return None if value is None else _one(workspace.people, value, "User")


def _labels(workspace: Linear, issue: Issue, value: Any) -> list[Label]:
    fitting = [one for one in workspace.labels if one.team in (None, issue.team)]
    return [_one(fitting, one, "IssueLabel") for one in (value if isinstance(value, list) else [])]


def _priority(_: Linear, __: Issue, value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= 4:  # noqa: PLR2004 - none, urgent … low
        raise WrongAct("priority must not be greater than 4")
    return value


def _text(_: Linear, __: Issue, value: Any) -> str:
    return str(value or "")


_SETTERS = {
    "title": _title,
    "description": _text,
    "stateId": _state,
    "assigneeId": _assignee,
    "labelIds": _labels,
    "priority": _priority,
    "dueDate": _text,
}
_ATTRIBUTES = {
    "title": "title",
    "description": "description",
    "stateId": "state",
    "assigneeId": "assignee",
    "labelIds": "labels",
    "priority": "priority",
    "dueDate": "due_date",
}


def _one(things: Any, identifier: Any, what: str) -> Any:
    found = next((one for one in things if one.id == identifier), None)
    if found is None:
        raise NotFound(what)
    return found


def _new_id(given: Json, taken: dict[str, Any]) -> str:
    """The id that was asked for, which must be a UUID v4 that nothing has."""
    if "id" not in given:
        return str(uuid.uuid4())
    try:
        asked = uuid.UUID(str(given["id"]))
    except ValueError:
        raise WrongAct("id must be a UUID") from None
    if asked.version != 4 or str(asked) in taken:  # noqa: PLR2004 - the version of the UUID
        raise WrongAct("Entity already exists" if str(asked) in taken else "id must be a UUID")
    return str(asked)


def _require_known(given: Json, names: set[str]) -> None:
    if unknown := sorted(set(given) - names):
        raise WrongAct(f'Field "{unknown[0]}" is not defined')
