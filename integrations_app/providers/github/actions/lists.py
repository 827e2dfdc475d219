"""Issues and pull requests read: one, many, searched for."""

from typing import Annotated, Literal

from pydantic import Field

from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    MOST,
    SCOPES,
    Branch,
    InRepository,
    Labels,
    Limit,
    OnIssue,
    OnPull,
    bounded,
    place,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.rest import get, items, present
from integrations_app.providers.github.results import ChangedFile, Issue, Kept, PullRequest
from integrations_app.sdk.actions import Effect, Params, Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices

QUERY_LIMIT = 256
State = Literal["open", "closed", "all"]


class GetIssue(OnIssue):
    """Which issue to read."""


class ListIssues(InRepository):
    """Which issues to read."""

    state: State = Field(default="open", title="State")
    labels: Labels = Field(default=[])
    assignee: Annotated[str, Choices(choices.list_assignees, IN_REPOSITORY)] = Field(
        default="", title="Assignee", description="A login; none for issues nobody has, * for those somebody has."
    )
    since: str = Field(default="", title="Changed since", description="A moment such as 2026-01-31T00:00:00Z.")
    limit: Limit = 30


class SearchIssues(Params):
    """What to search for."""

    query: str = Field(
        title="Query",
        min_length=1,
        description="Words and qualifiers, such as repo:owner/name is:open label:bug.",
    )
    limit: Limit = 30


class GetPullRequest(OnPull):
    """Which pull request to read."""


class ListPullRequests(InRepository):
    """Which pull requests to read."""

    state: State = Field(default="open", title="State")
    base: Branch = Field(default="", title="Into branch")
    limit: Limit = 30


class GetPullRequestFiles(OnPull):
    """Whose files to read."""

    limit: Limit = 100


class IssueList(Kept):
    """Issues; pull requests are among them, as GitHub counts them in."""

    items: list[Issue]
    total_count: int | None = None


class PullRequestList(Kept):
    """Pull requests."""

    items: list[PullRequest]


class FileList(Kept):
    """Files that differ."""

    items: list[ChangedFile]


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_issue(params: GetIssue, ctx: ActionContext[GitHubClient]) -> Issue:
    """Get an issue."""
    return Issue.of(await get(ctx.client, f"{place(params, ctx)}/issues/{params.number}"))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_issues(params: ListIssues, ctx: ActionContext[GitHubClient]) -> IssueList:
    """List issues."""
    url = f"{place(params, ctx)}/issues"
    query = present(
        state=params.state, labels=",".join(params.labels), assignee=params.assignee, since=params.since.strip()
    )
    return await ctx.client.read(lambda github: IssueList.of({"items": items(github, url, params.limit, **query)}))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def search_issues(params: SearchIssues, ctx: ActionContext[GitHubClient]) -> IssueList:
    """Search issues and pull requests.

    GitHub shows the first 1,000 hits of a search, and allows 30 searches a minute.
    """
    query, limit = bounded(params.query, "query", QUERY_LIMIT), min(params.limit, MOST)
    return await ctx.client.read(
        lambda github: IssueList.of({"items": items(github, "/search/issues", limit, "items", q=query)})
    )


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_pull_request(params: GetPullRequest, ctx: ActionContext[GitHubClient]) -> PullRequest:
    """Get a pull request."""
    return PullRequest.of(await get(ctx.client, f"{place(params, ctx)}/pulls/{params.number}"))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_pull_requests(params: ListPullRequests, ctx: ActionContext[GitHubClient]) -> PullRequestList:
    """List pull requests."""
    url, query = f"{place(params, ctx)}/pulls", present(state=params.state, base=params.base)
    return await ctx.client.read(
        lambda github: PullRequestList.of({"items": items(github, url, params.limit, **query)})
    )


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_pull_request_files(params: GetPullRequestFiles, ctx: ActionContext[GitHubClient]) -> FileList:
    """Get the files of a pull request."""
    url = f"{place(params, ctx)}/pulls/{params.number}/files"
    return await ctx.client.read(lambda github: FileList.of({"items": items(github, url, params.limit)}))
