"""Branches and tags: made, looked for, removed."""

from typing import Annotated

from github import Github
from pydantic import Field

from integrations_app.errors import Rejected
from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    SCOPES,
    Branch,
    InRepository,
    bounded,
    place,
    ref_name,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.rest import Json, call, change_unless, get
from integrations_app.providers.github.results import Done, Ref
from integrations_app.sdk.actions import Effect, Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Multiline

NAME_LIMIT = 244
_From = Annotated[str, Choices(choices.list_branches, IN_REPOSITORY)]


class CreateBranch(InRepository):
    """Which branch to make, and where."""

    branch: str = Field(title="New branch", min_length=1)
    source: _From = Field(
        default="", title="From", description="A branch, tag or commit; when empty, the default branch."
    )


class DeleteBranch(InRepository):
    """Which branch to delete."""

    branch: Branch = Field(title="Branch", min_length=1)


class CreateTag(InRepository):
    """Which tag to make, and where."""

    tag: str = Field(title="New tag", min_length=1)
    target: _From = Field(
        default="", title="At", description="A branch, tag or commit; when empty, the default branch."
    )
    message: Annotated[str, Multiline(3)] = Field(
        default="", title="Message", description="Makes it an annotated tag; when empty, a light one."
    )


async def find_branch(params: CreateBranch, ctx: ActionContext[GitHubClient]) -> Ref | None:
    """See whether the branch is there, at the commit it was to begin at."""
    return await _find(ctx, place(params, ctx), f"heads/{ref_name(params.branch, 'branch')}", params.source)


async def find_tag(params: CreateTag, ctx: ActionContext[GitHubClient]) -> Ref | None:
    """See whether the tag is there, at the commit it was to stand at."""
    return await _find(ctx, place(params, ctx), f"tags/{ref_name(params.tag, 'tag')}", params.target)


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_branch)
async def create_branch(params: CreateBranch, ctx: ActionContext[GitHubClient]) -> Ref:
    """Create a branch."""
    at, name = place(params, ctx), bounded(params.branch.strip(), "branch", NAME_LIMIT)
    ref_name(name, "branch")
    sha = await commit_of(ctx.client, at, params.source)
    return await _make(ctx.client, at, f"refs/heads/{name}", sha, sha)


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_tag)
async def create_tag(params: CreateTag, ctx: ActionContext[GitHubClient]) -> Ref:
    """Create a tag."""
    at, name = place(params, ctx), bounded(params.tag.strip(), "tag", NAME_LIMIT)
    ref_name(name, "tag")
    message = bounded(params.message, "message")
    sha = await commit_of(ctx.client, at, params.target)
    stands_at = sha
    if message.strip():
        body = {"tag": name, "message": message, "object": sha, "type": "commit"}
        stands_at = await ctx.client.change(lambda github: str(call(github, "POST", f"{at}/git/tags", body)["sha"]))
    return await _make(ctx.client, at, f"refs/tags/{name}", stands_at, sha)


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def delete_branch(params: DeleteBranch, ctx: ActionContext[GitHubClient]) -> Done:
    """Delete a branch."""
    url = f"{place(params, ctx)}/git/refs/heads/{ref_name(params.branch, 'branch')}"
    return await change_unless(ctx.client, lambda error: "Reference does not exist" in error.message, "DELETE", url)


async def commit_of(client: GitHubClient, at: str, name: str) -> str:
    """The commit that a branch, tag or sha stands for; empty for the default branch. Raises Rejected."""
    shown = ref_name(name.strip() or "HEAD", "ref")
    return str((await get(client, f"{at}/commits/{shown}"))["sha"])


async def _make(client: GitHubClient, at: str, ref: str, stands_at: str, sha: str) -> Ref:
    body = {"ref": ref, "sha": stands_at}

    def make(github: Github) -> Ref:
        return Ref(ref=call(github, "POST", f"{at}/git/refs", body)["ref"], name=ref.split("/", 2)[2], sha=sha)

    return await client.change(make)


async def _find(ctx: ActionContext[GitHubClient], at: str, ref: str, source: str) -> Ref | None:
    """A ref at another commit tells nothing: it may be somebody else's, or ours with later commits."""
    try:
        there: Json = await get(ctx.client, f"{at}/git/ref/{ref}")
    except Rejected as error:
        if error.code != "not_found_or_no_access":
            raise
        await get(ctx.client, at)  # a repository that is not seen leaves it open
        return None
    target = there["object"]
    if target["type"] == "tag":
        target = (await get(ctx.client, f"{at}/git/tags/{target['sha']}"))["object"]
    if target["sha"] != await commit_of(ctx.client, at, source):
        raise Rejected("conflict", f"{there['ref']} is there, but not where this step would have put it.")
    return Ref(ref=there["ref"], name=there["ref"].split("/", 2)[2], sha=target["sha"])
