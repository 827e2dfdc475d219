"""What runs of the emulated GitHub Actions leave behind: logs and artifacts, kept at an address of their own.

The API answers with a signed address, as GitHub does; whoever sends a token there is refused, as the real storage does.
"""

import io
import zipfile
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from integrations_app.sandbox.github.calls import Call, Json, Refusal, Reply, endpoint, not_found, paged
from integrations_app.sandbox.github.runs import run_of, run_state
from integrations_app.sandbox.github.settings import github_settings
from integrations_app.sandbox.github.state import Repository, Run, github_of, stamp
from integrations_app.sandbox.world import World

AT = "/repos/{owner}/{repo}/actions"
STORAGE = "/_storage"
SIGNED_FOR = 60.0
KEPT_FOR = 90 * 86400.0
ARTIFACT = 500_000
"""What the id of a run's artifact is more than the run's own."""


@dataclass
class Stored:
    """A file behind a signed address, until a moment in unix seconds."""

    content: bytes
    until: float


def _zip(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def _log(run: Run, *lines: str) -> bytes:
    moment = stamp(run.started_at or run.created_at)
    return "".join(f"{moment} {line}\n" for line in lines).encode()


def _logs(run: Run, conclusion: str) -> dict[str, bytes]:
    """A file for the job, and one for each of its steps."""
    steps = {
        "1_Set up job.txt": _log(run, "Current runner version: '2.999.0'", f"Ref {run.ref}"),
        "2_Run deploy.txt": _log(run, "##[group]Run", *map(str, run.inputs.values()), f"It is {conclusion}."),
    }
    return {"0_deploy.txt": b"".join(steps.values()), **{f"deploy/{name}": content for name, content in steps.items()}}


def _contents(run: Run) -> dict[str, bytes]:
    return {"report.txt": f"Run {run.number} of {run.workflow_name}\n".encode(), "data.bin": bytes(range(256))}


def _elsewhere(call: Call, content: bytes) -> Reply:
    """302 to where the content is kept for a minute."""
    name, github = call.world.new_token(40), call.github
    github.storage = {one: kept for one, kept in github.storage.items() if kept.until > call.now}
    github.storage[name] = Stored(content, call.now + SIGNED_FOR)
    base = github_settings(call.world).storage_base or call.web.removesuffix("/github")
    return Reply(302, None, {"Location": f"{base}/github{STORAGE}/{name}?sig={name[:8]}"})


async def stored(request: Request) -> Response:
    """`GET /github/_storage/{name}`: a file by its signed address; 400 for a token, 403 when it is too late."""
    world: World = request.state.world
    if request.headers.get("authorization"):
        return _storage_error(400, "InvalidAuthenticationInfo")
    found = github_of(world).storage.get(request.path_params["name"])
    right = request.query_params.get("sig") == request.path_params["name"][:8]
    if found is None or not right or found.until <= world.clock():
        return _storage_error(403, "AuthenticationFailed")
    return Response(found.content, media_type="application/zip")


def _storage_error(status: int, code: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
    return Response(body, status, media_type="application/xml")


def _ended(call: Call, run: Run) -> str:
    """How a run ended; 404 for one that goes on."""
    status, conclusion = run_state(run, call.now)
    if status != "completed" or conclusion is None:
        raise not_found()
    return conclusion


@endpoint("GET", AT + "/runs/{run:int}/logs", "repo")
def run_logs(call: Call) -> Reply:
    """The logs of a run that is over."""
    repository = call.repository()
    call.me()
    run = run_of(call, repository)
    return _elsewhere(call, _zip(_logs(run, _ended(call, run))))


def _with_artifact(call: Call, repository: Repository) -> list[Run]:
    """Runs that have left something, the newest first."""
    ended = [run for run in reversed(repository.runs) if run_state(run, call.now)[1] in ("success", "failure")]
    wanted = call.query.get("name", "report")
    return ended if wanted == "report" else []


def _view(call: Call, run: Run, repository: Repository) -> Json:
    number, at = run.id + ARTIFACT, f"{call.api}/repos/{repository.full_name}/actions/artifacts"
    made = run.started_at or run.created_at
    return {
        "id": number,
        "node_id": f"MDg6QXJ0aWZhY3Q{number}",
        "name": "report",
        "size_in_bytes": len(_zip(_contents(run))),
        "url": f"{at}/{number}",
        "archive_download_url": f"{at}/{number}/zip",
        "expired": made + KEPT_FOR <= call.now,
        "created_at": stamp(made),
        "updated_at": stamp(made),
        "expires_at": stamp(made + KEPT_FOR),
        "workflow_run": {"id": run.id, "head_branch": run.ref, "head_sha": run.sha},
    }


def _listed(call: Call, repository: Repository, runs: list[Run]) -> Reply:
    views = [_view(call, run, repository) for run in runs]
    return paged(call, views, lambda page: {"total_count": len(views), "artifacts": page})


@endpoint("GET", AT + "/artifacts", "repo")
def list_artifacts(call: Call) -> Reply:
    """Artifacts of a repository, the newest first; by name when one is asked for."""
    repository = call.repository()
    return _listed(call, repository, _with_artifact(call, repository))


@endpoint("GET", AT + "/runs/{run:int}/artifacts", "repo")
def list_run_artifacts(call: Call) -> Reply:
    """Artifacts of a run."""
    repository = call.repository()
    run = run_of(call, repository)
    return _listed(call, repository, [one for one in _with_artifact(call, repository) if one is run])


@endpoint("GET", AT + "/artifacts/{artifact:int}/zip", "repo")
def download_artifact(call: Call) -> Reply:
    """The archive of an artifact; 410 for one that is kept no longer."""
    repository = call.repository()
    call.me()
    number = call.path["artifact"] - ARTIFACT
    run = next((one for one in _with_artifact(call, repository) if one.id == number), None)
    if run is None:
        raise not_found()
    if (run.started_at or run.created_at) + KEPT_FOR <= call.now:
        raise Refusal(410, "Artifact has expired")
    return _elsewhere(call, _zip(_contents(run)))
