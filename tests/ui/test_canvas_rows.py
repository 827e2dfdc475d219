"""What the canvas says of the steps of a run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.ui.pages.canvas_rows import StepMark, StepValues, step_marks, values_of
from integrations_app.ui.theme import STATUS_COLORS
from integrations_app.workflows.models import StepStatus
from integrations_app.workflows.views import StepRow

BEGIN = datetime(2026, 11, 29, 12, tzinfo=UTC)
STEP = StepRow(
    path="a",
    key="a",
    name="",
    type="action",
    action="",
    connection_id=None,
    status="succeeded",
    attempts=1,
    inputs={"text": "Hello"},
    output={"id": 7},
    error_code="",
    error_message="",
    wake_at=None,
    started_at=BEGIN,
    ended_at=BEGIN + timedelta(seconds=0.4),
)


def turns(*statuses: str) -> list[StepRow]:
    """The same step in the turns of a loop, each of them 2 s."""
    end = BEGIN + timedelta(seconds=2)
    return [
        replace(STEP, path=f"each/{number}/a", status=status, ended_at=end, inputs={"turn": number})
        for number, status in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Succeeded · 0.40 s"),
        ({"status": "failed"}, "Failed · 0.40 s"),
        ({"status": "running", "ended_at": None}, "Running"),
        ({"status": "held", "error_code": "outcome_unknown", "ended_at": None}, "Held: outcome unknown"),
        ({"status": "skipped"}, "Skipped"),
    ],
)
def test_a_step_is_marked_with_a_word_and_its_duration(changes: dict[str, Any], words: str) -> None:
    row = replace(STEP, **changes)
    assert step_marks([row]) == {"a": StepMark(row.status, words)}


@pytest.mark.parametrize("status", [str(status) for status in StepStatus])
def test_every_status_of_a_step_has_a_mark_in_a_colour(status: str) -> None:
    mark = step_marks([replace(STEP, status=status)])["a"]
    assert mark.words
    assert mark.status in STATUS_COLORS


def test_turns_of_a_loop_are_one_mark_and_what_went_wrong_speaks_for_all() -> None:
    assert step_marks(turns("succeeded", "succeeded", "succeeded"))["a"].words == "Succeeded · 3 times · 6.0 s"
    assert step_marks(turns("failed", "succeeded"))["a"] == StepMark("failed", "Failed · 2 times · 4.0 s")
    assert '"turn": 1' in values_of(turns("succeeded", "failed", "succeeded"), "a").inputs
    assert '"turn": 2' in values_of(turns("succeeded", "succeeded", "succeeded"), "a").inputs


def test_the_data_of_a_step_is_there_once_the_run_has_come_to_it() -> None:
    assert values_of([STEP], "later") == StepValues()
    found = values_of([STEP], "a")
    assert (found.key, found.words, found.error, found.fix) == ("a", "Succeeded · 0.40 s", "", "")
    assert '"id": 7' in found.output
    failed = replace(STEP, status="failed", output=None, error_code="channel_not_found", error_message="None such.")
    told = values_of([failed], "a")
    assert (told.output, told.error) == ("", "None such.")
    assert told.fix
