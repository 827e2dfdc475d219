"""Files of releases: uploaded, as they are, to the address that GitHub keeps for it."""

import re
from typing import Annotated, Any, Literal

from github import Github
from pydantic import Field

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.github import choices, files
from integrations_app.providers.github.actions.fields import IN_REPOSITORY, SCOPES, InRepository, place
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.connection import connection_to
from integrations_app.providers.github.find import since
from integrations_app.providers.github.rest import items
from integrations_app.providers.github.results import Kept
from integrations_app.sdk.actions import Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Multiline

MOST_ASSETS = 1_000
"""Of one release ("About releases")."""
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


class UploadReleaseAsset(InRepository):
    """Which file to add to which release."""

    release_id: Annotated[int, Choices(choices.list_releases, IN_REPOSITORY)] = Field(title="Release", ge=1)
    name: str = Field(
        title="File name", min_length=1, description="Letters, digits and . _ -; the release may have none of it yet."
    )
    content: Annotated[str, Multiline(10)] = Field(title="Content", min_length=1)
    encoding: Literal["text", "base64"] = Field(
        default="text", title="Encoding", description="base64 for content that is not text."
    )
    label: str = Field(default="", title="Label", max_length=200, description="Shown instead of the file name.")
    content_type: str = Field(default="application/octet-stream", title="Media type")


class ReleaseAsset(Kept):
    """A file of a release."""

    id: int
    name: str
    label: str | None = None
    content_type: str | None = None
    state: str
    size: int
    browser_download_url: str
    created_at: str = ""


async def find_asset(params: UploadReleaseAsset, ctx: ActionContext[GitHubClient]) -> ReleaseAsset | None:
    """Look for the file among those of the release: a name stands there once.

    Raises Rejected for one that arrived in part: GitHub keeps its name until a person deletes it.
    """
    url = f"{place(params, ctx)}/releases/{params.release_id}/assets"
    listed = await ctx.client.read(lambda github: items(github, url, MOST_ASSETS))
    found = next((ReleaseAsset.of(one) for one in listed if one["name"] == params.name.strip()), None)
    if found is None or found.created_at < since(ctx):
        return None
    if found.state != "uploaded":
        raise Rejected("arrived_in_part", "The file arrived in part: delete it from the release, then try again.")
    return found


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_asset)
async def upload_release_asset(params: UploadReleaseAsset, ctx: ActionContext[GitHubClient]) -> ReleaseAsset:
    """Add a file to a release."""
    name, kind = params.name.strip(), params.content_type.strip().lower()
    if not _NAME.fullmatch(name):
        raise InvalidInput({"name": "takes letters, digits and . _ - only: GitHub would change others"})
    if not _KIND.fullmatch(kind):
        raise InvalidInput({"content_type": "is not a media type such as application/zip"})
    content: Any = files.read_content(params.content, params.encoding)
    if not content:
        raise InvalidInput({"content": "is empty"})
    url = f"{uploads_base(ctx.client.bases['api'])}{place(params, ctx)}/releases/{params.release_id}/assets"
    query = {"name": name} | ({"label": params.label.strip()} if params.label.strip() else {})

    def upload(github: Github) -> ReleaseAsset:
        there: Any = connection_to(url)
        _, made = github.requester.requestMemoryBlobAndCheck("POST", url, query, {"Content-Type": kind}, content, there)
        return ReleaseAsset.of(made)

    return await ctx.client.change(upload)


def uploads_base(api: str) -> str:
    """Where files go, by the address of the API: `uploads.` for `api.`, `/api/uploads` on a server of one's own.

    Not the `upload_url` of the release: the token is sent there, so no answer decides it.
    """
    if api.endswith("/api/v3"):
        return f"{api.removesuffix('/v3')}/uploads"
    return api.replace("://api.", "://uploads.", 1)
