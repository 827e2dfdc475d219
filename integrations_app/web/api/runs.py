"""Calls about runs: started, waited for, looked at, cancelled, replayed, resolved."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from integrations_app.organizations.permissions import Permission
from integrations_app.web.api.answers import RunShown, RunsReplayed, RunStarted, RunWhole
from integrations_app.web.api.calls import Call, Caller
from integrations_app.web.api.lists import Asking, Json, Listed, Paging, listed
from integrations_app.workflows import service
from integrations_app.workflows.models import FINISHED, RunStatus
from integrations_app.workflows.replaying import From, Version
from integrations_app.workflows.views import as_dict

LONGEST_WAIT = 60
MOST_AT_ONCE = 100
MAX_ACT = 100
FIRST_DAY, LAST_DAY = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


def _written_out(given: Any) -> Any:
    """Refuse a bare number, which would be read as seconds since 1970."""
    if isinstance(given, str) and not ({"T", "t", " "} & set(given)):
        raise PydanticCustomError("time", "is not a time like 2026-01-31T12:00:00Z")
    return given


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), Field(ge=FIRST_DAY, le=LAST_DAY)]
"""A time with its zone, within what every database keeps."""


class NewRun(Asking):
    """What to start with."""

    input: dict[str, Any] | None = Field(default=None, description="The workflow's `trigger`.")
    idempotency_key: str | None = Field(
        default=None, min_length=1, max_length=255, description="The same key gives the same run, however often."
    )


class Waiting(Asking):
    """How long to wait."""

    wait: int | None = Field(
        default=None, ge=0, le=LONGEST_WAIT, description="Seconds to wait for the end; then the whole run is answered."
    )


class RunsAsked(Paging):
    """Which runs."""

    workflow_id: str = Field(default="", max_length=64)
    status: RunStatus | None = None
    since: Moment | None = Field(default=None, description="Made at this time or later.")
    event_id: str = Field(default="", max_length=64, description="Started by this event.")


class Replay(Asking):
    """How to run again."""

    from_step: str | None = Field(default=None, max_length=1000, description="Key or path; what comes before is kept.")
    version: Version = "original"


class ReplayMany(Asking):
    """Which runs to run again, and how."""

    run_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="Runs that failed."
    )
    begin: From = Field(default="failed_step", alias="from", description="Where each begins.")
    version: Version = "original"
    idempotency_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ACT,
        description="The same key with the same runs starts nothing twice, and answers the same.",
    )


class Resolution(Asking):
    """What became of a call whose answer was lost."""

    step: str = Field(max_length=1000, description="Key or path of the step.")
    outcome: Literal["sent", "not_sent"]


async def start_run(
    asked: Caller, workflow_id: str, ask: Annotated[Waiting, Query()], body: NewRun | None = None
) -> Response:
    """Start a run.

    Of the live version. With `wait` the answer comes when the run has ended or is held (200), or as it stands after
    that time (202).
    """
    given = body or NewRun()
    run_id = await service.start_run(
        asked.hub, asked.actor, workflow_id, input=given.input, idempotency_key=given.idempotency_key
    )
    if ask.wait is None:
        return Json({"run_id": run_id}, 202)
    found = await service.wait_for_run(asked.hub, asked.actor, run_id, ask.wait)
    await asked.renew()
    rests = found.row.status in {*FINISHED, RunStatus.HELD}
    return Json({"run_id": run_id} | found.as_dict(), 200 if rests else 202)


async def list_runs(asked: Caller, ask: Annotated[RunsAsked, Query()]) -> Response:
    """List runs, newest first."""
    page = await service.list_runs(
        asked.hub,
        asked.actor,
        workflow_id=ask.workflow_id,
        status=ask.status.value if ask.status else "",
        since=ask.since,
        event_id=ask.event_id,
        cursor=ask.after(),
        limit=ask.limit,
    )
    return listed((as_dict(row) for row in page.items), page.next_cursor)


async def get_run(asked: Caller, run_id: str) -> Response:
    """Show a run.

    With its steps in the order in which they began.
    """
    return Json((await service.get_run(asked.hub, asked.actor, run_id)).as_dict())


async def cancel_run(asked: Caller, run_id: str) -> Response:
    """Cancel a run.

    It ends at once when it waits, else before its next step. One that has ended stays as it is.
    """
    await service.cancel(asked.hub, asked.actor, run_id)
    return Json((await service.get_run(asked.hub, asked.actor, run_id)).as_dict())


async def replay_run(asked: Caller, run_id: str, body: Replay | None = None) -> Response:
    """Replay a run.

    It runs again with the same input; with `from_step` the outputs of the steps before it are taken over.
    """
    given = body or Replay()
    started = await service.replay(asked.hub, asked.actor, run_id, from_step=given.from_step, version=given.version)
    return Json({"run_id": started}, 202)


async def replay_runs(asked: Caller, body: ReplayMany) -> Response:
    """Replay failed runs.

    Each runs again with the same input. What cannot be replayed is named in `refused` and stops no other.
    """
    act = f"api:{body.idempotency_key}" if body.idempotency_key else asked.hub.new_id()
    done = await service.replay_failed(
        asked.hub, asked.actor, body.run_ids, act=act, begin=body.begin, version=body.version
    )
    refused = [
        {"run_id": key, "error": {"code": one.code, "message": one.message}} for key, one in done.refused.items()
    ]
    replayed = [{"run_id": new, "replay_of": former} for former, new in done.started.items()]
    return Json({"replayed": replayed, "refused": refused}, 202)


async def resolve_run(asked: Caller, run_id: str, body: Resolution) -> Response:
    """Resolve a run.

    Say what became of the call whose outcome nobody could know: the run goes on.
    """
    await service.resolve(asked.hub, asked.actor, run_id, body.step, body.outcome)
    return Json((await service.get_run(asked.hub, asked.actor, run_id)).as_dict())


EDIT = Permission.EDIT_WORKFLOWS
ONE = "/runs/{run_id}"
CALLS = (
    Call("POST", "/workflows/{workflow_id}/runs", start_run, EDIT, RunStarted, 202, also=200, refusals=(409,)),
    Call("GET", "/runs", list_runs, Permission.VIEW, Listed[RunShown]),
    Call("GET", ONE, get_run, Permission.VIEW, RunWhole),
    Call("POST", f"{ONE}/cancel", cancel_run, EDIT, RunWhole),
    Call("POST", f"{ONE}/replay", replay_run, EDIT, RunStarted, 202, refusals=(409,)),
    Call("POST", "/runs/replay", replay_runs, EDIT, RunsReplayed, 202),
    Call("POST", f"{ONE}/resolve", resolve_run, EDIT, RunWhole, refusals=(409,)),
)
