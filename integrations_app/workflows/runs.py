"""Runs: started by hand or by the API, listed, cancelled and resolved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlmodel import Session, col

from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.db import on_commit
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows import engine
from integrations_app.workflows.checkpoints import announcement
from integrations_app.workflows.definition import parse
from integrations_app.workflows.drafts import find_problems
from integrations_app.workflows.giving_up import end_steps
from integrations_app.workflows.held import let_go
from integrations_app.workflows.models import FINISHED, Run, RunStatus, StepRun, StepStatus, Workflow
from integrations_app.workflows.problems import Severity
from integrations_app.workflows.repository import Runs, Workflows
from integrations_app.workflows.views import Page, RunDetail, RunRow, run_row, step_row
from integrations_app.workflows.watching import watch

MAX_INPUT_BYTES = 1024 * 1024
MAX_KEY = 255


async def start_run(
    hub: Hub,
    actor: Actor,
    workflow_id: str,
    *,
    input: Mapping[str, Any] | None = None,  # noqa: A002 - the word of the contract
    idempotency_key: str | None = None,
    draft: bool = False,
) -> str:
    """Start the live version (or the draft) with `input` as its trigger; returns the run's id.

    The same `idempotency_key` gives the same run. Raises NotFound, Forbidden, Conflict `not_published` or
    `workflow_paused`, InvalidInput.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    payload = _payload(input)
    key = _key(idempotency_key)
    run_id = hub.new_id()

    def write(session: Session) -> str:
        row = Workflows(session, actor.organization_id).lock(workflow_id)
        earlier = Runs(session, actor.organization_id).find_by_key(workflow_id, key) if key else None
        if earlier is not None:
            return earlier.id
        definition = startable(hub, session, row) if draft else None
        if not draft:
            require_live(row)
        run = Run(
            organization_id=actor.organization_id,
            id=run_id,
            workflow_id=workflow_id,
            workflow_name=row.name,
            version=None if draft else row.published_number,
            definition=definition,
            trigger_payload=payload,
            idempotency_key=key,
            created_at=hub.clock(),
        )
        add_run(hub, session, row, run)
        note(hub, session, actor, "run.started", run_id, workflow=workflow_id, draft=draft)
        return run_id

    return await hub.database.write(write)


def add_run(hub: Hub, session: Session, workflow: Workflow, run: Run) -> None:
    """Keep a new run and hand it to the engine with this transaction."""
    Runs(session, run.organization_id).add(run)
    workflow.last_run_at = run.created_at
    engine.enqueue(hub, session, run.id)
    on_commit(session, announcement(hub, run.organization_id, "run", run.id))


async def list_runs(  # noqa: PLR0913 - the filters of the list
    hub: Hub,
    actor: Actor,
    *,
    workflow_id: str = "",
    status: str = "",
    since: datetime | None = None,
    event_id: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[RunRow]:
    """The organisation's runs that match, newest first."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> Page[RunRow]:
        runs = Runs(session, actor.organization_id)
        rows, next_cursor = runs.list_page(
            cursor, limit, workflow_id=workflow_id, status=status, since=since, event_id=event_id
        )
        return Page(tuple(run_row(row) for row in rows), next_cursor)

    return await hub.database.read(read)


async def get_run(hub: Hub, actor: Actor, run_id: str) -> RunDetail:
    """The run with its steps in the order they began; raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> RunDetail:
        runs = Runs(session, actor.organization_id)
        row = runs.get(run_id)
        return RunDetail(run_row(row), row.trigger_payload, tuple(step_row(one) for one in runs.steps(run_id)))

    return await hub.database.read(read)


async def wait_for_run(hub: Hub, actor: Actor, run_id: str, seconds: float) -> RunDetail:
    """The run as soon as it has ended or is held, or as it stands after `seconds`; raises NotFound."""
    resting = {*(status.value for status in FINISHED), RunStatus.HELD.value}

    async def look() -> RunDetail:
        return await get_run(hub, actor, run_id)

    return await watch(hub, actor.organization_id, {run_id}, look, lambda found: found.row.status in resting, seconds)


async def cancel(hub: Hub, actor: Actor, run_id: str) -> None:
    """End the run: at once when it waits, else before its next step. An ended run stays as it is."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> None:
        row = Runs(session, actor.organization_id).lock(run_id)
        if row.status in FINISHED:
            return
        row.cancel_requested = True
        if row.status != RunStatus.RUNNING:
            row.status, row.ended_at, row.wake_at = RunStatus.CANCELLED.value, hub.clock(), None
            row.reason, row.held_connection_id = "", None
            end_steps(session, row, hub.clock())
            on_commit(session, lambda: engine.cancel(hub, run_id))
        session.add(row)
        note(hub, session, actor, "run.cancelled", run_id)

    await hub.database.write(write)


async def resolve(hub: Hub, actor: Actor, run_id: str, step: str, outcome: Literal["sent", "not_sent"]) -> None:
    """Say what became of the call whose outcome nobody could know; the run goes on.

    `step` is its path or key. `sent`: the step counts as succeeded, with an empty output; `not_sent`: it is run
    again. Raises NotFound, Forbidden, Conflict `not_held`.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    if outcome not in {"sent", "not_sent"}:
        raise InvalidInput({"outcome": "is sent or not_sent"})

    def write(session: Session) -> None:
        runs = Runs(session, actor.organization_id)
        row = runs.lock(run_id)
        held = next((one for one in runs.steps(run_id) if step in {one.path, one.step_key} and _in_doubt(one)), None)
        if row.status != RunStatus.HELD or row.reason != "outcome_unknown" or held is None:
            raise Conflict("not_held", "This step does not wait for a decision.")
        held.intent_at, held.error_code, held.error_message = None, "", ""
        if outcome == "sent":
            held.status, held.ended_at, held.output = StepStatus.SUCCEEDED.value, hub.clock(), {}
        else:
            held.status = StepStatus.PENDING.value
        session.add(held)
        session.flush()
        let_go(hub, session, actor.organization_id, col(Run.id) == run_id)
        note(hub, session, actor, "run.resolved", run_id, step=held.path, outcome=outcome)

    await hub.database.write(write)


def note(hub: Hub, session: Session, actor: Actor, name: str, run_id: str, /, **detail: Any) -> None:
    """Audit an act on a run and announce it. Call it last in the transaction."""
    on_commit(session, announcement(hub, actor.organization_id, "run", run_id))
    record(session, hub.keyring, actor, name, now=hub.clock(), subject=f"run:{run_id}", detail=detail)


def _in_doubt(step: StepRun) -> bool:
    return step.status == StepStatus.HELD and step.intent_at is not None


def _payload(given: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        written = orjson.dumps(dict(given or {}))
    except (orjson.JSONEncodeError, TypeError, ValueError):
        raise InvalidInput({"input": "must be a JSON object"}) from None
    if len(written) > MAX_INPUT_BYTES:
        raise InvalidInput({"input": "is larger than 1 MiB"})
    payload: dict[str, Any] = orjson.loads(written)
    return payload


def _key(given: str | None) -> str | None:
    if given is not None and not (0 < len(given) <= MAX_KEY and given.isprintable()):
        raise InvalidInput({"idempotency_key": f"has 1 to {MAX_KEY} readable characters"})
    return f"api:{given}" if given is not None else None


def require_live(row: Workflow) -> None:
    """Raise Conflict `not_published` or `workflow_paused` for a workflow that cannot be started."""
    if row.published_number is None:
        raise Conflict("not_published", "Publish the workflow first.")
    if row.paused:
        raise Conflict("workflow_paused", "The workflow is paused. Resume it first.")


def startable(hub: Hub, session: Session, row: Workflow) -> dict[str, Any]:
    """The draft, when nothing keeps it from running; raises InvalidInput `not_publishable`."""
    found = find_problems(hub, session, row.organization_id, parse(row.draft))
    errors = {one.path: one.message for one in found if one.severity is Severity.ERROR and one.path.startswith("steps")}
    if errors:
        raise InvalidInput(errors, "", "not_publishable")
    return row.draft
