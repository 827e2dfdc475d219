"""Cron expressions of five fields, and intervals: parsed, and the next time they name in a time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_BOUNDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_WEEKDAYS = "sun mon tue wed thu fri sat"
_NAMES = {
    "month": {name: number for number, name in enumerate(_MONTHS.split(), 1)},
    "weekday": {name: number for number, name in enumerate(_WEEKDAYS.split())},
}
_MACROS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
EVERY = "@every"
_INTERVAL = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST_INTERVAL = timedelta(days=31)
_FIRST_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""From where intervals are counted, so that every process names the same times, and weeks begin on a Monday."""
MAX_CHARS = 200
MAX_DIGITS = 4
MAX_YEARS = 8
"""29 February is at most eight years away."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field allows. Weekday 0 is Sunday."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Both day fields are restricted: a day that fits one of them counts, as cron has always done."""

    def after(self, moment: datetime, zone: str) -> datetime | None:
        """The first time later than `moment` (aware), in UTC; None when the expression never comes.

        A local time that the clocks skip is not met that day; one that comes twice is met once.
        """
        local_zone = ZoneInfo(zone)
        local = moment.astimezone(local_zone).replace(second=0, microsecond=0, tzinfo=None)
        day = local.date()
        for offset in range(366 * MAX_YEARS):
            date = day + timedelta(days=offset)
            if not self._fits_day(date.day, date.month, (date.weekday() + 1) % 7):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    there = datetime(date.year, date.month, date.day, hour, minute, tzinfo=local_zone)
                    found = there.astimezone(UTC)
                    exists = found.astimezone(local_zone).replace(tzinfo=None) == there.replace(tzinfo=None)
                    if exists and found > moment:
                        return found
        return None

    def _fits_day(self, day: int, month: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        by_date, by_weekday = day in self.days, weekday in self.weekdays
        return by_date or by_weekday if self.either_day else by_date and by_weekday


@dataclass(frozen=True, slots=True)
class Interval:
    """Times that are always as far apart, whatever the clocks of a place do: a day is 24 hours."""

    length: timedelta

    def after(self, moment: datetime, zone: str) -> datetime:  # noqa: ARG002 - a cron expression needs it
        """The first multiple of the interval later than `moment` (aware), in UTC; `zone` does not matter."""
        passed = (moment - _FIRST_MONDAY) // self.length
        return _FIRST_MONDAY + (passed + 1) * self.length


def parse_cron(text: str) -> Cron | Interval:
    """Parse five fields (`*`, lists, ranges, steps, names), `@hourly|daily|weekly|monthly`, or `@every 90m|6h|2d`.

    ValueError in words when it is none of them, or names a day that never comes.
    """
    if len(text) > MAX_CHARS:
        raise ValueError("it is too long")
    parts = _MACROS.get(text.strip().lower(), text).split()
    if parts and parts[0].lower() == EVERY:
        return _parse_interval("".join(parts[1:]))
    if len(parts) != len(_BOUNDS):
        raise ValueError("it has five fields: minute hour day month weekday")
    minutes, hours, days, months, weekdays = (
        _parse_field(part, *bounds) for part, bounds in zip(parts, _BOUNDS, strict=True)
    )
    weekdays = frozenset(day % 7 for day in weekdays)
    cron = Cron(minutes, hours, days, months, weekdays, not parts[2].startswith("*") and not parts[4].startswith("*"))
    if cron.after(datetime(2024, 1, 1, tzinfo=UTC), "UTC") is None:
        raise ValueError("that day never comes")
    return cron


def _parse_interval(text: str) -> Interval:
    found = _INTERVAL.fullmatch(text.lower())
    length = int(found[1]) * _UNITS[found[2]] if found else timedelta()
    if not timedelta() < length <= LONGEST_INTERVAL:
        raise ValueError("@every takes minutes, hours or days, at most 31 days: @every 90m, @every 6h or @every 2d")
    return Interval(length)


def _parse_field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for piece in text.split(","):
        span, slash, step = piece.partition("/")
        first, dash, last = span.partition("-")
        start = low if span == "*" else _value(first, name, low, high)
        end = high if span == "*" or (slash and not dash) else _value(last, name, low, high) if dash else start
        stride = _value(step, name, 1, high) if slash else 1
        if start > end:
            raise ValueError(f"{piece!r} runs backwards")
        found.update(range(start, end + 1, stride))
    return frozenset(found)


def _value(text: str, name: str, low: int, high: int) -> int:
    number = _NAMES.get(name, {}).get(text.lower())
    if number is None and text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        number = int(text)
    if number is None or not low <= number <= high:
        raise ValueError(f"{text!r} is no {name}")
    return number
