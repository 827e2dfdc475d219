"""What is said on pull requests: comments, comments at lines, reviews."""

from typing import Annotated, Literal

from github import Github
from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.github.actions.fields import SCOPES, OnPull, bounded, place
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.find import find_comment, find_review, find_review_comment, marked
from integrations_app.providers.github.names import file_path
from integrations_app.providers.github.rest import Json, call, get, present
from integrations_app.providers.github.results import Comment, PullRequest, Review
from integrations_app.sdk.actions import Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Multiline

_Body = Annotated[str, Multiline(8), Field(title="Comment", min_length=1, description="Markdown.")]


class CreatePrComment(OnPull):
    """What to say on a pull request."""

    body: _Body


class CreateReviewComment(OnPull):
    """What to say at a line."""

    body: _Body
    path: str = Field(title="File", min_length=1, description="Inside the repository; it must be in the diff.")
    line: int = Field(title="Line", ge=1, description="In the file as the diff shows it.")
    side: Literal["RIGHT", "LEFT"] = Field(default="RIGHT", title="Side", description="LEFT for a line that is gone.")
    commit_id: str = Field(default="", title="Commit", description="When empty, the newest of the pull request.")


class ReplyReviewComment(OnPull):
    """What to answer to a comment at a line."""

    comment_id: int = Field(title="Comment's number", ge=1, description="The first comment of the thread.")
    body: _Body


class CreateReview(OnPull):
    """What to think of a pull request."""

    event: Literal["COMMENT", "APPROVE", "REQUEST_CHANGES"] = Field(default="COMMENT", title="Verdict")
    body: Annotated[str, Multiline(8)] = Field(
        default="", title="Body", description="Markdown; only an approval may go without."
    )


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_comment)
async def create_pr_comment(params: CreatePrComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Comment on a pull request."""
    url = f"{place(params, ctx)}/issues/{params.number}/comments"
    body = bounded(marked(params.body, ctx.operation_id))
    return await ctx.client.change(lambda github: Comment.of(call(github, "POST", url, {"body": body})))


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_review_comment)
async def create_review_comment(params: CreateReviewComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Comment at a line of a pull request."""
    at = f"{place(params, ctx)}/pulls/{params.number}"
    body: Json = {"body": bounded(marked(params.body, ctx.operation_id)), "path": file_path(params.path)}
    body |= {"line": params.line, "side": params.side}
    newest = params.commit_id.strip() or PullRequest.of(await get(ctx.client, at)).head.sha
    body["commit_id"] = newest
    return await ctx.client.change(lambda github: Comment.of(call(github, "POST", f"{at}/comments", body)))


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_review_comment)
async def reply_review_comment(params: ReplyReviewComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Reply to a comment at a line."""
    url = f"{place(params, ctx)}/pulls/{params.number}/comments/{params.comment_id}/replies"
    body = bounded(marked(params.body, ctx.operation_id))
    return await ctx.client.change(lambda github: Comment.of(call(github, "POST", url, {"body": body})))


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_review)
async def create_review(params: CreateReview, ctx: ActionContext[GitHubClient]) -> Review:
    """Review a pull request."""
    if params.event != "APPROVE" and not params.body.strip():
        raise InvalidInput({"body": "is missing: only an approval may go without words"})
    url = f"{place(params, ctx)}/pulls/{params.number}/reviews"
    body = present(event=params.event, body=bounded(marked(params.body, ctx.operation_id)))

    def create(github: Github) -> Review:
        return Review.of(call(github, "POST", url, body))

    return await ctx.client.change(create)
