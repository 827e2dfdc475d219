"""What the runs list and the run page say about runs and steps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.sdk.registry import Registry
from integrations_app.ui.pages.run_fixes import FIXES, GENERIC_FIX, fix_for
from integrations_app.ui.pages.run_rows import (
    bar_of,
    doubtful_path,
    failed_path,
    merge_lines,
    run_head,
    run_line,
    step_lines,
)
from integrations_app.ui.pages.run_words import (
    MAX_JSON,
    STATUS_WORDS,
    duration_words,
    pretty_json,
    status_word,
    steps_word,
    turn_words,
)
from integrations_app.ui.theme import STATUS_COLORS
from integrations_app.workflows.models import RunStatus, StepStatus
from integrations_app.workflows.views import RunDetail, RunRow, StepRow

BEGIN = datetime(2026, 11, 23, 12, tzinfo=UTC)
RUN = RunRow(
    id="ab" * 16,
    workflow_id="w" * 32,
    workflow_name="Tell the channel",
    version=3,
    status="succeeded",
    reason="",
    held_connection_id=None,
    error_code="",
    error_message="",
    event_id=None,
    replay_of=None,
    cancel_requested=False,
    wake_at=None,
    created_at=BEGIN,
    started_at=BEGIN,
    ended_at=BEGIN + timedelta(seconds=10),
)
STEP = StepRow(
    path="a",
    key="a",
    name="",
    type="action",
    action="",
    connection_id=None,
    status="succeeded",
    attempts=1,
    inputs={},
    output=None,
    error_code="",
    error_message="",
    wake_at=None,
    started_at=BEGIN + timedelta(seconds=1),
    ended_at=BEGIN + timedelta(seconds=6),
)
NO_PROVIDERS = Registry([])


def run(**changes: Any) -> RunRow:
    return replace(RUN, **changes)


def step(**changes: Any) -> StepRow:
    return replace(STEP, **changes)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.004, "0 s"),
        (0.42, "0.42 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (7.46, "7.5 s"),
        (9.96, "10 s"),
        (42.4, "42 s"),
        (59.6, "1 min"),
        (182, "3 min 2 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86_400 * 3 + 3600 * 4 + 59, "3 d 4 h"),
    ],
)
def test_durations_are_said_in_words(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


def test_every_status_has_a_word_and_a_colour() -> None:
    for status in {*map(str, RunStatus), *map(str, StepStatus)}:
        assert STATUS_WORDS[status]
        assert status in STATUS_COLORS or status == "pending"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "Succeeded"),
        ({"status": "held", "reason": "needs_reauth"}, "Held: needs reconnecting"),
        ({"status": "held", "reason": "outcome_unknown"}, "Held: outcome unknown"),
        ({"status": "held", "reason": "something_new"}, "Held"),
        ({"status": "running", "cancel_requested": True}, "Cancelling…"),
        ({"status": "cancelled", "cancel_requested": True}, "Cancelled"),
    ],
)
def test_the_status_of_a_run_is_a_word(changes: dict[str, Any], word: str) -> None:
    assert status_word(run(**changes)) == word


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ({}, ""),
        ({"succeeded": 1}, "1 step"),
        ({"succeeded": 2, "skipped": 1}, "3 steps"),
        ({"succeeded": 2, "running": 1}, "2 of 3 steps"),
    ],
)
def test_steps_are_counted_in_words(steps: dict[str, int], words: str) -> None:
    assert steps_word(steps) == words


def test_a_line_says_what_went_wrong_rather_than_how_far_it_came() -> None:
    good = run_line(RUN, {"succeeded": 2})
    bad = run_line(run(status="failed", error_message="Tell: refused"), {"failed": 1})
    assert (good.note, good.is_trouble, good.duration) == ("2 steps", False, "10 s")
    assert (bad.note, bad.is_trouble) == ("Tell: refused", True)
    assert good.href == f"/runs/{RUN.id}"
    assert good.workflow_href == f"/workflows/{RUN.workflow_id}"


def test_an_unfinished_run_has_no_duration_and_a_waiting_one_says_until_when() -> None:
    waiting = run_line(run(status="waiting", ended_at=None, wake_at=at(60)), {})
    assert (waiting.duration, waiting.wake_at) == ("", at(60).isoformat())
    assert run_line(run(wake_at=at(60)), {}).wake_at == ""


def test_fresh_lines_replace_the_same_runs_and_keep_older_ones_below() -> None:
    lines = [run_line(run(id=f"{number:032x}", created_at=at(-number)), {}) for number in range(6)]
    fresh = [replace(line, word="Fresh") for line in lines[:3]]
    merged = merge_lines(fresh, lines[1:])
    assert [line.id for line in merged] == [line.id for line in lines]
    assert [line.word for line in merged] == ["Fresh"] * 3 + ["Succeeded"] * 3
    assert merge_lines([], lines) == []


def test_a_line_that_fell_out_of_the_fresh_page_is_not_kept_above_it() -> None:
    lines = [run_line(run(id=f"{number:032x}", created_at=at(-number)), {}) for number in range(4)]
    assert [line.id for line in merge_lines(lines[2:3], lines)] == [lines[2].id, lines[3].id]


# --- the run page -------------------------------------------------------------------------------


def test_the_waterfall_places_a_step_within_its_run() -> None:
    assert bar_of(STEP, BEGIN, 10.0) == ("10.00%", "50.00%")
    assert bar_of(step(ended_at=None), BEGIN, 10.0) == ("10.00%", "90.00%")
    assert bar_of(step(started_at=None, ended_at=None), BEGIN, 10.0) == ("", "")
    assert bar_of(step(status="skipped"), BEGIN, 10.0) == ("", "")


def test_a_step_taken_over_from_an_earlier_run_stays_inside_the_track() -> None:
    assert bar_of(step(started_at=at(-100), ended_at=at(-90)), BEGIN, 10.0) == ("0.00%", "0.00%")


def test_a_step_taken_over_says_so_and_has_no_bar() -> None:
    before = step(started_at=at(-100), ended_at=at(-90))
    line = step_lines([before], run(replay_of="d" * 32), NO_PROVIDERS, at(10))[0]
    assert (line.attempts, line.bar_left, line.bar_width) == ("taken over", "", "")
    assert step_lines([STEP], run(replay_of="d" * 32), NO_PROVIDERS, at(10))[0].attempts == ""


def test_a_run_that_goes_on_leaves_room_ahead() -> None:
    line = step_lines([step(started_at=at(0), ended_at=at(10))], run(ended_at=None), NO_PROVIDERS, at(10))[0]
    assert (line.bar_left, line.bar_width) == ("0.00%", "86.96%")


@pytest.mark.parametrize(("path", "words"), [("tell", ""), ("each/2/tell", "Turn 3"), ("a/0/b/4/c", "Turn 1.5")])
def test_turns_of_loops_are_counted_from_one(path: str, words: str) -> None:
    assert turn_words(path) == words


def test_steps_inside_a_loop_stand_deeper() -> None:
    lines = step_lines([step(type="for_each"), step(path="a/0/b", key="b")], RUN, NO_PROVIDERS, at(10))
    assert [(line.depth, line.kind) for line in lines] == [(0, "For each"), (1, "Action")]


def test_a_step_says_its_error_and_what_to_do() -> None:
    failed = step(status="failed", error_code="mapping_error", error_message="inputs.text: is not there", attempts=3)
    line = step_lines([failed], run(status="failed"), NO_PROVIDERS, at(10))[0]
    assert (line.error, line.fix) == ("inputs.text: is not there", FIXES["mapping_error"])
    assert (line.attempts, line.word, line.replayable) == ("3 attempts", "Failed", True)


def test_a_retrying_step_says_why_but_asks_nothing_of_a_person() -> None:
    line = step_lines(
        [step(status="waiting", error_code="unavailable", error_message="Away.", wake_at=at(30), ended_at=None)],
        run(status="waiting", ended_at=None),
        NO_PROVIDERS,
        at(10),
    )[0]
    assert (line.error, line.fix, line.wake_at, line.replayable) == ("Away.", "", at(30).isoformat(), False)


def test_an_action_of_a_provider_that_is_gone_shows_its_key() -> None:
    line = step_lines([step(action="gone.do")], RUN, NO_PROVIDERS, at(10))[0]
    assert (line.kind, line.logo) == ("gone.do", "")


def test_replay_starts_at_the_step_that_failed_last() -> None:
    steps = [step(path=path, status="failed") for path in ("x", "each", "each/1/b")]
    assert failed_path([*steps, step(path="z")]) == "each/1/b"
    assert failed_path([STEP]) == ""


def test_only_a_step_in_doubt_is_resolved() -> None:
    held = step(path="b", status="held", error_code="outcome_unknown")
    assert doubtful_path([STEP, held]) == "b"
    assert doubtful_path([step(status="held", error_code="paused")]) == ""


def test_the_head_of_a_failed_run_offers_a_fix() -> None:
    failed = run(status="failed", error_code="egress_denied", error_message="Call: not allowed")
    head = run_head(RunDetail(failed, {}, (step(status="failed"),)))
    assert (head.fix, head.failed_path, head.finished) == (FIXES["egress_denied"], "a", True)
    assert (head.version, head.short_id) == ("Version 3", "abababab")


def test_the_head_says_what_started_the_run() -> None:
    assert run_head(RunDetail(RUN, {}, ())).started_by == "Started by hand or through the API"
    assert run_head(RunDetail(run(trigger_type="schedule"), {}, ())).started_by == "Started by its schedule"
    assert run_head(RunDetail(run(event_id="e" * 32), {}, ())).started_by == "Event eeeeeeee"
    replayed = run_head(RunDetail(run(replay_of="d" * 32, version=None), {}, ()))
    assert (replayed.started_by, replayed.replay_of_href) == ("Replay of dddddddd", f"/runs/{'d' * 32}")
    assert replayed.version == "Draft"


def test_an_unknown_code_still_has_a_next_step_and_no_code_has_none() -> None:
    assert fix_for("some_vendor_code") == GENERIC_FIX
    assert fix_for("") == ""


def test_json_is_laid_out_and_long_values_are_cut_and_say_so() -> None:
    assert pretty_json({"a": ["é"]}) == '{\n  "a": [\n    "é"\n  ]\n}'
    cut = pretty_json("x" * (MAX_JSON + 1))
    assert len(cut) < MAX_JSON + 200
    assert "cut here: 60,003 characters" in cut
