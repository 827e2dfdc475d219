"""What the runs list and the run page show, as small frozen rows; pure functions only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from integrations_app.errors import NotFound
from integrations_app.sdk.registry import Registry
from integrations_app.ui.pages.integrations_rows import LOGO
from integrations_app.ui.pages.run_fixes import fix_for
from integrations_app.ui.pages.run_words import (
    REASON_WORDS,
    SHORT_ID,
    STATUS_WORDS,
    UNTITLED,
    duration_between,
    iso,
    pretty_json,
    started_by,
    status_word,
    steps_word,
    turn_words,
    version_words,
)
from integrations_app.workflows.models import FINISHED
from integrations_app.workflows.views import RunDetail, RunRow, StepRow

ROOM_AHEAD = 1.15
"""An unfinished run's time so far is drawn as if it had gone on this much longer."""
TAKEN_OVER = "taken over"
"""Of a step that ran in an earlier run, of which this one is a replay."""
TYPE_WORDS = {
    "condition": "Condition",
    "for_each": "For each",
    "delay": "Delay",
    "stop": "Stop",
    "action": "Action",
    "respond_to_webhook": "Answer",
}


@dataclass(frozen=True)
class RunLine:
    """One run of the list."""

    id: str
    short_id: str
    href: str
    status: str
    word: str
    workflow_name: str
    workflow_href: str
    created_at: str
    wake_at: str
    duration: str
    note: str
    """The error in words, or how far its steps have come."""
    is_trouble: bool


@dataclass(frozen=True)
class StepLine:
    """One step of a run; what it was given and gave is read only when somebody looks."""

    path: str
    name: str
    turn: str
    depth: int
    kind: str
    logo: str
    status: str
    word: str
    attempts: str
    duration: str
    wake_at: str
    bar_left: str
    bar_width: str
    error: str
    fix: str
    replayable: bool


@dataclass(frozen=True)
class StepValues:
    """What one step was given and gave, as JSON for reading; `output` is empty while there is none."""

    inputs: str = ""
    output: str = ""


@dataclass(frozen=True)
class RunHead:
    """The top of the run page."""

    short_id: str = ""
    status: str = "queued"
    word: str = ""
    workflow_name: str = ""
    workflow_href: str = ""
    version: str = ""
    started_by: str = ""
    replay_of_href: str = ""
    created_at: str = ""
    ended_at: str = ""
    wake_at: str = ""
    duration: str = ""
    error: str = ""
    fix: str = ""
    finished: bool = False
    cancelling: bool = False
    failed_path: str = ""
    doubtful_path: str = ""


def run_line(row: RunRow, steps: Mapping[str, int]) -> RunLine:
    """Lay out one run; `steps` is how many of its steps stand where."""
    return RunLine(
        id=row.id,
        short_id=row.id[:SHORT_ID],
        href=f"/runs/{row.id}",
        status=row.status,
        word=status_word(row),
        workflow_name=row.workflow_name or UNTITLED,
        workflow_href=f"/workflows/{row.workflow_id}",
        created_at=row.created_at.isoformat(),
        wake_at=iso(row.wake_at) if row.status == "waiting" else "",
        duration=duration_between(row.started_at, row.ended_at),
        note=row.error_message or steps_word(steps),
        is_trouble=row.status in {"failed", "held"},
    )


def merge_lines(fresh: list[RunLine], earlier: Iterable[RunLine]) -> list[RunLine]:
    """The newest runs as just read, then those shown below them before, without any run twice."""
    if not fresh:
        return []
    known, last = {line.id for line in fresh}, fresh[-1].created_at
    return [*fresh, *[line for line in earlier if line.id not in known and line.created_at <= last]]


# --- the run page ---------------------------------------------------------------------------------


def run_head(detail: RunDetail) -> RunHead:
    """Lay out the run itself."""
    row, finished = detail.row, detail.row.status in FINISHED
    troubled = row.status in {"failed", "held"}
    return RunHead(
        short_id=row.id[:SHORT_ID],
        status=row.status,
        word=status_word(row),
        workflow_name=row.workflow_name or UNTITLED,
        workflow_href=f"/workflows/{row.workflow_id}",
        version=version_words(row.version),
        started_by=started_by(row),
        replay_of_href=f"/runs/{row.replay_of}" if row.replay_of else "",
        created_at=row.created_at.isoformat(),
        ended_at=iso(row.ended_at),
        wake_at=iso(row.wake_at) if row.status == "waiting" else "",
        duration=duration_between(row.started_at, row.ended_at),
        error=row.error_message if troubled or finished else "",
        fix=fix_for(row.error_code) if troubled else "",
        finished=finished,
        cancelling=row.cancel_requested and not finished,
        failed_path=failed_path(detail.steps) if row.status == "failed" else "",
        doubtful_path=doubtful_path(detail.steps) if row.status == "held" else "",
    )


def step_values(step: StepRow) -> StepValues:
    """What a step was given (masked) and gave."""
    return StepValues(pretty_json(step.inputs), "" if step.output is None else pretty_json(step.output))


def step_lines(steps: Iterable[StepRow], row: RunRow, registry: Registry, now: datetime) -> list[StepLine]:
    """Lay out the steps of a run as a waterfall over its time so far, with some room ahead while it goes on."""
    begin = row.started_at or row.created_at
    span = max(((row.ended_at or now) - begin).total_seconds(), 0.001) * (1 if row.ended_at else ROOM_AHEAD)
    return [_step_line(step, registry, begin, span, row) for step in steps]


def _step_line(step: StepRow, registry: Registry, begin: datetime, span: float, row: RunRow) -> StepLine:
    kind, logo = action_words(step, registry)
    taken_over = bool(row.replay_of and step.ended_at and step.ended_at < row.created_at)
    left, width = ("", "") if taken_over else bar_of(step, begin, span)
    return StepLine(
        path=step.path,
        name=step.name or step.key,
        turn=turn_words(step.path),
        depth=step.path.count("/") // 2,
        kind=kind,
        logo=logo,
        status=step.status,
        word=REASON_WORDS.get(step.error_code, "Held") if step.status == "held" else STATUS_WORDS[step.status],
        attempts=TAKEN_OVER if taken_over else f"{step.attempts} attempts" if step.attempts > 1 else "",
        duration=duration_between(step.started_at, step.ended_at) if step.status != "skipped" else "",
        wake_at=iso(step.wake_at) if step.status == "waiting" else "",
        bar_left=left,
        bar_width=width,
        error=step.error_message,
        fix=fix_for(step.error_code) if step.status in {"failed", "held"} else "",
        replayable=row.status in FINISHED,
    )


def action_words(step: StepRow, registry: Registry) -> tuple[str, str]:
    """What the step does in words, and the logo of its provider (empty for steps of our own)."""
    if not step.action:
        return TYPE_WORDS.get(step.type, step.type), ""
    try:
        provider, action = registry.action(step.action)
    except NotFound:
        return step.action, ""
    return f"{provider.name} · {action.title}", LOGO.format(provider.key)


def bar_of(step: StepRow, begin: datetime, span: float) -> tuple[str, str]:
    """Left edge and width of a step's bar in percent of the run's time; empty for a step that never began."""
    if step.started_at is None or step.status == "skipped":
        return "", ""
    left = min(max((step.started_at - begin).total_seconds() / span, 0.0), 1.0)
    right = min(max((step.ended_at - begin).total_seconds() / span, left), 1.0) if step.ended_at else 1.0
    return f"{left * 100:.2f}%", f"{(right - left) * 100:.2f}%"


def failed_path(steps: Iterable[StepRow]) -> str:
    """The path of the step that ended a failed run: of those that failed, the one that began last."""
    return next((step.path for step in reversed(list(steps)) if step.status == "failed"), "")


def doubtful_path(steps: Iterable[StepRow]) -> str:
    """The path of the step whose outcome a person must tell; empty when there is none."""
    held = (step.path for step in steps if step.status == "held" and step.error_code == "outcome_unknown")
    return next(held, "")
