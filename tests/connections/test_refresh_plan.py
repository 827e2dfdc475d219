"""Lifetimes, jitter and backoff: read generously, never trusted beyond reason."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations_app.connections.refresh_plan import expiry, first_refresh, next_try
from integrations_app.kit.secret import Secret
from integrations_app.sdk.auth import Grant, OAuth2, lifetime

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def oauth(usual_life: int | None = None) -> OAuth2:
    return OAuth2("/a", "/t", lambda _answer: Grant(Secret("x")), usual_life=usual_life)


def grant(told: object) -> Grant:
    return Grant(Secret("x"), Secret("y"), lifetime(told))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("3600", 3600), (3600, 3600), (3600.9, 3600), ("3600.0", 3600)],
)
def test_e07_a_life_may_be_told_as_text(told: object, seconds: int) -> None:
    assert expiry(grant(told), NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "told", [None, 0, -5, "0", "-5", 1e12, "1e999", float("inf"), float("nan"), "soon", "", [], True]
)
def test_e07_a_life_that_cannot_be_is_none(told: object) -> None:
    assert expiry(grant(told), NOW) is None
    assert first_refresh(oauth(), grant(told), NOW, 0.0) == NOW + DAY
    assert first_refresh(oauth(7200), grant(told), NOW, 0.0) == NOW + timedelta(seconds=5760)


def test_it_is_due_at_eighty_percent_a_little_spread_and_daily_at_the_latest() -> None:
    assert first_refresh(oauth(), grant(3600), NOW, 0.0) == NOW + timedelta(seconds=2880)
    assert first_refresh(oauth(), grant(3600), NOW, 0.999) < NOW + timedelta(seconds=2710)
    assert first_refresh(oauth(), grant(30 * 86400), NOW, 0.0) == NOW + DAY


@pytest.mark.parametrize("told", [1, 5, 59])
def test_e07_there_is_no_storm_of_renewals(told: int) -> None:
    assert first_refresh(oauth(), grant(told), NOW, 0.0) == NOW + timedelta(seconds=60)


def test_failures_are_answered_with_growing_patience() -> None:
    pauses = [(next_try(NOW, failures, None, 0.5) - NOW).total_seconds() for failures in range(1, 14)]
    assert pauses[:4] == [5, 10, 20, 40] and pauses[-1] == 3600
    assert next_try(NOW, 1, 120, 0.0) == NOW + timedelta(seconds=120)
    assert next_try(NOW, 1, 1e9, 1.0) <= NOW + timedelta(hours=1.1)
    assert timedelta(seconds=3) < next_try(NOW, 1, -7, 0.0) - NOW < timedelta(seconds=7)
