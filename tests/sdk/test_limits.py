"""What the headers of an answer tell of its limits."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations_app.sdk.limits import Answered

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def answered(**headers: str) -> Answered:
    return Answered("GET", "https://api.example/", "", 200, headers, NOW)


@pytest.mark.parametrize(("text", "per_second"), [("1795954500", 1), ("1795954500250", 1000)])
def test_a_moment_is_told_in_seconds_or_finer(text: str, per_second: int) -> None:
    found = answered(reset=text).moment("reset", per_second)
    assert found is not None
    assert abs(found - datetime.fromtimestamp(1795954500, UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("text", ["", "soon", "-5", "1", "99999999999999999999", "١٢"])
def test_nonsense_is_no_moment(text: str) -> None:
    assert answered(reset=text).moment("reset") is None


def test_the_vendors_clock_decides() -> None:
    date = "Sun, 29 Nov 2026 13:00:00 GMT"
    there = int((NOW + timedelta(hours=1, seconds=30)).timestamp())
    assert answered(reset=str(there), date=date).moment("reset") == NOW + timedelta(seconds=30)
