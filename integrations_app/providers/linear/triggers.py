"""What can start a workflow at Linear: issues and comments, told by webhook."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from integrations_app.providers.linear.choices import list_labels, list_states, list_teams
from integrations_app.providers.linear.hooks import HOOKS
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Choices
from integrations_app.sdk.triggers import Inbound, Trigger

_EXAMPLES = Path(__file__).parent / "examples"


class InTeam(Params):
    """Which team to listen to."""

    team: Annotated[str, Choices(list_teams)] = Field(
        default="", title="Team", description="Every public team when empty."
    )


class OnIssue(InTeam):
    """Which changes of issues count."""

    actions: list[str] = Field(default=["create"], title="Actions", description="create, update, remove; none: all.")
    states: Annotated[list[str], Choices(list_states, ("team",))] = Field(
        default=[], title="In states", description="Only issues that are, after the change, in one of these."
    )
    labels: Annotated[list[str], Choices(list_labels, ("team",))] = Field(
        default=[], title="With labels", description="Only issues that have one of these."
    )


class OnComment(InTeam):
    """Which comments count."""

    actions: list[str] = Field(default=["create"], title="Actions", description="create, update, remove; none: all.")


def _data(inbound: Inbound) -> dict[str, Any]:
    data = inbound.payload.get("data")
    return data if isinstance(data, dict) else {}


def _acted(inbound: Inbound, actions: list[str]) -> bool:
    action = inbound.payload.get("action")
    return isinstance(action, str) and (not actions or action in actions)


def on_issue(inbound: Inbound, config: OnIssue) -> bool:
    """Whether the change of an issue counts."""
    data = _data(inbound)
    team, state, labels = data.get("teamId"), data.get("stateId"), data.get("labelIds") or []
    return (
        _acted(inbound, config.actions)
        and (not config.team or team == config.team)
        and (not config.states or state in config.states)
        and (not config.labels or bool(set(config.labels) & set(labels)))
    )


def on_comment(inbound: Inbound, config: OnComment) -> bool:
    """Whether a comment counts; the team is its issue's."""
    issue = _data(inbound).get("issue")
    team = issue.get("teamId") if isinstance(issue, dict) else None
    return _acted(inbound, config.actions) and (not config.team or team == config.team)


def _example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


TRIGGERS = (
    Trigger(
        key="issue",
        title="Issue changes",
        description="An issue was created, changed or removed.",
        config=OnIssue,
        kinds=("Issue",),
        matches=on_issue,
        example=_example("issue"),
        scopes=("admin",),
        hooks=HOOKS,
    ),
    Trigger(
        key="comment",
        title="Comments",
        description="Somebody commented on an issue, or changed a comment.",
        config=OnComment,
        kinds=("Comment",),
        matches=on_comment,
        example=_example("comment"),
        scopes=("admin",),
        hooks=HOOKS,
    ),
)
