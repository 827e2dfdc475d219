"""The form of a schedule, what it offers, and when it comes next in its own time zone; pure functions only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from integrations_app.sdk.forms import Choice, Field, Widget
from integrations_app.ui.components.mapping_input import PickerOption
from integrations_app.workflows.cron import parse_cron
from integrations_app.workflows.definition import RUN_ALL, RUN_ONCE, SKIP

SHOWN_TIMES = 3
SHOWN_CHOICES = 50
SCHEDULE_FIELDS = (
    Field(
        "cron",
        "Schedule",
        Widget.CHOICES,
        "Minute, hour, day, month, weekday: 0 9 * * 1-5. Or an interval: @every 90m",
        True,
        placeholder="0 9 * * *",
        picker=True,
    ),
    Field("timezone", "Time zone", Widget.CHOICES, "Such as Europe/Berlin.", default="UTC", picker=True),
    Field(
        "missed",
        "Missed times",
        Widget.SELECT,
        "Times that passed while nothing was executed, such as during an update.",
        default=RUN_ONCE,
        options=(
            Choice(RUN_ONCE, "Run once for all of them"),
            Choice(SKIP, "Skip them"),
            Choice(RUN_ALL, "Run for each, at most 100"),
        ),
    ),
)
USUAL_TIMES = {
    "@every 15m": "Every 15 minutes",
    "@hourly": "Every hour",
    "@every 6h": "Every 6 hours",
    "0 9 * * *": "Every day at 9:00",
    "0 9 * * 1-5": "Monday to Friday at 9:00",
    "0 9 * * 1": "Every Monday at 9:00",
    "0 9 1 * *": "First of the month at 9:00",
}


def schedule_choices(name: str, words: str) -> list[PickerOption]:
    """What a field of the schedule offers for the words typed so far; a time zone also by its city."""
    if name == "timezone":
        asked = words.strip().replace(" ", "_").casefold()
        zones = sorted(one for one in available_timezones() if asked in one.casefold())
        return [PickerOption(one, one) for one in zones[:SHOWN_CHOICES]]
    asked = words.strip().casefold()
    return [
        PickerOption(cron, said, cron)
        for cron, said in USUAL_TIMES.items()
        if asked in said.casefold() or asked in cron
    ]


def next_times(config: Mapping[str, Any], now: datetime) -> list[str]:
    """The next times of a schedule trigger's config after `now` (aware); none while it cannot be read."""
    zone = config.get("timezone", "UTC")
    if not isinstance(zone, str) or zone not in available_timezones():
        return []
    try:
        cron = parse_cron(str(config.get("cron", "")))
    except ValueError:
        return []
    local = ZoneInfo(zone)
    found: list[str] = []
    moment = cron.after(now, zone)
    while moment is not None and len(found) < SHOWN_TIMES:
        found.append(f"{moment.astimezone(local):%a %d %b %Y, %H:%M %Z}")
        moment = cron.after(moment, zone)
    return found
