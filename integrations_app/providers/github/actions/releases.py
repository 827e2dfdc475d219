"""Releases: made, changed, published, and read."""

from typing import Annotated, Literal

from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    SCOPES,
    TITLE_LIMIT,
    Branch,
    InRepository,
    bounded,
    place,
    ref_name,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.find import find_release, marked
from integrations_app.providers.github.rest import Json, call, get, present
from integrations_app.providers.github.results import Release
from integrations_app.sdk.actions import Effect, Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Multiline

NOTES_LIMIT = 125_000


class CreateRelease(InRepository):
    """What to release."""

    tag_name: Annotated[str, Choices(choices.list_tags, IN_REPOSITORY)] = Field(
        title="Tag", min_length=1, description="Made when it is not there."
    )
    target_commitish: Branch = Field(
        default="", title="At", description="Where a new tag is made; when empty, the default branch."
    )
    name: str = Field(default="", title="Name")
    body: Annotated[str, Multiline(8)] = Field(default="", title="Notes", description="Markdown.")
    generate_release_notes: bool = Field(default=False, title="Let GitHub write notes")
    draft: bool = Field(default=False, title="Draft")
    prerelease: bool = Field(default=False, title="Pre-release")


class UpdateRelease(InRepository):
    """Which release to change, and into what; what is left empty stays."""

    release_id: Annotated[int, Choices(choices.list_releases, IN_REPOSITORY)] = Field(title="Release", ge=1)
    name: str = Field(default="", title="Name")
    body: Annotated[str, Multiline(8)] = Field(default="", title="Notes", description="Markdown; instead of the old.")
    state: Literal["", "draft", "published"] = Field(default="", title="State")
    prerelease: Literal["", "yes", "no"] = Field(default="", title="Pre-release")


class GetLatestRelease(InRepository):
    """Whose newest release to read."""


class GetRelease(InRepository):
    """Which release to read."""

    tag_name: Annotated[str, Choices(choices.list_tags, IN_REPOSITORY)] = Field(title="Tag", min_length=1)


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_release)
async def create_release(params: CreateRelease, ctx: ActionContext[GitHubClient]) -> Release:
    """Create a release."""
    url = f"{place(params, ctx)}/releases"
    ref_name(params.tag_name, "tag_name")
    body: Json = {"tag_name": params.tag_name.strip(), "draft": params.draft, "prerelease": params.prerelease}
    body |= {"body": bounded(marked(params.body, ctx.operation_id), "body", NOTES_LIMIT)}
    body |= {"generate_release_notes": params.generate_release_notes}
    body |= present(name=bounded(params.name, "name", TITLE_LIMIT), target_commitish=params.target_commitish)
    return await ctx.client.change(lambda github: Release.of(call(github, "POST", url, body)))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT)
async def update_release(params: UpdateRelease, ctx: ActionContext[GitHubClient]) -> Release:
    """Update a release.

    A draft is published with its state.
    """
    url = f"{place(params, ctx)}/releases/{params.release_id}"
    wanted = present(
        name=bounded(params.name, "name", TITLE_LIMIT),
        body=bounded(params.body, "body", NOTES_LIMIT),
        draft=_as_flag(params.state, "draft"),
        prerelease=_as_flag(params.prerelease, "yes"),
    )
    if not wanted:
        raise InvalidInput({"name": "is empty, as is everything else: there is nothing to change"})
    return await ctx.client.change(lambda github: Release.of(call(github, "PATCH", url, wanted)))


def _as_flag(chosen: str, yes: str) -> bool | None:
    return chosen == yes if chosen else None


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_latest_release(params: GetLatestRelease, ctx: ActionContext[GitHubClient]) -> Release:
    """Get the latest release.

    Drafts and pre-releases do not count.
    """
    return Release.of(await get(ctx.client, f"{place(params, ctx)}/releases/latest"))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_release(params: GetRelease, ctx: ActionContext[GitHubClient]) -> Release:
    """Get the release of a tag."""
    return Release.of(
        await get(ctx.client, f"{place(params, ctx)}/releases/tags/{ref_name(params.tag_name, 'tag_name')}")
    )
