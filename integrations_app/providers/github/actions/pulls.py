"""Pull requests: opened, changed, merged, given to reviewers."""

from typing import Annotated, Literal

from pydantic import Field

from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    SCOPES,
    TITLE_LIMIT,
    Branch,
    InRepository,
    OnPull,
    bounded,
    few,
    place,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.find import find_pull_request, marked
from integrations_app.providers.github.rest import Json, call, get, present
from integrations_app.providers.github.results import Merge, PullRequest
from integrations_app.sdk.actions import Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Multiline

MOST_REVIEWERS = 15


class CreatePullRequest(InRepository):
    """What to merge into what."""

    title: str = Field(title="Title", min_length=1)
    head: Branch = Field(title="From branch", min_length=1, description="A branch, or owner:branch of a fork.")
    base: Branch = Field(title="Into branch", min_length=1)
    body: Annotated[str, Multiline(8)] = Field(default="", title="Body", description="Markdown.")
    draft: bool = Field(default=False, title="Draft")


class UpdatePullRequest(OnPull):
    """What to change; what is left empty stays."""

    title: str = Field(default="", title="Title")
    body: Annotated[str, Multiline(8)] = Field(default="", title="Body", description="Markdown; replaces the old one.")
    base: Branch = Field(default="", title="Into branch")
    state: Literal["", "open", "closed"] = Field(default="", title="State")


class MergePullRequest(OnPull):
    """What to merge, and how."""

    merge_method: Literal["merge", "squash", "rebase"] = Field(default="merge", title="Method")
    commit_title: str = Field(default="", title="Commit title")
    commit_message: Annotated[str, Multiline(4)] = Field(default="", title="Commit message")
    sha: str = Field(
        default="", title="Head commit", description="Merge only while the head is still this commit.", max_length=64
    )


class RequestReviewers(OnPull):
    """Whom to ask."""

    reviewers: Annotated[list[str], Choices(choices.list_assignees, IN_REPOSITORY)] = Field(title="Reviewers")


async def find_merge(params: MergePullRequest, ctx: ActionContext[GitHubClient]) -> Merge | None:
    """See whether it is merged."""
    found = PullRequest.of(await get(ctx.client, f"{place(params, ctx)}/pulls/{params.number}"))
    return Merge(sha=found.merge_commit_sha, merged=True) if found.merged else None


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_pull_request)
async def create_pull_request(params: CreatePullRequest, ctx: ActionContext[GitHubClient]) -> PullRequest:
    """Create a pull request."""
    url = f"{place(params, ctx)}/pulls"
    body: Json = {"title": bounded(params.title, "title", TITLE_LIMIT), "head": params.head, "base": params.base}
    body |= {"body": bounded(marked(params.body, ctx.operation_id)), "draft": params.draft}
    return await ctx.client.change(lambda github: PullRequest.of(call(github, "POST", url, body)))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def update_pull_request(params: UpdatePullRequest, ctx: ActionContext[GitHubClient]) -> PullRequest:
    """Update a pull request."""
    url = f"{place(params, ctx)}/pulls/{params.number}"
    title, text = bounded(params.title, "title", TITLE_LIMIT), bounded(params.body)
    body = present(title=title, body=text, base=params.base, state=params.state)
    return await ctx.client.change(lambda github: PullRequest.of(call(github, "PATCH", url, body)))


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_merge)
async def merge_pull_request(params: MergePullRequest, ctx: ActionContext[GitHubClient]) -> Merge:
    """Merge a pull request."""
    url = f"{place(params, ctx)}/pulls/{params.number}/merge"
    title, text = bounded(params.commit_title, "commit_title", TITLE_LIMIT), bounded(params.commit_message)
    body = present(merge_method=params.merge_method, commit_title=title, commit_message=text, sha=params.sha.strip())
    return await ctx.client.change(lambda github: Merge.of(call(github, "PUT", url, body)))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def request_reviewers(params: RequestReviewers, ctx: ActionContext[GitHubClient]) -> PullRequest:
    """Request reviewers."""
    url = f"{place(params, ctx)}/pulls/{params.number}/requested_reviewers"
    body = {"reviewers": few(params.reviewers, "reviewers", MOST_REVIEWERS)}
    return await ctx.client.change(lambda github: PullRequest.of(call(github, "POST", url, body)))
