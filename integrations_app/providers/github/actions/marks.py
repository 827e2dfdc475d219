"""What is put on issues and pull requests: labels, assignees, a lock."""

from typing import Annotated, Literal

from pydantic import Field

from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    SCOPES,
    Labels,
    OnIssue,
    People,
    few,
    place,
    segment,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.rest import Json, call, change_unless, present
from integrations_app.providers.github.results import Done, Issue, Kept, Label
from integrations_app.sdk.actions import Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices

MOST_ASSIGNEES = 10


class AddLabels(OnIssue):
    """Which labels to put on."""

    labels: Labels


class RemoveLabel(OnIssue):
    """Which label to take off."""

    label: Annotated[str, Choices(choices.list_labels, IN_REPOSITORY)] = Field(title="Label", min_length=1)


class Assignees(OnIssue):
    """Whom to assign, or not any more."""

    assignees: People


class LockIssue(OnIssue):
    """Which conversation to lock, and why."""

    lock_reason: Literal["", "off-topic", "too heated", "resolved", "spam"] = Field(default="", title="Reason")


class UnlockIssue(OnIssue):
    """Which conversation to unlock."""


class LabelList(Kept):
    """The labels that are on it now."""

    labels: list[Label]


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def add_labels(params: AddLabels, ctx: ActionContext[GitHubClient]) -> LabelList:
    """Add labels.

    Labels the repository does not know are made.
    """
    url, body = f"{place(params, ctx)}/issues/{params.number}/labels", {"labels": few(params.labels, "labels")}
    return await ctx.client.change(lambda github: LabelList.of({"labels": call(github, "POST", url, body)}))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def remove_label(params: RemoveLabel, ctx: ActionContext[GitHubClient]) -> Done:
    """Remove a label."""
    url = f"{place(params, ctx)}/issues/{params.number}/labels/{segment(params.label, 'label')}"
    return await change_unless(ctx.client, lambda error: "Label does not exist" in error.message, "DELETE", url)


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def add_assignees(params: Assignees, ctx: ActionContext[GitHubClient]) -> Issue:
    """Add assignees.

    GitHub passes over people who cannot be assigned; the result names those who are.
    """
    return await _assign("POST", params, ctx)


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def remove_assignees(params: Assignees, ctx: ActionContext[GitHubClient]) -> Issue:
    """Remove assignees."""
    return await _assign("DELETE", params, ctx)


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def lock_issue(params: LockIssue, ctx: ActionContext[GitHubClient]) -> Done:
    """Lock a conversation."""
    url = f"{place(params, ctx)}/issues/{params.number}/lock"
    body: Json = present(lock_reason=params.lock_reason)
    await ctx.client.change(lambda github: call(github, "PUT", url, body))
    return Done(changed=True)


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def unlock_issue(params: UnlockIssue, ctx: ActionContext[GitHubClient]) -> Done:
    """Unlock a conversation."""
    url = f"{place(params, ctx)}/issues/{params.number}/lock"
    await ctx.client.change(lambda github: call(github, "DELETE", url))
    return Done(changed=True)


async def _assign(verb: str, params: Assignees, ctx: ActionContext[GitHubClient]) -> Issue:
    url = f"{place(params, ctx)}/issues/{params.number}/assignees"
    body = {"assignees": few(params.assignees, "assignees", MOST_ASSIGNEES)}
    return await ctx.client.change(lambda github: Issue.of(call(github, verb, url, body)))
