"""The rate budget: never more calls than were told to be left, nobody waits for nothing, everybody gets a time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.kit.rate_budget import LONGEST_PAUSE, BucketState, RateBudget, Reading

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RESET = NOW + timedelta(minutes=30)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_what_nothing_is_known_of_leaves_at_once() -> None:
    assert RateBudget().take("core", NOW) == 0.0


def test_a_spent_budget_waits_until_its_reset() -> None:
    budget = RateBudget()
    budget.tell(Reading("core", 5000, 0, RESET), NOW)
    assert budget.take("core", NOW) == pytest.approx(1800)
    assert budget.take("search", NOW) == 0.0
    assert budget.take("core", RESET) == 0.0


def test_calls_under_way_are_counted_before_they_are_answered() -> None:
    budget = RateBudget()
    budget.tell(Reading("core", 5000, 3, RESET), NOW)
    assert [budget.take("core", NOW) > 0 for _ in range(5)] == [False, False, False, True, True]
    budget.give_back("core")
    assert budget.take("core", NOW) == 0.0


def test_an_answer_that_comes_late_does_not_give_calls_back() -> None:
    budget = RateBudget()
    budget.tell(Reading("core", 5000, 10, RESET), NOW)
    budget.tell(Reading("core", 5000, 12, RESET + timedelta(seconds=1)), NOW)
    budget.tell(Reading("core", 5000, 4000, RESET - timedelta(hours=1)), NOW)
    assert [state.remaining for state in budget.states()] == [10]
    budget.tell(Reading("core", 5000, 4999, RESET + timedelta(hours=1)), RESET)
    assert [state.remaining for state in budget.states()] == [4999]


def test_a_pause_for_every_call_holds_every_bucket() -> None:
    budget = RateBudget()
    budget.tell(Reading(refused=True, pause=60), NOW)
    assert budget.take("core", after(1)) == pytest.approx(59)
    assert budget.take("search", after(1)) > 0
    assert budget.take("core", after(60)) == 0.0


def test_a_refusal_without_a_time_is_guessed_longer_and_longer() -> None:
    budget = RateBudget()
    waits = []
    now = NOW
    for _ in range(9):
        budget.tell(Reading(refused=True), now)
        state = budget.states()[0]
        assert state.blocked_until is not None
        waits.append((state.blocked_until - now).total_seconds())
        now = state.blocked_until
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert budget.take("", now) == 0.0
    budget.give_back("")
    budget.tell(Reading(most=10, remaining=9, resets_at=None), now)
    budget.tell(Reading(refused=True), now)
    assert budget.take("", now) == pytest.approx(1)


def test_nonsense_is_bounded() -> None:
    for pause in (-1.0, 0.0, 1e12):
        budget = RateBudget()
        budget.tell(Reading(refused=True, pause=pause), NOW)
        assert 0 < budget.take("", NOW) <= LONGEST_PAUSE


def test_those_who_wait_come_one_after_another() -> None:
    budget = RateBudget()
    budget.tell(Reading("post", refused=True, pause=30, spacing=1.0), NOW)
    told = [budget.take("post", NOW) for _ in range(5)]
    assert told == pytest.approx([30, 31, 32, 33, 34])
    assert [budget.take("post", after(seconds)) == 0.0 for seconds in told] == [True] * 5


def test_after_a_pause_the_crowd_is_spread_for_a_minute() -> None:
    budget = RateBudget()
    budget.tell(Reading("post", refused=True, pause=10, spacing=2.0), NOW)
    assert budget.take("post", after(10)) == 0.0
    assert budget.take("post", after(10)) == pytest.approx(2.0)
    assert budget.take("post", after(12)) == 0.0
    assert [budget.take("post", after(75)) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_what_was_written_down_counts_and_the_stricter_wins() -> None:
    budget = RateBudget()
    budget.restore(BucketState("core", 5000, 0, RESET, None))
    assert budget.take("core", NOW) == pytest.approx(1800)
    budget.restore(BucketState("post", None, None, None, after(20)))
    budget.restore(BucketState("post", None, None, None, after(5)))
    assert budget.take("post", NOW) == pytest.approx(20)


@given(
    remaining=st.integers(0, 30),
    steps=st.lists(st.tuples(st.sampled_from(["take", "answer", "fail"]), st.floats(0, 100)), max_size=200),
)
def test_no_more_calls_leave_in_a_window_than_were_left(remaining: int, steps: list[tuple[str, float]]) -> None:
    """However answers are ordered and lost: the vendor counts what left, and is never asked for one too many."""
    budget, left, under_way = RateBudget(), remaining, 0
    budget.tell(Reading("core", 30, remaining, RESET), NOW)
    for step, seconds in steps:
        now = after(seconds)
        if step == "take":
            waits = budget.take("core", now)
            assert waits >= 0
            if waits == 0.0:
                left -= 1
                under_way += 1
                assert left >= 0
        elif under_way:
            under_way -= 1
            budget.give_back("core", answered=step == "answer")
            if step == "answer":
                budget.tell(Reading("core", 30, left, RESET), now)
