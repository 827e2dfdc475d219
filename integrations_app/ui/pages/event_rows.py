"""What the pages of inbound events show, as small frozen rows; pure functions only."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from integrations_app.ui.pages.run_words import SHORT_ID, iso
from integrations_app.workflows.events import ACCEPTED, DUPLICATE, IGNORED, EventDetail, EventRow
from integrations_app.workflows.rejections import REJECTED
from integrations_app.workflows.views import RunRow

WORDS = {ACCEPTED: "Accepted", DUPLICATE: "Came more than once", REJECTED: "Rejected", IGNORED: "Handshake"}
DOTS = {ACCEPTED: "connected", REJECTED: "error", IGNORED: "disconnected"}
"""Statuses of the badge whose dot says the same."""


@dataclass(frozen=True)
class EventLine:
    """One delivery of the list, and the head of its page."""

    id: str = ""
    short_id: str = ""
    href: str = ""
    verdict: str = ""
    dot: str = "disconnected"
    word: str = ""
    source: str = ""
    kind: str = ""
    delivery_id: str = ""
    received_at: str = ""
    note: str = ""
    """What came of it."""
    kept: bool = False
    """Its body is there to be read."""
    replayable: bool = False


@dataclass(frozen=True)
class StartedLine:
    """One run that a delivery started."""

    href: str
    status: str
    word: str
    workflow_name: str
    created_at: str


@dataclass(frozen=True)
class HeaderLine:
    """One header of a delivery."""

    name: str
    value: str


def event_line(row: EventRow) -> EventLine:
    """A delivery in words."""
    rejected = row.verdict == REJECTED
    return EventLine(
        id=row.id,
        short_id=row.id[:SHORT_ID],
        href=f"/events/{row.id}",
        verdict=row.verdict,
        dot=DOTS.get(row.verdict, "disconnected"),
        word=WORDS.get(row.verdict, row.verdict),
        source=row.endpoint_name or "A deleted endpoint",
        kind=row.kind,
        delivery_id="" if rejected else row.delivery_id,
        received_at=iso(row.received_at),
        note=note_of(row),
        kept=not rejected,
        replayable=row.verdict == ACCEPTED,
    )


def note_of(row: EventRow) -> str:
    """What came of a delivery: its runs, how often it came, or why it was rejected."""
    if row.verdict == REJECTED:
        return row.reason if row.times == 1 else f"{row.reason} {row.times:,} deliveries since the row before."
    runs = "Started no run" if row.runs == 0 else "Started 1 run" if row.runs == 1 else f"Started {row.runs:,} runs"
    return runs if row.times == 1 else f"{runs} · came {row.times:,} times"


def header_lines(headers: Mapping[str, str]) -> list[HeaderLine]:
    """The headers in order of name."""
    return [HeaderLine(name, value) for name, value in sorted(headers.items())]


def body_text(detail: EventDetail) -> str:
    """The body laid out where it is JSON, else as it came."""
    try:
        laid_out = orjson.dumps(orjson.loads(detail.body), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        laid_out = detail.body
    return f"{laid_out}\n…" if detail.cut else laid_out


def started_line(row: RunRow, words: Mapping[str, str]) -> StartedLine:
    """A run that the delivery started."""
    word = words.get(row.status, row.status)
    return StartedLine(f"/runs/{row.id}", row.status, word, row.workflow_name, iso(row.created_at))
