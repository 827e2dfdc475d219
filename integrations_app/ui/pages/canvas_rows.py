"""What the canvas shows of a run: where each step stands, in a word with its duration, and what went in and out."""

from collections.abc import Iterable
from dataclasses import dataclass

from integrations_app.ui.pages.run_fixes import fix_for
from integrations_app.ui.pages.run_words import (
    REASON_WORDS,
    STATUS_WORDS,
    duration_between,
    duration_words,
    pretty_json,
)
from integrations_app.workflows.views import StepRow

_TELLING = ("skipped", "succeeded", "cancelled", "pending", "queued", "waiting", "running", "held", "failed")
"""Of the turns of a step in a loop, the one that stands furthest behind here speaks for all."""


@dataclass(frozen=True)
class StepMark:
    """A step of the canvas during a run: a key of STATUS_COLORS, and words."""

    status: str
    words: str


@dataclass(frozen=True)
class StepValues:
    """What the selected step was given and gave, as JSON for reading, and what to do about its error."""

    key: str = ""
    status: str = ""
    words: str = ""
    inputs: str = ""
    output: str = ""
    error: str = ""
    fix: str = ""


def step_marks(steps: Iterable[StepRow]) -> dict[str, StepMark]:
    """A mark per step that the run has come to, by key; the turns of a loop's steps as one."""
    turns: dict[str, list[StepRow]] = {}
    for step in steps:
        turns.setdefault(step.key, []).append(step)
    return {key: _mark(rows) for key, rows in turns.items()}


def values_of(steps: Iterable[StepRow], key: str) -> StepValues:
    """The data of one step, in a loop of its most telling turn; nothing when the run has not come to it."""
    rows = [step for step in steps if step.key == key]
    if not rows:
        return StepValues()
    step, mark = _telling(rows), _mark(rows)
    troubled = step.status in {"failed", "held"}
    return StepValues(
        key=key,
        status=mark.status,
        words=mark.words,
        inputs=pretty_json(step.inputs),
        output="" if step.output is None else pretty_json(step.output),
        error=step.error_message,
        fix=fix_for(step.error_code) if troubled else "",
    )


def _telling(rows: list[StepRow]) -> StepRow:
    return max(reversed(rows), key=lambda row: _TELLING.index(row.status))


def _mark(rows: list[StepRow]) -> StepMark:
    step = _telling(rows)
    held = REASON_WORDS.get(step.error_code, STATUS_WORDS["held"])
    word = held if step.status == "held" else STATUS_WORDS[step.status]
    parts = [word, f"{len(rows)} times" if len(rows) > 1 else "", _duration(rows, step)]
    return StepMark(step.status, " · ".join(part for part in parts if part))


def _duration(rows: list[StepRow], step: StepRow) -> str:
    """How long the step took, all turns together; nothing while it goes on, or when it was not done."""
    if step.status == "skipped" or not step.ended_at:
        return ""
    if len(rows) == 1:
        return duration_between(step.started_at, step.ended_at)
    times = [(row.ended_at - row.started_at).total_seconds() for row in rows if row.started_at and row.ended_at]
    return duration_words(sum(times))
