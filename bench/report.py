"""The table: goals with verdicts on ratios, then the figures of this machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.measures import BURST_CLIENTS, BURST_EVENTS, Burst, Round

RUNS_RATIO, CPU_RATIO, CPU_MS = 0.5, 2.0, 2.0
P50_RATIO, P99_RATIO = 2.0, 3.0
BURST_RATIO, GROWN_MIB = 0.5, 100.0
INSTALLED_MB, RESIDENT_MIB, START_SECONDS = 300.0, 250.0, 6.0


@dataclass(frozen=True)
class Row:
    """One line of the table; `passed` is the verdict."""

    number: str
    what: str
    reached: str
    goal: str
    passed: bool
    kind: str = "ratio"


@dataclass(frozen=True)
class Figures:
    """All that was measured. `product` and `accepting` (which leaves runs to later) are of the product."""

    two: list[Round]
    one: list[Round]
    group: list[Round]
    product: list[Round]
    accepting: list[Round]
    burst_limit: Burst
    burst: Burst
    start_seconds: float
    resident_mib: float
    installed_mib: float


def rows(found: Figures) -> list[Row]:
    """The goals of the product against what was reached."""
    runs = _ratios(found.product, found.two, lambda one: one.rate)
    cpu = _ratios(found.product, found.two, lambda one: one.cpu_ms)
    return [
        _at_least("1", "finished runs/s, of the two-commit limit", runs, RUNS_RATIO),
        _at_most("2", "CPU per run, of the two-commit limit", cpu, CPU_RATIO),
        *_accept_rows("3", "accept (runs left to a worker)", found.accepting, found),
        *_accept_rows("3", "accept while all runs are executed", found.product, found),
        *_burst_rows(found),
        *_footprint_rows(found),
    ]


def _accept_rows(number: str, what: str, mine: list[Round], found: Figures) -> list[Row]:
    p50 = _ratios(mine, found.one, lambda one: one.p50)
    p99 = _ratios(mine, found.group, lambda one: one.p99)
    return [
        _at_most(number, f"{what}: p50, of one commit each", p50, P50_RATIO),
        _at_most(number, f"{what}: p99, of the group commit", p99, P99_RATIO),
    ]


def _burst_rows(found: Figures) -> list[Row]:
    burst, what = found.burst, f"burst of {BURST_EVENTS:,} with {BURST_CLIENTS} clients"
    accepted = burst.accepted / found.burst_limit.accepted
    executed = burst.executed == burst.sent
    return [
        Row("4", f"{what}: accepted, of the group commit", f"{accepted:.2f}", f">= {BURST_RATIO}",
            accepted >= BURST_RATIO),
        Row("4", f"{what}: executed", f"{burst.executed:,}", f"{burst.sent:,}", executed, "count"),
        Row("4", f"{what}: memory growth", f"{burst.grown_mib:.0f} MiB", f"<= {GROWN_MIB:.0f} MiB",
            burst.grown_mib <= GROWN_MIB, "absolute"),
    ]  # fmt: skip


def _footprint_rows(found: Figures) -> list[Row]:
    installed = found.installed_mib * 1.048576
    return [
        Row("6", "installed, without node", f"{installed:.0f} MB", f"<= {INSTALLED_MB:.0f} MB",
            installed <= INSTALLED_MB, "absolute"),
        Row("6", "resident after the load", f"{found.resident_mib:.0f} MiB", f"<= {RESIDENT_MIB:.0f} MiB",
            found.resident_mib <= RESIDENT_MIB, "absolute"),
        Row("6", "start to the first finished run", f"{found.start_seconds:.1f} s", f"<= {START_SECONDS:.0f} s",
            found.start_seconds <= START_SECONDS, "absolute"),
    ]  # fmt: skip


def shown(table: Sequence[Row], systems: dict[str, list[Round]]) -> str:
    """The goals and, below them, the figures as text."""
    wide = max(len(row.what) for row in table)
    lines = [f"{'#':2} {'goal':{wide}} {'reached':>20} {'wanted':>10}  verdict  kind"]
    lines += [
        f"{row.number:2} {row.what:{wide}} {row.reached:>20} {row.goal:>10}  {'pass' if row.passed else 'FAIL':7}"
        f"  {row.kind}"
        for row in table
    ]
    wide = max(len(name) for name in systems)
    head = ("done/s", "answered/s", "CPU ms each", "p50 ms", "p99 ms")
    lines += ["", "Absolute figures of this machine at this hour: median (lowest-highest of the rounds)"]
    lines += [f"{'system':{wide}} " + " ".join(f"{name:>22}" for name in head)]
    for name, found in systems.items():
        columns = [[getattr(one, field) for one in found] for field in ("rate", "accepted", "cpu_ms", "p50", "p99")]
        lines.append(f"{name:{wide}} " + " ".join(f"{_spread(column):>22}" for column in columns))
    return "\n".join(lines)


def _ratios(mine: list[Round], yardstick: list[Round], figure: Callable[[Round], float]) -> list[float]:
    """Round by round, because the machine is not equally free in each."""
    return [figure(one) / figure(other) for one, other in zip(mine, yardstick, strict=True)]


def _at_least(number: str, what: str, ratios: list[float], goal: float) -> Row:
    return Row(number, what, _spread(ratios), f">= {goal}", median(ratios) >= goal)


def _at_most(number: str, what: str, ratios: list[float], goal: float) -> Row:
    return Row(number, what, _spread(ratios), f"<= {goal}", median(ratios) <= goal)


def _spread(values: list[float]) -> str:
    digits = 0 if min(values) >= 100 else 2  # noqa: PLR2004 - three digits say enough
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
