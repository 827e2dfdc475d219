"""Commits: many files in one, listed, compared, given a status."""

from typing import Annotated, Any, Literal

from github import Github
from pydantic import Field

from integrations_app.errors import InvalidInput, Rejected
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
from integrations_app.providers.github.actions.refs import commit_of
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.find import since
from integrations_app.providers.github.names import file_path
from integrations_app.providers.github.rest import Json, call, get, items, present
from integrations_app.providers.github.results import ChangedFile, Commit, Kept
from integrations_app.sdk.actions import Effect, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Multiline

MOST_FILES = 100
DESCRIPTION_LIMIT = 140
MOST_STATUSES = 500
TRIES = 4


class CommitFiles(InRepository):
    """Which files to write and delete, all in one commit."""

    branch: Branch = Field(default="", title="Branch", description="When empty, the repository's default branch.")
    message: Annotated[str, Multiline(3)] = Field(title="Commit message", min_length=1)
    files: dict[str, str] = Field(default={}, title="Files", description="Path and text of each.")
    deleted: list[str] = Field(default=[], title="Deleted files", description="Paths of files to take away.")


class ListCommits(InRepository):
    """Which commits to read."""

    sha: Branch = Field(default="", title="Branch, tag or commit", description="When empty, the default branch.")
    path: str = Field(default="", title="Path", description="Only commits that touched it.")
    author: str = Field(default="", title="Author", description="A login or an e-mail address.")
    since: str = Field(default="", title="Since", description="A moment such as 2026-01-31T00:00:00Z.")
    limit: Limit = 30


class Compare(InRepository):
    """What to compare with what."""

    base: Branch = Field(title="Base", min_length=1)
    head: Branch = Field(title="Head", min_length=1)


class SetCommitStatus(InRepository):
    """How a commit did."""

    sha: Branch = Field(title="Commit", min_length=1, description="A commit; a branch or tag stands for its newest.")
    state: Literal["success", "failure", "error", "pending"] = Field(title="State")
    context: str = Field(default="integrations", title="Name", min_length=1, max_length=100)
    description: str = Field(default="", title="Description")
    target_url: str = Field(default="", title="Link")


class NewCommit(Result):
    """The branch as it is now; `changed` is false when the files were like that before."""

    sha: str
    branch: str
    html_url: str | None = None
    changed: bool


class CommitList(Kept):
    """Commits, the newest first."""

    items: list[Commit]


class Comparison(Kept):
    """What two commits differ in: at most the first 250 commits and 300 files, as GitHub gives them."""

    status: str
    ahead_by: int
    behind_by: int
    total_commits: int
    html_url: str | None = None
    commits: list[Commit]
    files: list[ChangedFile] = Field(default=[])


class CommitStatus(Kept):
    """A commit's status."""

    id: int
    state: str
    context: str
    description: str | None = None
    target_url: str | None = None


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def commit_files(params: CommitFiles, ctx: ActionContext[GitHubClient]) -> NewCommit:
    """Commit several files.

    All of them or none; files that are like that already make no commit. Files below
    `.github/workflows` need the permission `workflow` too.
    """
    at = place(params, ctx)
    entries = _entries(params)
    branch = params.branch.strip() or str((await get(ctx.client, at))["default_branch"])
    shown = ref_name(branch, "branch")
    message = bounded(params.message, "message")
    for left in reversed(range(TRIES)):
        try:
            return await _commit(ctx.client, at, (branch, shown), entries, message)
        except Rejected as error:
            if not left or "fast forward" not in error.message:
                raise
    raise AssertionError  # the last try returns or raises


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_commits(params: ListCommits, ctx: ActionContext[GitHubClient]) -> CommitList:
    """List commits."""
    url = f"{place(params, ctx)}/commits"
    query = present(sha=params.sha, path=params.path, author=params.author, since=params.since.strip())
    return await ctx.client.read(lambda github: CommitList.of({"items": items(github, url, params.limit, **query)}))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def compare(params: Compare, ctx: ActionContext[GitHubClient]) -> Comparison:
    """Compare two commits."""
    url = f"{place(params, ctx)}/compare/{ref_name(params.base, 'base')}...{ref_name(params.head, 'head')}"
    return Comparison.of(await get(ctx.client, url))


async def find_commit_status(params: SetCommitStatus, ctx: ActionContext[GitHubClient]) -> CommitStatus | None:
    """Look at what was said under this name since the first attempt; Rejected when it was followed by something else.

    A status carries no mark of ours, so the same words are taken for ours: the commit stands as was asked.
    """
    at = place(params, ctx)
    sha, began = await commit_of(ctx.client, at, params.sha), since(ctx)
    said = await ctx.client.read(lambda github: items(github, f"{at}/commits/{sha}/statuses", MOST_STATUSES))
    recent = [one for one in said if one["context"] == params.context and one["created_at"] >= began]
    wanted = (params.state, params.description, params.target_url)
    same = [(one["state"], one["description"] or "", one["target_url"] or "") == wanted for one in recent]
    if any(same) and not same[0]:
        raise Rejected("cannot_tell", "The status was set, and another one after it: look whether it was this one.")
    return CommitStatus.of(recent[0]) if any(same) else None


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_commit_status)
async def set_commit_status(params: SetCommitStatus, ctx: ActionContext[GitHubClient]) -> CommitStatus:
    """Set the status of a commit.

    The last one of a name counts.
    """
    at = place(params, ctx)
    description = bounded(params.description, "description", DESCRIPTION_LIMIT)
    body = present(state=params.state, context=params.context, description=description, target_url=params.target_url)
    sha = await commit_of(ctx.client, at, params.sha)
    return await ctx.client.change(lambda github: CommitStatus.of(call(github, "POST", f"{at}/statuses/{sha}", body)))


def _entries(params: CommitFiles) -> list[Json]:
    """The tree's changes; raises InvalidInput."""
    if not params.files and not params.deleted:
        raise InvalidInput({"files": "is empty: name files to write or to delete"})
    if len(params.files) + len(params.deleted) > MOST_FILES:
        raise InvalidInput({"files": f"may hold at most {MOST_FILES} files"}, "", "input_too_long")
    if sum(len(text.encode("utf-8", "replace")) for text in params.files.values()) > files.CONTENT_LIMIT:
        said = f"may hold at most {files.CONTENT_LIMIT:,} bytes together"
        raise InvalidInput({"files": said}, "", "input_too_long")
    blob: Json = {"mode": "100644", "type": "blob"}
    written = [blob | {"path": file_path(path), "content": text} for path, text in params.files.items()]
    return written + [blob | {"path": file_path(path), "sha": None} for path in params.deleted]


async def _commit(
    client: GitHubClient, at: str, branch: tuple[str, str], entries: list[Json], message: str
) -> NewCommit:
    """Make the tree on top of the branch's newest commit and move the branch forward, never by force."""
    name, shown = branch

    def prepare(github: Github) -> tuple[str, str, list[Json]]:
        head = str(call(github, "GET", f"{at}/git/ref/heads/{shown}")["object"]["sha"])
        tree = str(call(github, "GET", f"{at}/git/commits/{head}")["tree"]["sha"])
        if all("content" in entry for entry in entries):
            return head, tree, entries
        listed = call(github, "GET", f"{at}/git/trees/{tree}", recursive="1")
        if listed.get("truncated"):  # then nothing tells what is not there
            return head, tree, entries
        # GitHub refuses to take away what is not there; gone is what was asked for.
        there = {one["path"] for one in listed["tree"]}
        return head, tree, [entry for entry in entries if "content" in entry or entry["path"] in there]

    head, tree, wanted = await client.read(prepare)
    if not wanted:
        return NewCommit(sha=head, branch=name, changed=False)
    made: Any = await client.change(
        lambda github: call(github, "POST", f"{at}/git/trees", {"base_tree": tree, "tree": wanted})
    )
    if made["sha"] == tree:
        return NewCommit(sha=head, branch=name, changed=False)
    body = {"message": message, "tree": made["sha"], "parents": [head]}
    new: Any = await client.change(lambda github: call(github, "POST", f"{at}/git/commits", body))
    move = {"sha": new["sha"], "force": False}
    await client.change(lambda github: call(github, "PATCH", f"{at}/git/refs/heads/{shown}", move))
    return NewCommit(sha=new["sha"], branch=name, html_url=new.get("html_url"), changed=True)
