"""When a schedule comes next, in words of its own time zone; pure functions only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from integrations_app.workflows.cron import parse_cron

SHOWN_TIMES = 3


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
