"""Files: read, written, deleted, listed."""

from typing import Annotated, Literal

from github import Github
from pydantic import Field

from integrations_app.providers.github import files
from integrations_app.providers.github.actions.fields import (
    SCOPES,
    Branch,
    InRepository,
    Limit,
    bounded,
    place,
    ref_name,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.names import file_path, repository_of
from integrations_app.providers.github.rest import call
from integrations_app.providers.github.results import Kept
from integrations_app.sdk.actions import Effect, Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Multiline

_Path = Annotated[str, Field(title="Path", min_length=1, description="Inside the repository, such as docs/status.md.")]
_Ref = Annotated[Branch, Field(title="Branch, tag or commit", description="When empty, the default branch.")]


class CreateOrUpdateFile(InRepository):
    """What to write into which file."""

    path: _Path
    content: Annotated[str, Multiline(10)] = Field(title="Content")
    message: str = Field(title="Commit message", min_length=1)
    branch: Branch = Field(default="", title="Branch", description="When empty, the repository's default branch.")
    encoding: Literal["text", "base64"] = Field(
        default="text", title="Encoding", description="base64 for content that is not text."
    )
    author_name: str = Field(
        default="", title="Author's name", max_length=200, description="When empty, the connected account's."
    )
    author_email: str = Field(default="", title="Author's e-mail", max_length=320)


class GetFile(InRepository):
    """Which file to read."""

    path: _Path
    ref: _Ref = ""


class DeleteFile(InRepository):
    """Which file to delete."""

    path: _Path
    message: str = Field(title="Commit message", min_length=1)
    branch: Branch = Field(default="", title="Branch", description="When empty, the repository's default branch.")


class ListTree(InRepository):
    """Which files to list."""

    ref: _Ref = ""
    path: str = Field(default="", title="Folder", description="Only what is below it; when empty, everything.")
    limit: Limit = 1000


class TreeEntry(Kept):
    """A file or a folder."""

    path: str
    type: str
    sha: str
    size: int | None = None


class Tree(Kept):
    """Files and folders; `truncated` when there are more than were read."""

    sha: str
    tree: list[TreeEntry]
    truncated: bool


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def create_or_update_file(params: CreateOrUpdateFile, ctx: ActionContext[GitHubClient]) -> files.File:
    """Create or update a file.

    Writes only over the version it has read; an unchanged file makes no commit. Files below
    `.github/workflows` need the permission `workflow` too.
    """
    where = _place(params, ctx, params.path, params.branch)
    content = files.read_content(params.content, params.encoding)
    author = files.read_author(params.author_name, params.author_email)
    return await files.write(ctx.client, where, content, files.Words(bounded(params.message, "message"), author))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_file(params: GetFile, ctx: ActionContext[GitHubClient]) -> files.Content:
    """Get a file.

    `content` holds a text; the content of other files is base64 in `content_base64`. Files above one
    megabyte are refused.
    """
    return await files.read(ctx.client, _place(params, ctx, params.path, params.ref))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def delete_file(params: DeleteFile, ctx: ActionContext[GitHubClient]) -> files.Removal:
    """Delete a file.

    Deletes only the version it has read; one that is gone already is success.
    """
    where = _place(params, ctx, params.path, params.branch)
    return await files.remove(ctx.client, where, bounded(params.message, "message"))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_tree(params: ListTree, ctx: ActionContext[GitHubClient]) -> Tree:
    """List files."""
    url = f"{place(params, ctx)}/git/trees/{ref_name(params.ref or 'HEAD', 'ref')}"
    folder = f"{file_path(params.path.strip().rstrip('/'))}/" if params.path.strip("/ ") else ""

    def read(github: Github) -> Tree:
        whole = Tree.of(call(github, "GET", url, recursive="1"))
        below = [entry for entry in whole.tree if entry.path.startswith(folder)]
        cut = whole.truncated or len(below) > params.limit
        return Tree(sha=whole.sha, tree=below[: params.limit], truncated=cut)

    return await ctx.client.read(read)


def _place(params: InRepository, ctx: ActionContext[GitHubClient], path: str, ref: str) -> files.Place:
    return files.Place(repository_of(params.repository, ctx.settings), file_path(path), ref.strip())
