"""How runs say things: statuses, durations, versions, what started them, and JSON for reading."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from integrations_app.workflows.models import FINISHED
from integrations_app.workflows.views import RunRow

SHORT_ID = 8
UNTITLED = "Untitled workflow"
MAX_JSON = 60_000
"""Characters of one value that are sent to a page."""

STATUS_WORDS = {
    "queued": "Queued",
    "pending": "Pending",
    "running": "Running",
    "waiting": "Waiting",
    "held": "Held",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "skipped": "Skipped",
}
REASON_WORDS = {
    "needs_reauth": "Held: needs reconnecting",
    "paused": "Held: paused",
    "outcome_unknown": "Held: outcome unknown",
}


def status_word(row: RunRow) -> str:
    """Where a run stands, in words."""
    if row.cancel_requested and row.status not in FINISHED:
        return "Cancelling…"
    if row.status == "held":
        return REASON_WORDS.get(row.reason, STATUS_WORDS["held"])
    return STATUS_WORDS.get(row.status, row.status)


def steps_word(steps: Mapping[str, int]) -> str:
    """How far the steps have come: "4 steps", "2 of 3 steps"."""
    total = sum(steps.values())
    done = sum(steps.get(status, 0) for status in ("succeeded", "skipped"))
    noun = "step" if total == 1 else "steps"
    if not total:
        return ""
    return f"{total} {noun}" if done == total else f"{done} of {total} {noun}"


def iso(at: datetime | None) -> str:
    """The time for the page, or nothing."""
    return at.isoformat() if at else ""


def duration_between(begin: datetime | None, end: datetime | None) -> str:
    """How long it took, in words; empty while one of the two is not known."""
    return duration_words((end - begin).total_seconds()) if begin and end else ""


def duration_words(seconds: float) -> str:
    """Seconds as people say them: `0.42 s`, `7.5 s`, `42 s`, `3 min 2 s`, `2 h 5 min`, `3 d 4 h`."""
    if round(seconds, 2) <= 0:
        return "0 s"
    for limit, digits in ((1, 2), (10, 1)):
        if round(seconds, digits) < limit:
            return f"{seconds:.{digits}f} s"
    whole = round(seconds)
    for large, small, size, part in (("d", "h", 86_400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {large}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def started_by(row: RunRow) -> str:
    """What started a run, in words."""
    if row.replay_of:
        return f"Replay of {row.replay_of[:SHORT_ID]}"
    if row.trigger_type == "schedule":
        return "Started by its schedule"
    return f"Event {row.event_id[:SHORT_ID]}" if row.event_id else "Started by hand or through the API"


def turn_words(path: str) -> str:
    """Which turns of which loops a step belongs to: `each/2/tell` is turn 3."""
    turns = [str(int(part) + 1) for part in path.split("/")[1::2] if part.isdigit()]
    return f"Turn {'.'.join(turns)}" if turns else ""


def version_words(version: int | None) -> str:
    """Which version a run executes."""
    return "Draft" if version is None else f"Version {version}"


def pretty_json(value: Any) -> str:
    """JSON for reading; a very long value is cut and says so."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    if len(text) <= MAX_JSON:
        return text
    return f"{text[:MAX_JSON]}\n… cut here: {len(text):,} characters in all. The API gives the whole value."
