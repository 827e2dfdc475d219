"""Cron expressions: the times they name, across the change of clocks too."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from integrations_app.workflows.cron import parse_cron


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("* * * * *", "UTC", "2026-11-23T10:00:30", "2026-11-23T10:01:00"),
        ("*/15 9-17 * * mon-fri", "Europe/Berlin", "2026-11-21T00:00:00", "2026-11-23T08:00:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 12 13 * 5", "UTC", "2026-11-14T00:00:00", "2026-11-20T12:00:00"),
        ("@monthly", "UTC", "2026-11-23T00:00:00", "2026-12-01T00:00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-30T00:30:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
        ("0 0 * * 7", "UTC", "2026-11-23T00:00:00", "2026-11-29T00:00:00"),
        ("@every 15m", "Asia/Kolkata", "2026-11-23T10:00:30", "2026-11-23T10:15:00"),
        ("@Every 6 h", "UTC", "2026-11-23T06:00:00", "2026-11-23T12:00:00"),
        ("@every 90m", "UTC", "2026-11-23T00:00:00", "2026-11-23T01:30:00"),
        ("@every 7d", "UTC", "2026-11-25T10:00:00", "2026-11-30T00:00:00"),
        ("5/20 * * * *", "UTC", "2026-11-23T00:06:00", "2026-11-23T00:25:00"),
    ],
)
def test_the_next_time(cron: str, zone: str, after: str, expected: str) -> None:
    assert parse_cron(cron).after(moment(after), zone) == moment(expected)


@pytest.mark.parametrize(
    "cron",
    [
        *["", "* * * *", "60 * * * *", "* * * * mon-", "5-1 * * * *", "*/0 * * * *", "0 0 30 2 *", "x" * 300],
        *["@every", "@every 0m", "@every 30s", "@every 32d", "@every 1.5h", "@every 99999d", "@every ٣m", "every 5m"],
    ],
)
def test_what_is_no_cron_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_cron(cron)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_an_interval_is_always_as_long_when_the_clocks_change(zone: str) -> None:
    every, times = parse_cron("@every 6h"), [moment("2026-10-24T12:00:00")]
    while len(times) < 9:
        later = every.after(times[-1], zone)
        assert later is not None
        times.append(later)
    assert {later - former for former, later in pairwise(times)} == {timedelta(hours=6)}
