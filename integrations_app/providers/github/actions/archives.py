"""What runs of GitHub Actions leave behind: their logs and artifacts."""

from typing import Literal

from pydantic import Field

from integrations_app.providers.github.actions.fields import SCOPES, InRepository, Limit, place
from integrations_app.providers.github.actions.runs import OnRun
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.downloads import Archive, Wish
from integrations_app.providers.github.rest import items, present
from integrations_app.providers.github.results import Kept
from integrations_app.sdk.actions import Effect, Repeat, action
from integrations_app.sdk.context import ActionContext

_NAMES = "Names or patterns such as *test*; none: every file."


class DownloadRunLogs(OnRun):
    """Whose logs, and how much of them."""

    names: list[str] = Field(default=[], title="Files", description=_NAMES)
    most: int = Field(default=20_000, title="Characters of each", ge=1, le=200_000)
    end: Literal["start", "end"] = Field(default="end", title="From its")


class ListArtifacts(InRepository):
    """Whose artifacts."""

    run_id: int = Field(default=0, title="Run's number", ge=0, description="0: of all runs.")
    name: str = Field(default="", title="Name", max_length=255)
    limit: Limit = 30


class DownloadArtifact(InRepository):
    """Which artifact, and which of its files."""

    artifact_id: int = Field(title="Artifact's number", ge=1, description="Its id, as the list gives it.")
    names: list[str] = Field(default=[], title="Files", description=_NAMES)
    most: int = Field(default=100_000, title="Characters of each", ge=1, le=400_000)


class MadeBy(Kept):
    """The run that an artifact is from."""

    id: int
    head_branch: str | None = None
    head_sha: str | None = None


class Artifact(Kept):
    """An artifact; an expired one cannot be downloaded."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool
    created_at: str | None = None
    expires_at: str | None = None
    workflow_run: MadeBy | None = None


class ArtifactList(Kept):
    """Artifacts, the newest first."""

    items: list[Artifact]


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def download_run_logs(params: DownloadRunLogs, ctx: ActionContext[GitHubClient]) -> Archive:
    """Download a run's logs.

    The texts of the files, one per job and step; long ones are cut, and all together are at most 512 KiB. GitHub has
    the logs when the run is over.
    """
    url = f"{place(params, ctx)}/actions/runs/{params.run_id}/logs"
    return await ctx.client.download(url, Wish(params.names, params.most, params.end))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_artifacts(params: ListArtifacts, ctx: ActionContext[GitHubClient]) -> ArtifactList:
    """List artifacts."""
    of_run = f"/runs/{params.run_id}" if params.run_id else ""
    url = f"{place(params, ctx)}/actions{of_run}/artifacts"
    query = present(name=params.name.strip())
    return await ctx.client.read(
        lambda github: ArtifactList.of({"items": items(github, url, params.limit, "artifacts", **query)})
    )


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def download_artifact(params: DownloadArtifact, ctx: ActionContext[GitHubClient]) -> Archive:
    """Download an artifact.

    Its files: texts, and base64 of what is none and fits; all together are at most 512 KiB.
    """
    url = f"{place(params, ctx)}/actions/artifacts/{params.artifact_id}/zip"
    return await ctx.client.download(url, Wish(params.names, params.most, "start", binary=True))
