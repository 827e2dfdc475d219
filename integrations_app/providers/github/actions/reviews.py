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
_Side = Annotated[Literal["RIGHT", "LEFT"], Field(title="Side", description="LEFT for a line that is gone.")]


class CreatePrComment(OnPull):
    """What to say on a pull request: below it, at a line of it, or to a comment at a line."""

    body: _Body
    path: str = Field(default="", title="File", description="For a comment at a line of a file in the diff.")
    line: int | None = Field(default=None, title="Line", ge=1, description="In that file as the diff shows it.")
    side: _Side = "RIGHT"
    reply_to: int | None = Field(
        default=None, title="Reply to", ge=1, description="The number of the first comment of a thread at a line."
    )


class CreateReviewComment(OnPull):
    """What to say at a line."""

    body: _Body
    path: str = Field(title="File", min_length=1, description="Inside the repository; it must be in the diff.")
    line: int = Field(title="Line", ge=1, description="In the file as the diff shows it.")
    side: _Side = "RIGHT"
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


async def find_pr_comment(params: CreatePrComment, ctx: ActionContext[GitHubClient]) -> Comment | None:
    """Look among the comments of the kind that was wanted."""
    look = find_comment if params.line is None and params.reply_to is None else find_review_comment
    return await look(params, ctx)


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_pr_comment)
async def create_pr_comment(params: CreatePrComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Comment on a pull request.

    With a file and a line the comment stands there; with **Reply to** it answers a comment at a line.
    """
    if bool(params.path.strip()) is (params.line is None):
        raise InvalidInput({"line" if params.line is None else "path": "is missing: a place is a file and a line"})
    if params.reply_to is not None:
        if params.line is not None:
            raise InvalidInput({"reply_to": "has a place already: give no file and line with it"})
        reply = ReplyReviewComment(**_said(params), comment_id=params.reply_to)
        return await _reply(reply, ctx)
    if params.line is not None:
        there = CreateReviewComment(**_said(params), path=params.path, line=params.line, side=params.side)
        return await _comment_at_line(there, ctx)
    url = f"{place(params, ctx)}/issues/{params.number}/comments"
    body = bounded(marked(params.body, ctx.operation_id))
    return await ctx.client.change(lambda github: Comment.of(call(github, "POST", url, {"body": body})))


def _said(params: CreatePrComment) -> Json:
    return {"repository": params.repository, "number": params.number, "body": params.body}


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_review_comment)
async def create_review_comment(params: CreateReviewComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Comment at a line of a pull request."""
    return await _comment_at_line(params, ctx)


async def _comment_at_line(params: CreateReviewComment, ctx: ActionContext[GitHubClient]) -> Comment:
    at = f"{place(params, ctx)}/pulls/{params.number}"
    body: Json = {"body": bounded(marked(params.body, ctx.operation_id)), "path": file_path(params.path)}
    body |= {"line": params.line, "side": params.side}
    newest = params.commit_id.strip() or PullRequest.of(await get(ctx.client, at)).head.sha
    body["commit_id"] = newest
    return await ctx.client.change(lambda github: Comment.of(call(github, "POST", f"{at}/comments", body)))


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_review_comment)
async def reply_review_comment(params: ReplyReviewComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Reply to a comment at a line."""
    return await _reply(params, ctx)


async def _reply(params: ReplyReviewComment, ctx: ActionContext[GitHubClient]) -> Comment:
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
