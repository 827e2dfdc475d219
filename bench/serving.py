"""Starts what is measured as real processes, and reads what they cost."""

import contextlib
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import psutil

from bench.load import Order, Outcome

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 240.0
"""A first start may have to build the pages."""
LOAD_GRACE_SECONDS = 60.0
OPEN_RUNS = "SELECT count(*) FROM run WHERE status IN ('queued', 'running', 'waiting')"
RUNS = "SELECT status, count(*) FROM run GROUP BY status"


@dataclass(frozen=True)
class Target:
    """A server that answers deliveries at one path, and what it costs."""

    process: subprocess.Popen[bytes]
    port: int
    path: str
    secret: str

    def at(self, path: str) -> "Target":
        """The same server at another path."""
        return Target(self.process, self.port, path, self.secret)

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._tree())

    def resident_bytes(self) -> int:
        """Resident memory of the process and its children; shared pages count in each."""
        return sum(int(one.memory_info().rss) for one in self._tree())

    def load(self, clients: int, seconds: float = 0.0, number: int = 0) -> Outcome:
        """Send deliveries from a process of their own; returns what came back."""
        order = Order(self.port, self.path, self.secret, clients, seconds, number)
        command = [sys.executable, "-m", "bench.load", orjson.dumps(asdict(order)).decode()]
        done = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=seconds + LOAD_GRACE_SECONDS
        )
        return Outcome(**orjson.loads(done.stdout))

    def _tree(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


@dataclass(frozen=True)
class Product:
    """The product under load, with its data."""

    target: Target
    database: Path
    ready_seconds: float

    def runs(self) -> dict[str, int]:
        """How many runs stand in each status."""
        return {str(status): int(str(number)) for status, number in self._ask(RUNS)}

    def succeeded(self) -> int:
        """How many runs have succeeded so far."""
        return self.runs().get("succeeded", 0)

    def drain(self, limit: float = 60.0) -> float:
        """Wait until no run is open; returns when (perf_counter) that was. TimeoutError after `limit` seconds."""
        until = time.perf_counter() + limit
        while self._ask(OPEN_RUNS)[0][0]:
            if time.perf_counter() > until:
                raise TimeoutError(f"runs still open after {limit} s: {self.runs()}")
            time.sleep(0.05)
        return time.perf_counter()

    def _ask(self, question: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(question).fetchall()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(command: list[str], folder: Path, log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the block, without any setting of the caller's own installation; ended with SIGTERM."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env={**kept, **variables}, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def serve_app(name: str, work: Path, **variables: str) -> Iterator[Target]:
    """Serve `bench.<module>:<app>` with Granian, as the product is served."""
    port = free_port()
    options = ["--interface", "asgi", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    secret = secrets.token_hex(32)
    log = work / f"{name.partition(':')[0]}.log"
    variables["BENCH_SECRET"] = secret
    command = ["-m", "granian", *options, *(["--factory"] if name.endswith(":build") else []), name]
    with started(command, ROOT, log, **variables) as process:
        wait_until_answers(process, f"http://127.0.0.1:{port}/", log)
        yield Target(process, port, "/", secret)


@contextlib.contextmanager
def serve_product(checkout: Path, work: Path, sink: int, *options: str) -> Iterator[Product]:
    """Fill a fresh data directory by the product's services, then serve it as people do."""
    port = free_port()
    work.mkdir()
    log = work / "product.log"
    variables = {
        "INTEGRATIONS_DATA_DIR": str(work / "data"),
        "INTEGRATIONS_EGRESS_ALLOW": f"127.0.0.1:{sink}",
        "PYTHONPATH": str(checkout),
    }
    made = _prepared(checkout, log, {**variables, "BENCH_SINK": f"http://127.0.0.1:{sink}"})
    began = time.perf_counter()
    command = ["-m", "integrations_app.cli", "run", "--port", str(port), *options]
    with started(command, checkout, log, **variables) as process:
        wait_until_answers(process, f"http://localhost:{port}/readyz", log)
        ready = time.perf_counter() - began
        yield Product(Target(process, port, made["path"], made["secret"]), work / "data" / "integrations.db", ready)


def _prepared(checkout: Path, log: Path, variables: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    program = [sys.executable, str(ROOT / "bench" / "prepare.py")]
    with log.open("ab") as output:
        done = subprocess.run(
            program, cwd=checkout, env={**kept, **variables}, stdout=subprocess.PIPE, stderr=output, check=False
        )
    if done.returncode:
        raise RuntimeError(f"the product could not be filled:\n{log.read_text(errors='replace')[-4000:]}")
    made: dict[str, str] = json.loads(done.stdout)
    return made


def wait_until_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return at the first answer below 500; RuntimeError with the end of the log when there is none."""
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.02)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - loopback
            return True
    except urllib.error.HTTPError as refused:
        return refused.code < 500  # noqa: PLR2004 - it serves
    except OSError:
        return False
