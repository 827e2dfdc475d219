"""Issues: opened, changed, closed, commented on."""

from typing import Annotated, Literal

from pydantic import Field

from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    SCOPES,
    TITLE_LIMIT,
    InRepository,
    Labels,
    OnIssue,
    People,
    bounded,
    place,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.find import find_comment, find_issue, marked
from integrations_app.providers.github.rest import Json, call, present
from integrations_app.providers.github.results import Comment, Issue
from integrations_app.sdk.actions import Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Multiline

_Milestone = Annotated[int | None, Choices(choices.list_milestones, IN_REPOSITORY)]


class CreateIssue(InRepository):
    """What to write into a new issue."""

    title: str = Field(title="Title", min_length=1)
    body: Annotated[str, Multiline(8)] = Field(default="", title="Body", description="Markdown.")
    labels: Labels = Field(default=[])
    assignees: People = Field(default=[])
    milestone: _Milestone = Field(default=None, title="Milestone", ge=1)


class CommentIssue(OnIssue):
    """What to say on an issue or a pull request."""

    body: Annotated[str, Multiline(8)] = Field(title="Comment", min_length=1, description="Markdown.")


class UpdateIssue(OnIssue):
    """What to change; what is left empty stays."""

    title: str = Field(default="", title="Title")
    body: Annotated[str, Multiline(8)] = Field(default="", title="Body", description="Markdown; replaces the old one.")
    labels: Annotated[list[str] | None, Choices(choices.list_labels, IN_REPOSITORY)] = Field(
        default=None, title="Labels", description="Replaces the labels; when left out they stay."
    )
    assignees: Annotated[list[str] | None, Choices(choices.list_assignees, IN_REPOSITORY)] = Field(
        default=None, title="Assignees", description="Replaces the assignees; when left out they stay."
    )
    milestone: _Milestone = Field(default=None, title="Milestone", ge=1)


class CloseIssue(OnIssue):
    """Which issue to close, and why."""

    state_reason: Literal["completed", "not_planned"] = Field(default="completed", title="Reason")


class ReopenIssue(OnIssue):
    """Which issue to open again."""


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_issue)
async def create_issue(params: CreateIssue, ctx: ActionContext[GitHubClient]) -> Issue:
    """Create an issue.

    Labels, assignees and the milestone are dropped by GitHub when the account may not push to the repository.
    """
    at = place(params, ctx)
    body: Json = {"title": bounded(params.title, "title", TITLE_LIMIT)}
    body |= {"body": bounded(marked(params.body, ctx.operation_id)), "labels": params.labels}
    body |= {"assignees": params.assignees} | present(milestone=params.milestone)
    return await ctx.client.change(lambda github: Issue.of(call(github, "POST", f"{at}/issues", body)))


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_comment)
async def comment_issue(params: CommentIssue, ctx: ActionContext[GitHubClient]) -> Comment:
    """Comment on an issue or pull request."""
    url = f"{place(params, ctx)}/issues/{params.number}/comments"
    body = bounded(marked(params.body, ctx.operation_id))
    return await ctx.client.change(lambda github: Comment.of(call(github, "POST", url, {"body": body})))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def update_issue(params: UpdateIssue, ctx: ActionContext[GitHubClient]) -> Issue:
    """Update an issue."""
    change = present(
        title=bounded(params.title, "title", TITLE_LIMIT),
        body=bounded(params.body),
        labels=params.labels,
        assignees=params.assignees,
        milestone=params.milestone,
    )
    return await _patch(params, ctx, change)


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def close_issue(params: CloseIssue, ctx: ActionContext[GitHubClient]) -> Issue:
    """Close an issue."""
    return await _patch(params, ctx, {"state": "closed", "state_reason": params.state_reason})


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def reopen_issue(params: ReopenIssue, ctx: ActionContext[GitHubClient]) -> Issue:
    """Reopen an issue."""
    return await _patch(params, ctx, {"state": "open"})


async def _patch(params: OnIssue, ctx: ActionContext[GitHubClient], change: Json) -> Issue:
    url = f"{place(params, ctx)}/issues/{params.number}"
    return await ctx.client.change(lambda github: Issue.of(call(github, "PATCH", url, change)))
