"""The rows of the emulated Linear as its API and its webhooks show them."""

from typing import Any

from integrations_app.sandbox.linear.state import Comment, Hook, Issue, Label, Linear, Person, State, Team, stamp

Json = dict[str, Any]


def person_view(person: Person) -> Json:
    """A person."""
    return {"id": person.id, "name": person.name, "email": person.email, "active": person.active}


def state_view(state: State) -> Json:
    """A state of a workflow."""
    return {"id": state.id, "name": state.name, "type": state.type}


def team_view(team: Team) -> Json:
    """A team."""
    return {"id": team.id, "key": team.key, "name": team.name}


def label_view(label: Label) -> Json:
    """A label."""
    return {"id": label.id, "name": label.name, "team": team_view(label.team) if label.team else None}


def issue_url(issue: Issue, workspace: Linear) -> str:
    """Where people look at an issue."""
    return f"https://linear.app/{workspace.key}/issue/{issue.identifier}"


def issue_view(issue: Issue, workspace: Linear) -> Json:
    """An issue, as a query may select of it."""
    return {
        "id": issue.id,
        "identifier": issue.identifier,
        "number": issue.number,
        "title": issue.title,
        "description": issue.description or None,
        "priority": issue.priority,
        "dueDate": issue.due_date,
        "url": issue_url(issue, workspace),
        "createdAt": stamp(issue.created_at),
        "updatedAt": stamp(issue.updated_at),
        "state": state_view(issue.state),
        "team": team_view(issue.team),
        "creator": person_view(issue.creator),
        "assignee": person_view(issue.assignee) if issue.assignee else None,
        "labels": {"nodes": [label_view(one) for one in issue.labels]},
    }


def comment_view(comment: Comment, workspace: Linear) -> Json:
    """A comment."""
    return {
        "id": comment.id,
        "body": comment.body,
        "url": f"{issue_url(comment.issue, workspace)}#comment-{comment.id[:8]}",
        "createdAt": stamp(comment.created_at),
        "issue": issue_view(comment.issue, workspace),
        "user": person_view(comment.user),
    }


def hook_view(hook: Hook) -> Json:
    """A webhook; its secret is not told."""
    return {"id": hook.id, "url": hook.url, "enabled": hook.enabled, "resourceTypes": hook.kinds}
