"""The next times of a schedule, in its own zone, across the change of clocks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_app.ui.pages.editor_schedule import next_times


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
    ],
)
def test_the_next_three_in_the_zone_of_the_schedule(config: dict[str, Any], now: datetime, expected: list[str]) -> None:
    assert next_times(config, now) == expected


@pytest.mark.parametrize(
    "config", [{}, {"cron": "* * *"}, {"cron": 7}, {"cron": "@daily", "timezone": "Moon/Sea"}, {"timezone": 1}]
)
def test_what_cannot_be_read_has_none(config: dict[str, Any]) -> None:
    assert next_times(config, datetime(2026, 1, 1, tzinfo=UTC)) == []
