"""Frozen rows of workflows, runs and steps for pages and the REST API."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from integrations_app.workflows.definition import MANUAL, SCHEDULE
from integrations_app.workflows.models import SCHEDULE_KEY, Run, StepRun, Workflow
from integrations_app.workflows.problems import KnownConnection, Problem

T = TypeVar("T")
EVENT = "event"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, newest first; `next_cursor` is empty at the end."""

    items: tuple[T, ...]
    next_cursor: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """One workflow of the list."""

    id: str
    name: str
    trigger_type: str
    state: str
    """`draft` (not published), `live` or `paused`."""
    draft_version: int
    published_number: int | None
    connections: tuple[KnownConnection, ...]
    """Those its draft or live version names, with their status."""
    created_at: datetime
    updated_at: datetime
    last_run_at: datetime | None
    next_run_at: datetime | None
    trigger_error: str = ""
    """Why the service could not be asked for what its trigger waits for, the last time; empty when it could."""
    tags: tuple[str, ...] = ()
    """In alphabetical order."""

    @property
    def needs_attention(self) -> bool:
        """Whether its trigger or one of its connections keeps it from running."""
        return bool(self.trigger_error) or any(one.status != "connected" for one in self.connections)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the REST API, times as datetime."""
        shown = asdict(self)
        shown["connections"] = [{"id": one.id, "name": one.name, "status": one.status} for one in self.connections]
        return shown


@dataclass(frozen=True, slots=True)
class History:
    """What somebody can undo in a draft and do again, in words; empty when there is nothing."""

    undo: str = ""
    redo: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowDetail:
    """A workflow with its draft, its live version and what is wrong with the draft."""

    row: WorkflowRow
    draft: Mapping[str, Any]
    live: Mapping[str, Any] | None
    problems: tuple[Problem, ...]
    history: History = History()


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """What a save answers."""

    id: str
    draft_version: int
    problems: tuple[Problem, ...]
    draft: Mapping[str, Any] = field(default_factory=dict)
    history: History = History()


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of the list."""

    id: str
    workflow_id: str
    workflow_name: str
    version: int | None
    status: str
    reason: str
    held_connection_id: str | None
    error_code: str
    error_message: str
    event_id: str | None
    replay_of: str | None
    cancel_requested: bool
    wake_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    trigger_type: str = MANUAL
    """`schedule`, `event` or `manual` (by hand, through the API or as a replay)."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a run; inputs are masked."""

    path: str
    key: str
    name: str
    type: str
    action: str
    connection_id: str | None
    status: str
    attempts: int
    inputs: Mapping[str, Any]
    output: Any
    error_code: str
    error_message: str
    wake_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run with everything that happened in it."""

    row: RunRow
    trigger: Mapping[str, Any]
    steps: tuple[StepRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the REST API, times as datetime."""
        return as_dict(self.row) | {"trigger": self.trigger, "steps": [as_dict(one) for one in self.steps]}


def as_dict(row: RunRow | StepRow) -> dict[str, Any]:
    """The JSON of one row: `error` is there only when something went wrong."""
    shown = asdict(row)
    code, message = shown.pop("error_code"), shown.pop("error_message")
    if code:
        shown["error"] = {"code": code, "message": message}
    return shown


def workflow_row(
    row: Workflow, connections: tuple[KnownConnection, ...], trigger_error: str = "", tags: tuple[str, ...] = ()
) -> WorkflowRow:
    """Freeze a row with the connections it names, why its trigger could not be asked for, and its tags."""
    live = row.published_number is not None
    return WorkflowRow(
        id=row.id,
        name=row.name,
        trigger_type=row.trigger_type if live else str((row.draft.get("trigger") or {}).get("type", "manual")),
        state="draft" if not live else "paused" if row.paused else "live",
        draft_version=row.draft_version,
        published_number=row.published_number,
        connections=connections,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_run_at=row.last_run_at,
        next_run_at=row.next_run_at,
        trigger_error=trigger_error,
        tags=tags,
    )


def run_row(row: Run) -> RunRow:
    """Freeze a run."""
    same = {name: getattr(row, name) for name in RunRow.__dataclass_fields__ if name != "trigger_type"}
    return RunRow(**same, trigger_type=_trigger_type(row))


def _trigger_type(row: Run) -> str:
    """A run's key says what started it; a replay's has none."""
    if (row.idempotency_key or "").startswith(SCHEDULE_KEY):
        return SCHEDULE
    return EVENT if row.event_id and not row.replay_of else MANUAL


def step_row(row: StepRun) -> StepRow:
    """Freeze a step of a run."""
    same = {name: getattr(row, name) for name in StepRow.__dataclass_fields__ if name not in {"key", "attempts"}}
    return StepRow(key=row.step_key, attempts=row.attempt, **same)
