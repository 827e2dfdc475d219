"""The load generator, a process of its own: N keep-alive connections in a closed loop, requests built by hand.

Neither `wrk` nor `oha` signs bodies without a script; writing bytes to sockets costs less than either's script.
"""

import asyncio
import hmac
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import count
from statistics import quantiles
from typing import cast
from uuid import uuid4

import orjson
import uvloop

BODY = orjson.dumps(
    {
        "id": 4711,
        "title": "The roof leaks",
        "author": {"name": "Ada", "email": "ada@example.org"},
        "text": "It drips on the piano. " * 38,
    }
)
"""About 1 KB, of which three fields are mapped."""


@dataclass(frozen=True)
class Order:
    """What to send: to a path of a loopback port, for some seconds or (when `number` is set) that many times."""

    port: int
    path: str
    secret: str
    clients: int
    seconds: float = 5.0
    number: int = 0


@dataclass
class Outcome:
    """What came back; latencies in milliseconds."""

    seconds: float = 0.0
    good: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    p50: float = 0.0
    p99: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.good / self.seconds


class _Client(asyncio.Protocol):
    """One connection: the next request leaves when the answer to the last one is complete."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._buffer = b""
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own does not inherit from it
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark or len(rest) < _length(head):
            return
        self._buffer = b""
        self._load.note(head[9:12], time.perf_counter() - self._began)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = self._load.next_request()
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


class _Load:
    def __init__(self, order: Order) -> None:
        self._order = order
        signature = hmac.digest(order.secret.encode(), BODY, "sha256").hex()
        head = (
            f"POST {order.path} HTTP/1.1\r\nHost: localhost:{order.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(BODY)}\r\nX-Hub-Signature-256: sha256={signature}\r\n"
            f"Idempotency-Key: {uuid4().hex}-"
        )
        self._head, self._tail = head.encode(), b"\r\n\r\n" + BODY
        self._numbers = count()
        self._until = time.perf_counter() + order.seconds
        self._latencies: list[float] = []
        self._statuses: Counter[str] = Counter()

    def next_request(self) -> bytes | None:
        """The next delivery, its id never used before; None when it is enough."""
        number = next(self._numbers)
        over = number >= self._order.number if self._order.number else time.perf_counter() >= self._until
        return None if over else b"%b%d%b" % (self._head, number, self._tail)

    def note(self, status: bytes, seconds: float) -> None:
        """Count one answer."""
        self._statuses[status.decode()] += 1
        self._latencies.append(seconds)

    def outcome(self, seconds: float) -> Outcome:
        """The figures."""
        good = sum(number for status, number in self._statuses.items() if status.startswith("2"))
        refused = {status: number for status, number in self._statuses.items() if not status.startswith("2")}
        parts = [1000 * part for part in quantiles(self._latencies, n=100)] if len(self._latencies) > 1 else [0.0] * 99
        return Outcome(seconds, good, refused, parts[49], parts[98])


def _length(head: bytes) -> int:
    _, mark, after = head.lower().partition(b"content-length:")
    return int(after.split(b"\r\n", 1)[0]) if mark else 0


async def send(order: Order) -> Outcome:
    """Send what is ordered; raises ConnectionError when a server goes away."""
    load, loop, began = _Load(order), asyncio.get_running_loop(), time.perf_counter()
    made = [await loop.create_connection(lambda: _Client(load), "127.0.0.1", order.port) for _ in range(order.clients)]
    await asyncio.gather(*(client.done for _, client in made))
    return load.outcome(time.perf_counter() - began)


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asdict(uvloop.run(send(Order(**orjson.loads(sys.argv[1])))))))
