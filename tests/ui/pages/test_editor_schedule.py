"""The next times of a schedule, in its own zone, across the change of clocks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_app.ui.pages.editor_schedule import next_times, schedule_choices


@pytest.mark.parametrize(
    ("config", "now", "expected"),
    [
        (
            {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"},
            datetime(2026, 3, 26, 9, tzinfo=UTC),
            ["Fri 27 Mar 2026, 09:00 CET", "Mon 30 Mar 2026, 09:00 CEST", "Tue 31 Mar 2026, 09:00 CEST"],
        ),
        (
            {"cron": "30 2 * * *", "timezone": "Europe/Berlin"},
            datetime(2026, 3, 27, 12, tzinfo=UTC),
            ["Sat 28 Mar 2026, 02:30 CET", "Mon 30 Mar 2026, 02:30 CEST", "Tue 31 Mar 2026, 02:30 CEST"],
        ),
        (
            {"cron": "@hourly"},
            datetime(2026, 12, 31, 22, 30, tzinfo=UTC),
            ["Thu 31 Dec 2026, 23:00 UTC", "Fri 01 Jan 2027, 00:00 UTC", "Fri 01 Jan 2027, 01:00 UTC"],
        ),
        (
            {"cron": "@every 6h", "timezone": "Europe/Berlin"},
            datetime(2026, 10, 24, 16, tzinfo=UTC),
            ["Sat 24 Oct 2026, 20:00 CEST", "Sun 25 Oct 2026, 02:00 CEST", "Sun 25 Oct 2026, 07:00 CET"],
        ),
    ],
)
def test_the_next_three_in_the_zone_of_the_schedule(config: dict[str, Any], now: datetime, expected: list[str]) -> None:
    assert next_times(config, now) == expected


@pytest.mark.parametrize(
    "config", [{}, {"cron": "* * *"}, {"cron": 7}, {"cron": "@daily", "timezone": "Moon/Sea"}, {"timezone": 1}]
)
def test_what_cannot_be_read_has_none(config: dict[str, Any]) -> None:
    assert next_times(config, datetime(2026, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize("cron", [one.value for one in schedule_choices("cron", "")])
def test_every_usual_time_is_a_schedule(cron: str) -> None:
    assert len(next_times({"cron": cron}, datetime(2026, 1, 1, tzinfo=UTC))) == 3


def test_the_usual_times_and_the_time_zones_are_found_by_words() -> None:
    assert [one.value for one in schedule_choices("cron", "monday")] == ["0 9 * * 1-5", "0 9 * * 1"]
    assert [one.value for one in schedule_choices("timezone", " new york")] == ["America/New_York"]
    assert len(schedule_choices("timezone", "")) == 50
    assert schedule_choices("timezone", "moon") == []
