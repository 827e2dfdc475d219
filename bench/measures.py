"""What is measured: rounds of load in turn, one burst, the start and the size."""

import asyncio
import importlib.metadata
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.load import Order, Outcome, send
from bench.serving import Product, Target

BURST_EVENTS, BURST_CLIENTS = 5000, 50
MIB = 1024 * 1024


@dataclass(frozen=True)
class Round:
    """One system under load once. `rate` is of finished work per second; `accepted` of good answers per second."""

    rate: float
    accepted: float
    cpu_ms: float
    p50: float
    p99: float
    machine_load: float


@dataclass(frozen=True)
class Burst:
    """5,000 events at once; for a yardstick only `accepted` says something."""

    accepted: float
    sent: int
    executed: int
    grown_mib: float
    drained_seconds: float


def measure_answers(target: Target, clients: int, seconds: float) -> Round:
    """A system whose work is done when it answers."""
    before = target.cpu_seconds()
    outcome = _sound(target.load(clients, seconds))
    return _round(outcome, outcome.rate, (target.cpu_seconds() - before) / outcome.good)


def measure_runs(product: Product, clients: int, seconds: float) -> Round:
    """The product: runs count when they have succeeded, and the time goes on until none is left."""
    succeeded, before, began = product.succeeded(), product.target.cpu_seconds(), time.perf_counter()
    outcome = _sound(product.target.load(clients, seconds))
    took = product.drain() - began
    finished = product.succeeded() - succeeded
    if finished != outcome.good:
        raise RuntimeError(f"{outcome.good} events accepted, {finished} runs succeeded: {product.runs()}")
    return _round(outcome, finished / took, (product.target.cpu_seconds() - before) / finished)


def measure_burst(target: Target) -> Burst:
    """5,000 events over 50 connections towards a yardstick."""
    outcome = _sound(target.load(BURST_CLIENTS, number=BURST_EVENTS))
    return Burst(outcome.rate, BURST_EVENTS, outcome.good, 0.0, 0.0)


def measure_burst_of_runs(product: Product) -> Burst:
    """5,000 events over 50 connections; memory is looked at before, and when all runs have ended."""
    succeeded, before, began = product.succeeded(), product.target.resident_bytes(), time.perf_counter()
    outcome = _sound(product.target.load(BURST_CLIENTS, number=BURST_EVENTS))
    took = product.drain() - began
    grown = (product.target.resident_bytes() - before) / MIB
    return Burst(outcome.rate, BURST_EVENTS, product.succeeded() - succeeded, grown, took)


def first_run_seconds(product: Product) -> float:
    """Seconds from the start of the process to its first finished run."""
    began = time.perf_counter()
    target = product.target
    _sound(asyncio.run(send(Order(target.port, target.path, target.secret, clients=1, number=1))))
    return product.ready_seconds + product.drain() - began


def interleaved(measures: Mapping[str, Callable[[], Round]], rounds: int) -> dict[str, list[Round]]:
    """Every measure once per round, each round beginning with another one."""
    found: dict[str, list[Round]] = {name: [] for name in measures}
    names = list(measures)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(measures[name]())
    return found


def installed_mib() -> float:
    """What the product and all that it needs take on disk, from the lists of the installed distributions; no node."""
    waiting, seen, size = ["integrations-app"], set[str](), 0
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # needed on other platforms only
        paths = [Path(str(file.locate())) for file in found.files or []]
        size += sum(path.stat().st_size for path in paths if path.is_file())
        waiting += [one for one in map(_needed, found.requires or []) if one]
    package = Path(__file__).resolve().parent.parent / "integrations_app"
    size += sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
    return size / MIB


def _needed(requirement: str) -> str:
    """The name in a requirement; empty for one that only an extra asks for, except the extras we ask for."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", requirement)
    return name if extra is None or extra[1] in {"uvloop", "binary"} else ""


def _sound(outcome: Outcome) -> Outcome:
    if outcome.refused:
        raise RuntimeError(f"answers other than 2xx: {outcome.refused}")
    return outcome


def _round(outcome: Outcome, rate: float, cpu_seconds: float) -> Round:
    return Round(rate, outcome.rate, 1000 * cpu_seconds, outcome.p50, outcome.p99, os.getloadavg()[0])
