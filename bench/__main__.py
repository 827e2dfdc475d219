"""`python -m bench`: start the yardsticks and the product, load them in turn, print the table, write JSON."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench import report
from bench.measures import (
    MIB,
    Round,
    first_run_seconds,
    installed_mib,
    interleaved,
    measure_answers,
    measure_burst,
    measure_burst_of_runs,
    measure_runs,
)
from bench.serving import ROOT, serve_app, serve_product

TWO, ONE, GROUP = "limit: two commits and a POST", "limit: accept, one commit", "limit: accept, group commit"
PRODUCT, ACCEPTING, OTHER = "product", "product, accept only", "the other checkout"


def main() -> int:
    """Measure and tell; with `--strict` 1 when a goal is missed."""
    given = _arguments()
    began, load_before = time.time(), os.getloadavg()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load_before[0]:.2f} before the start")
    print(f"load generator: bench/load.py, {given.clients} keep-alive connections in a closed loop, own process")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        found, systems = _measure(given, Path(folder), stack)
    table = report.rows(found)
    load_after = os.getloadavg()
    print(report.shown(table, systems))
    print(f"\nload average {load_before[0]:.2f} before, {load_after[0]:.2f} after; {time.time() - began:.0f} s in all")
    result = {
        "began": began,
        "arguments": {name: str(value) for name, value in vars(given).items()},
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_before": load_before,
                    "load_after": load_after},
        "goals": [asdict(row) for row in table],
        "rounds": {name: [asdict(one) for one in rounds] for name, rounds in systems.items()},
        "bursts": {"limit": asdict(found.burst_limit), "product": asdict(found.burst)},
    }  # fmt: skip
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if given.strict and not all(row.passed for row in table) else 0


def _measure(given: argparse.Namespace, work: Path, stack: ExitStack) -> tuple[report.Figures, dict[str, list[Round]]]:
    sink = stack.enter_context(serve_app("bench.sink:app", work))
    limit = stack.enter_context(
        serve_app(
            "bench.limit:build", work, BENCH_SINK=f"http://127.0.0.1:{sink.port}/in", BENCH_DB=str(work / "limit.db")
        )
    )
    product = stack.enter_context(serve_product(given.product, work / "product", sink.port))
    start_seconds = first_run_seconds(product)
    accepting = stack.enter_context(serve_product(given.product, work / "accepting", sink.port, "--no-execute"))
    measures: dict[str, Callable[[float], Round]] = {
        TWO: partial(measure_answers, limit.at("/two"), given.clients),
        ONE: partial(measure_answers, limit.at("/one"), given.clients),
        GROUP: partial(measure_answers, limit.at("/group"), given.clients),
        ACCEPTING: partial(measure_answers, accepting.target, given.clients),
        PRODUCT: partial(measure_runs, product, given.clients),
    }
    if given.against:
        other = stack.enter_context(serve_product(given.against, work / "other", sink.port))
        measures[OTHER] = partial(measure_runs, other, given.clients)
    for measure in measures.values():
        measure(min(1.0, given.seconds))  # warm
    systems = interleaved({name: partial(one, given.seconds) for name, one in measures.items()}, given.rounds)
    burst_limit, burst = measure_burst(limit.at("/group")), measure_burst_of_runs(product)
    found = report.Figures(
        two=systems[TWO],
        one=systems[ONE],
        group=systems[GROUP],
        product=systems[PRODUCT],
        accepting=systems[ACCEPTING],
        burst_limit=burst_limit,
        burst=burst,
        start_seconds=start_seconds,
        resident_mib=product.target.resident_bytes() / MIB,
        installed_mib=installed_mib(),
    )
    return found, systems


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="load per system and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--product", type=Path, default=ROOT, help="checkout to measure")
    parser.add_argument("--against", type=Path, help="another checkout, loaded in the same rounds")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results.json")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
