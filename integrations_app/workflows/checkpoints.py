"""Checkpoints: a run loaded from its rows, and the journal that writes what became of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlmodel import Session

from integrations_app.connections.health import mark_used
from integrations_app.errors import NotFound, Unavailable
from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.workflows.definition import Definition, parse
from integrations_app.workflows.leaving import Cancelled, Moved
from integrations_app.workflows.models import Event, Run, RunStatus, StepRun, StepStatus, Workflow, WorkflowVersion
from integrations_app.workflows.news import is_news
from integrations_app.workflows.storable import storable_text
from integrations_app.workflows.turns import turn_key

RUN = cast("Table", Run.__table__)  # type: ignore[attr-defined]
STEP = cast("Table", StepRun.__table__)  # type: ignore[attr-defined]
WORKFLOW = cast("Table", Workflow.__table__)  # type: ignore[attr-defined]
EVENT = cast("Table", Event.__table__)  # type: ignore[attr-defined]
VERSION = cast("Table", WorkflowVersion.__table__)  # type: ignore[attr-defined]

ACTIVE = (RunStatus.QUEUED.value, RunStatus.RUNNING.value, RunStatus.WAITING.value)
_PUT_ASIDE = (RunStatus.WAITING.value, RunStatus.HELD.value)
"""Moves after which nobody would look for long whether the run is to end."""
MOVING = ("status", "reason", "held_connection_id", "error_code", "error_message", "wake_at", "started_at", "ended_at")
STEADY = ("step_key", "position", "name", "type", "action", "connection_id")
CHANGING = (
    "status", "attempt", "crashes", "intent_at", "inputs", "output", "error_code", "error_message", "wake_at",
    "waits", "started_at", "ended_at",
)  # fmt: skip
OUTAGE_SECONDS = 60.0
"""How long a worker waits for a database that is away, when it holds no result in its hands."""
CACHED_DEFINITIONS = 512

_FIND_RUN = select(RUN).where(RUN.c.id == bindparam("run_id"))
_STEPS = select(STEP).where(STEP.c.organization_id == bindparam("organization"), STEP.c.run_id == bindparam("run_id"))
_VERSION = select(VERSION.c.definition).where(
    VERSION.c.organization_id == bindparam("organization"),
    VERSION.c.workflow_id == bindparam("workflow"),
    VERSION.c.number == bindparam("number"),
)
_PAUSED = select(WORKFLOW.c.paused).where(
    WORKFLOW.c.organization_id == bindparam("organization"), WORKFLOW.c.id == bindparam("workflow")
)
_MOVE = (
    update(RUN)
    .where(
        RUN.c.organization_id == bindparam("at_organization"),
        RUN.c.id == bindparam("at_run"),
        RUN.c.status.in_(ACTIVE),
    )
    .values({name: bindparam(name) for name in MOVING})
    .returning(RUN.c.cancel_requested)
)
AT_STEP = (
    STEP.c.organization_id == bindparam("at_organization"),
    STEP.c.run_id == bindparam("at_run"),
    STEP.c.path == bindparam("at_path"),
)
"""Where `where_of` points."""
_ADD_STEP = insert(STEP)
_SET_STEP = update(STEP).where(*AT_STEP).values({name: bindparam(name) for name in CHANGING})
_LISTEN = update(STEP).where(*AT_STEP, STEP.c.heard.is_(None)).values(awaits=bindparam("awaits"))
_HEARD = select(STEP.c.heard).where(*AT_STEP)


def where_of(organization_id: str, run_id: str, path: str) -> dict[str, str]:
    """The parameters that name one step of one run."""
    return {"at_organization": organization_id, "at_run": run_id, "at_path": path}


@dataclass(slots=True)
class StepState:
    """One step of the run, as stored or about to be."""

    path: str
    step_key: str
    position: int
    name: str = ""
    type: str = "action"
    action: str = ""
    connection_id: str | None = None
    status: str = StepStatus.PENDING.value
    attempt: int = 0
    crashes: int = 0
    intent_at: datetime | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    output: Any = None
    error_code: str = ""
    error_message: str = ""
    wake_at: datetime | None = None
    waits: dict[str, Any] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stored: bool = False
    listens: str | None = None
    """The operation that events may answer from the next flush on."""

    @property
    def settled(self) -> bool:
        """Whether the step needs no more work."""
        return self.status in {StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.SKIPPED}

    def end(self, status: StepStatus, now: datetime, *, output: Any = None, code: str = "", message: str = "") -> None:
        """Settle the step; whatever was in doubt no longer is."""
        self.status, self.output, self.error_code, self.error_message = status.value, output, code, message
        self.intent_at, self.wake_at, self.waits = None, None, None
        self.started_at, self.ended_at = self.started_at or now, now

    def values(self) -> dict[str, Any]:
        """What changes in its row."""
        self.error_message = storable_text(self.error_message)
        return {name: getattr(self, name) for name in CHANGING}


@dataclass(slots=True)
class RunState:
    """A run as the executor sees it."""

    organization_id: str
    id: str
    workflow_id: str
    workflow_name: str
    definition: Definition
    payload: dict[str, Any]
    status: str
    wake_at: datetime | None
    started_at: datetime | None
    paused: bool
    steps: dict[str, StepState]
    answers: str | None = None
    """The event whose sender it may answer: the one that started it, if this is no replay."""


class Definitions:
    """Parsed published versions; they never change, so they are kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, int], Definition] = {}

    def find(self, session: Session, organization_id: str, workflow_id: str, number: int) -> Definition | None:
        """The parsed version, or None when it is gone."""
        key = (organization_id, workflow_id, number)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        given = {"organization": organization_id, "workflow": workflow_id, "number": number}
        raw = session.connection().execute(_VERSION, given).scalar_one_or_none()
        if raw is None:
            return None
        while len(self._kept) >= CACHED_DEFINITIONS:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = parse(raw)
        return self._kept[key]


def load(session: Session, run_id: str, definitions: Definitions) -> RunState | None:
    """The run with its steps; None when it is gone, has ended or waits for a person.

    Raises NotFound when its version is gone, InvalidInput or ValueError when its definition cannot be read.
    """
    with across_organizations("an engine knows a run only by its id"):
        row = session.connection().execute(_FIND_RUN, {"run_id": run_id}).mappings().one_or_none()
    if row is None or row["status"] not in ACTIVE:
        return None
    organization = row["organization_id"]
    if row["version"] is None:
        definition: Definition | None = parse(row["definition"] or {})
    else:
        definition = definitions.find(session, organization, row["workflow_id"], row["version"])
    if definition is None:
        raise NotFound("The version of that run is gone.")
    given = {"organization": organization, "workflow": row["workflow_id"]}
    paused = session.connection().execute(_PAUSED, given).scalar_one_or_none()
    fresh = row["status"] == RunStatus.QUEUED and row["started_at"] is None and row["replay_of"] is None
    event_id = row["event_id"]
    return RunState(
        organization_id=organization,
        id=row["id"],
        workflow_id=row["workflow_id"],
        workflow_name=row["workflow_name"],
        definition=definition,
        payload=row["trigger_payload"],
        status=row["status"],
        wake_at=row["wake_at"],
        started_at=row["started_at"],
        paused=bool(paused),
        steps={} if fresh else _load_steps(session, organization, run_id),
        answers=event_id if event_id and row["idempotency_key"] == turn_key(event_id) else None,
    )


def _load_steps(session: Session, organization_id: str, run_id: str) -> dict[str, StepState]:
    rows = session.connection().execute(_STEPS, {"organization": organization_id, "run_id": run_id}).mappings()
    return {row["path"]: _state(dict(row)) for row in rows}


def _state(row: Mapping[str, Any]) -> StepState:
    given = {name: row[name] for name in ("path", *STEADY, *CHANGING)}
    return StepState(**given, stored=True)


class Journal:
    """Collects what happened to a run and writes it in one transaction, which is when it becomes true."""

    def __init__(self, hub: Hub, run: RunState) -> None:
        self._hub = hub
        self._run = run
        self._dirty: dict[str, StepState] = {}
        self._used: set[str] = set()
        self._moving: dict[str, Any] = {
            "status": RunStatus.RUNNING.value,
            "reason": "",
            "held_connection_id": None,
            "error_code": "",
            "error_message": "",
            "wake_at": None,
            "started_at": run.started_at or hub.clock(),
            "ended_at": None,
        }

    def note(self, state: StepState) -> None:
        """Remember that the step changed; written with the next flush."""
        self._run.steps[state.path] = state
        self._dirty[state.path] = state

    def note_use(self, connection_id: str) -> None:
        """Remember that a call with the connection succeeded."""
        if is_news(f"connection:{connection_id}"):
            self._used.add(connection_id)

    async def flush(self, **moves: Any) -> None:
        """Write all that was noted, and `moves` of the run. A short outage of the database is waited out.

        While what a call gave is among it, so is a long one: nobody else knows that. Raises Moved when the run
        is no longer active (nothing is written), Cancelled when somebody asked for it (everything is written, but
        nothing of a move that puts the run aside), Unavailable when the outage lasts.
        """
        values = self._moving | moves
        values["error_message"] = storable_text(values["error_message"])
        waited = 0.0
        while True:
            try:
                cancel = await self._hub.database.write(lambda session: self._write(session, values))
                break
            except Unavailable:
                if waited >= OUTAGE_SECONDS and not self._knows_outcome():
                    raise
                waited += 0.5
                await asyncio.sleep(0.5)
        self._moving = values
        for state in self._dirty.values():
            state.stored, state.listens = True, None
        self._dirty.clear()
        self._used.clear()
        if cancel and values["status"] == RunStatus.RUNNING.value:
            raise Cancelled

    def _knows_outcome(self) -> bool:
        return any(one.attempt and one.status != StepStatus.RUNNING for one in self._dirty.values())

    def _write(self, session: Session, values: dict[str, Any]) -> bool:
        run, connection = self._run, session.connection()
        given = values | {"at_organization": run.organization_id, "at_run": run.id}
        cancel = connection.execute(_MOVE, given).scalar_one_or_none()
        if cancel is None:
            raise Moved
        if cancel and values["status"] in _PUT_ASIDE:
            raise Cancelled  # and nothing of this is written: the end of the run takes it along
        where = {"organization_id": run.organization_id, "run_id": run.id}
        added = [
            where | {"path": one.path} | _steady(one) | one.values() for one in self._dirty.values() if not one.stored
        ]
        if added:
            connection.execute(_ADD_STEP, added)
        for one in self._dirty.values():
            if one.stored:
                connection.execute(_SET_STEP, one.values() | where_of(run.organization_id, run.id, one.path))
            if one.listens is not None:
                connection.execute(_LISTEN, where_of(run.organization_id, run.id, one.path) | {"awaits": one.listens})
        if values["status"] == RunStatus.WAITING.value and self._has_heard(session):
            connection.execute(_MOVE, given | {"status": RunStatus.QUEUED.value, "wake_at": None})
        on_commit(session, announcement(self._hub, run.organization_id, "run", run.id))
        for connection_id in self._used:
            if mark_used(session, run.organization_id, connection_id, self._hub.clock()):
                on_commit(session, announcement(self._hub, run.organization_id, "connection", connection_id))
        return bool(cancel)

    def _has_heard(self, session: Session) -> bool:
        """Whether the answer came before the run was parked; the run's row, locked by now, keeps it from coming."""
        run = self._run
        paths = [one.path for one in self._dirty.values() if one.waits is not None]
        return any(heard_by(session, run.organization_id, run.id, path) is not None for path in paths)


def heard_by(session: Session, organization_id: str, run_id: str, path: str) -> dict[str, Any] | None:
    """The answer that a step has heard; None before."""
    found = session.connection().execute(_HEARD, where_of(organization_id, run_id, path)).scalar_one_or_none()
    return cast("dict[str, Any] | None", found)


def _steady(state: StepState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in STEADY}


def storage_is_away(error: Exception) -> bool:
    """Whether our own database cannot be used: says nothing about a step, so no step may fail of it."""
    return isinstance(error, Unavailable) and error.code == "storage_unavailable"


def announcement(hub: Hub, organization_id: str, kind: str, record_id: str) -> Callable[[], None]:
    """What to do after a commit, so that open pages of the organisation hear of the change."""
    message = {"kind": kind, "id": record_id}
    return lambda: hub.bus.publish(organization_topic(organization_id), message)
