"""The chart of the last 24 hours: shares of each hour's bar, and the same in words."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from integrations_app.workflows.run_statistics import HourCount

OTHER = "under way or cancelled"
WORDS = ("succeeded", "failed", "held", OTHER)
"""What a bar is stacked of, from the bottom."""

Counts = tuple[int, int, int, int]


@dataclass(frozen=True)
class Bar:
    """One hour; the shares are CSS percentages of the tallest hour, empty for none."""

    title: str
    succeeded: str
    failed: str
    held: str
    other: str


@dataclass(frozen=True)
class Chart:
    """The hours, oldest first, and what they add up to."""

    bars: list[Bar] = field(default_factory=list)
    succeeded: int = 0
    failed: int = 0
    held: int = 0
    other: int = 0
    summary: str = ""
    tallest: int = 0


def chart_of(hours: Iterable[HourCount]) -> Chart:
    """Lay out the hours; the last one is the present hour."""
    counted = [_split(one) for one in hours]
    tallest = max([sum(one) for one in counted], default=0)
    totals = [sum(parts) for parts in zip(*counted, strict=True)] or [0] * len(WORDS)
    bars = [_bar(one, len(counted) - 1 - position, tallest or 1) for position, one in enumerate(counted)]
    succeeded, failed, held, other = totals
    return Chart(bars, succeeded, failed, held, other, summary_of((succeeded, failed, held, other)), tallest)


def summary_of(counts: Counts) -> str:
    """The chart in one sentence."""
    total = sum(counts)
    if not total:
        return "No runs in the last 24 hours."
    return f"{total:,} {'run' if total == 1 else 'runs'} in the last 24 hours: {_said(counts)}."


def _said(counts: Counts) -> str:
    return ", ".join(f"{number:,} {word}" for number, word in zip(counts, WORDS, strict=True) if number)


def _split(one: HourCount) -> Counts:
    succeeded, failed, held = (one.by_status.get(status, 0) for status in ("succeeded", "failed", "held"))
    return succeeded, failed, held, one.total - succeeded - failed - held


def _bar(counts: Counts, back: int, tallest: int) -> Bar:
    when = "This hour" if not back else "1 hour ago" if back == 1 else f"{back} hours ago"
    shares = [f"{100 * number / tallest:.2f}%" if number else "" for number in counts]
    return Bar(f"{when}: {_said(counts) or 'no runs'}", *shares)
