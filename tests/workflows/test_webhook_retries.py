"""The retry rule of a step that calls a webhook: for each way to fail the promised attempts, waits and one key."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations_app.kit.columns import utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations.hub import Hub
from integrations_app.providers.webhook.answer import JSON_LIMIT
from integrations_app.sdk.registry import registry
from integrations_app.workflows import service
from integrations_app.workflows.conduct import Conduct
from integrations_app.workflows.execute import execute
from integrations_app.workflows.leaving import Next
from tests.kit.egress.test_bounds import little_memory
from tests.receiver import Received, Receiver, receiving, reply
from tests.workflows.probe import ACTOR, CONNECTION, make_hub, plant, workflow

pytestmark = pytest.mark.any_database  # when a call is made again is decided before anything is stored

FIXED = {"attempts": 3, "backoff": "fixed", "delay_seconds": 7, "jitter": False}
DOUBLING = {"attempts": 5, "delay_seconds": 2, "max_delay_seconds": 10, "jitter": False}


@dataclass
class Clock:
    """Moves only when a run sleeps."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Bench:
    """Executes runs of one step and notes how long they slept."""

    hub: Hub
    clock: Clock
    receiver: Receiver

    async def run(
        self, retry: dict[str, Any], inputs: dict[str, Any] | None = None, random: float = 0.0, **changes: Any
    ) -> tuple[Any, list[float]]:
        step = {
            "key": "call",
            "type": "action",
            "action": "webhook.call",
            "connection": CONNECTION,
            "inputs": {"method": "PUT", "body": {"n": 1}, **(inputs or {})},
            "retry": retry,
            **changes,
        }
        made = await service.create(self.hub, ACTOR, workflow(step))
        await service.publish(self.hub, ACTOR, made.id)
        run_id = await service.start_run(self.hub, ACTOR, made.id)
        slept: list[float] = []
        while (rest := await execute(self.hub, run_id, Conduct(random=lambda: random))).next is Next.AT:
            assert rest.at is not None
            slept.append(round((rest.at - self.clock.now).total_seconds(), 3))
            assert len(slept) < 20
            self.clock.now = rest.at
        return (await service.get_run(self.hub, ACTOR, run_id)).row, slept

    def keys(self) -> set[str]:
        return {request.headers["idempotency-key"] for request in self.receiver.requests}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def bench(database: Database, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Callable[..., Bench]]:
    """Makes benches whose connection leads to the receiver, or to `base`; takes more settings."""
    hub = make_hub(database, tmp_path, registry())
    await hub.door.aclose()
    clock = Clock(utc_now())
    made = replace(hub, clock=clock, door=Door(EgressPolicy.parse(allow=("127.0.0.0/8",))))

    def open_bench(base: str = "", **settings: Any) -> Bench:
        plant(made, provider="webhook", settings={"base_url": base or receiver.base, **settings})
        return Bench(made, clock, receiver)

    yield open_bench
    await made.door.aclose()
    await made.bus.close()


def no_answer(_request: Received) -> bytes:
    return b""


def cut(_request: Received) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"


FAILURES: list[tuple[str, Callable[[Received], bytes]]] = [
    ("500", lambda _r: reply(500)),
    ("503", lambda _r: reply(503)),
    ("no answer", no_answer),
    ("cut", cut),
]


@pytest.mark.parametrize("answer", [pytest.param(one, id=name) for name, one in FAILURES])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
async def test_attempts_waits_and_one_key(bench: Any, receiver: Receiver, answer: Any, method: str) -> None:
    receiver.answer = answer
    made = bench(honours_idempotency_key=method == "POST")
    run, slept = await made.run(FIXED, {"method": method})
    assert (run.status, slept, len(receiver.requests), len(made.keys())) == ("failed", [7, 7], 3, 1)


@pytest.mark.parametrize("answer", [pytest.param(one, id=name) for name, one in FAILURES])
async def test_what_may_have_happened_is_not_repeated(bench: Any, receiver: Receiver, answer: Any) -> None:
    receiver.answer = answer
    run, slept = await bench().run(FIXED, {"method": "POST"})
    certain = answer(None) == reply(503)  # refused: nothing was done
    wanted = ("failed", [7, 7], 3) if certain else ("held", [], 1)
    assert (run.status, slept, len(receiver.requests)) == wanted


async def test_it_works_at_last_with_the_same_key(bench: Any, receiver: Receiver) -> None:
    receiver.answer = lambda _r: reply(500) if len(receiver.requests) < 3 else reply(200)
    made = bench()
    run, slept = await made.run(DOUBLING)
    assert (run.status, slept, len(receiver.requests), len(made.keys())) == ("succeeded", [2, 4], 3, 1)


async def test_doubling_up_to_the_longest_wait(bench: Any, receiver: Receiver) -> None:
    receiver.answer = lambda _r: reply(503)
    _, slept = await bench().run(DOUBLING)
    assert slept == [2, 4, 8, 10]


@pytest.mark.parametrize(("random", "slept"), [(0.0, [1, 2]), (1.0, [2, 4])])
async def test_spread(bench: Any, receiver: Receiver, random: float, slept: list[float]) -> None:
    receiver.answer = lambda _r: reply(503)
    assert (await bench().run(DOUBLING | {"attempts": 3, "jitter": True}, random=random))[1] == slept


async def test_a_refused_connection(bench: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
        run, slept = await bench(base).run(FIXED, {"method": "POST"})  # nothing left: even a POST is repeated
    assert (run.status, run.error_code, slept) == ("failed", "unavailable", [7, 7])


@contextmanager
def full() -> Iterator[str]:
    """The address of a listener whose queue is full: connecting to it never ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


async def test_a_connection_that_never_comes(bench: Any) -> None:
    with full() as base:
        run, slept = await bench(base, connect_seconds=0.1).run(FIXED, {"method": "POST"})
    assert (run.status, run.error_code, slept) == ("failed", "deadline_exceeded", [7, 7])


async def test_silence(bench: Any) -> None:
    keys: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        keys.extend(line for line in head.lower().split(b"\r\n") if line.startswith(b"idempotency-key"))
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made = bench(base, read_seconds=0.1)
    run, slept = await made.run(FIXED)
    assert (run.status, slept, len(keys), len(set(keys))) == ("failed", [7, 7], 3, 1)
    run, slept = await made.run(FIXED, {"method": "POST"})
    assert (run.status, slept, len(keys)) == ("held", [], 4)
    run, slept = await made.run(FIXED, {"retry_lost": False})
    assert (run.status, run.error_code, slept, len(keys)) == ("failed", "no_answer", [], 5)
    over.set()
    server.close()


class TestRateLimits:
    @pytest.mark.parametrize(("asked", "slept"), [("5", 5), ("-1", 7), ("abc", 7), ("", 7), ("99999999", 3600)])
    @pytest.mark.parametrize("status", [429, 503])
    async def test_retry_after(self, bench: Any, receiver: Receiver, status: int, asked: str, slept: float) -> None:
        receiver.answer = lambda _r: reply(status, Retry_After=asked) if asked else reply(status)
        made = bench()
        run, waits = await made.run(FIXED | {"count_rate_limits": True})
        assert (run.status, waits, len(receiver.requests), len(made.keys())) == ("failed", [slept] * 2, 3, 1)

    async def test_a_date(self, bench: Any, receiver: Receiver) -> None:
        made = bench()
        at = (made.clock.now + timedelta(seconds=90)).replace(microsecond=0)
        receiver.answer = lambda _r: (
            reply(429, Retry_After=f"{at:%a, %d %b %Y %H:%M:%S GMT}") if len(receiver.requests) < 2 else reply(200)
        )
        run, waits = await made.run(FIXED)
        assert run.status == "succeeded" and len(waits) == 1 and 89 <= waits[0] <= 90

    async def test_not_honoured_where_the_step_says_so(self, bench: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(503, Retry_After="100")
        assert (await bench().run(FIXED | {"honour_retry_after": False}))[1] == [7, 7]

    async def test_a_limit_uses_up_no_attempt_unless_it_is_counted(self, bench: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(429, Retry_After="5") if len(receiver.requests) < 6 else reply(200)
        run, waits = await bench().run(FIXED)
        assert (run.status, len(receiver.requests), waits) == ("succeeded", 6, [5] * 5)


@pytest.mark.parametrize(("statuses", "calls"), [("503", 1), ("500, 503", 3), ("409", 1)])
async def test_the_statuses_of_the_step(bench: Any, receiver: Receiver, statuses: str, calls: int) -> None:
    receiver.answer = lambda _r: reply(500)
    run, _ = await bench().run(FIXED, {"retry_statuses": statuses})
    assert (run.status, len(receiver.requests)) == ("failed", calls)


PASSING = {
    **{str(status): reply(status) for status in (408, 425, 500, 502, 503, 504)},
    "no answer": b"",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
}


@pytest.mark.parametrize("fails", [0, 1, 2])
@pytest.mark.parametrize("way", PASSING)
async def test_it_fails_n_times_and_then_works(bench: Any, receiver: Receiver, way: str, fails: int) -> None:
    receiver.answer = lambda _r: PASSING[way] if len(receiver.requests) <= fails else reply(200)
    made = bench()
    run, slept = await made.run(FIXED)
    assert (run.status, slept, len(receiver.requests)) == ("succeeded", [7] * fails, fails + 1)
    assert len(made.keys()) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "protocol_error"),
        (reply(200, b"x" * 101), "response_too_large"),
        (reply(200, b"x", Content_Encoding="br"), "protocol_error"),
        (reply(404), "http_404"),
    ],
)
async def test_what_a_second_try_would_not_mend(bench: Any, receiver: Receiver, answer: bytes, code: str) -> None:
    receiver.answer = lambda _r: answer
    run, slept = await bench().run(FIXED, {"largest": 100})
    assert (run.status, run.error_code, slept, len(receiver.requests)) == ("failed", code, [], 1)


async def test_many_slow_pages_end_with_the_time_of_the_step(bench: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.write(reply(200, b"[1]", Content_Type="application/json"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made = bench(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    inputs = {"method": "GET", "body": "", "paginate": "page", "max_pages": 100}
    began = asyncio.get_running_loop().time()
    run, slept = await made.run({"attempts": 1}, inputs, timeout_seconds=0.5)
    assert (run.status, run.error_code, slept) == ("failed", "timeout", [])
    assert asyncio.get_running_loop().time() - began < 3
    server.close()


@pytest.mark.parametrize("piece", [b"[],", b'{"":0},', b'"a",'])
async def test_what_unfolds_takes_little_memory_in_a_whole_run(bench: Any, receiver: Receiver, piece: bytes) -> None:
    answer = reply(200, b"[" + piece * ((JSON_LIMIT - 4) // len(piece)) + b"0]", Content_Type="application/json")
    receiver.answer = lambda _r: answer
    made = bench()
    with little_memory():
        run, _ = await made.run(FIXED, {"method": "GET", "body": "", "parse_as": "json"})
    assert (run.status, run.error_code) in {("succeeded", ""), ("failed", "output_too_large")}
