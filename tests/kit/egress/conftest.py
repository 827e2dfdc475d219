"""A hostile server on loopback, a tripwire that counts connections, and doors that close after the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from integrations_app.kit.egress import Door

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Hostile:
    """Answers each path with the behaviour given for it; keeps every request as it came over the wire."""

    def __init__(self) -> None:
        self.behaviours: dict[str, Behaviour] = {}
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Condition()

    def on(self, path: str, answer: bytes | Behaviour) -> str:
        """Set what a path does and return its URL."""
        if isinstance(answer, bytes):
            fixed = answer

            async def write(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(fixed)
                await writer.drain()

            self.behaviours[path] = write
        else:
            self.behaviours[path] = answer
        return self.url(path)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def all_closed(self, seconds: float) -> None:
        """Wait until the other side has closed every connection."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self.open == 0)

    async def connected(self, count: int, seconds: float) -> None:
        """Wait until so many connections have been made."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self.connections >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        async with self._changed:
            self._changed.notify_all()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                await self._one(reader, writer)
        writer.close()
        async with self._changed:
            self.open -= 1
            self._changed.notify_all()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")]
        body = await reader.readexactly(lengths[0]) if lengths else b""
        self.requests.append(head + body)
        path = head.split(b" ")[1].decode().partition("?")[0]
        await self.behaviours[path](reader, writer)


def reply(body: bytes = b"ok", *headers: str, status: str = "200 OK") -> bytes:
    """A complete, well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def make_reply() -> Callable[..., bytes]:
    return reply


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    server = Hostile()
    await server.start()
    server.on("/ok", reply())
    yield server
    await server.stop()


class Tripwire:
    """Listens and counts: nothing may ever connect."""

    def __init__(self) -> None:
        self.accepted = 0
        self.port = 0

    async def touched(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        writer.write(reply(b"reached"))
        writer.close()


@pytest.fixture
async def tripwire() -> AsyncIterator[Tripwire]:
    wire = Tripwire()
    servers = [await asyncio.start_server(wire.touched, "0.0.0.0", 0)]  # noqa: S104 - every own address must be covered
    wire.port = servers[0].sockets[0].getsockname()[1]
    with contextlib.suppress(OSError):  # a machine without IPv6
        servers.append(await asyncio.start_server(wire.touched, "::1", wire.port))
    yield wire
    for server in servers:
        server.close()
    assert wire.accepted == 0


@pytest.fixture
async def open_door() -> AsyncIterator[Callable[..., Door]]:
    """Make doors that are closed when the test ends."""
    doors: list[Door] = []

    def make(*args: object, **kwargs: object) -> Door:
        doors.append(Door(*args, **kwargs))  # type: ignore[arg-type]
        return doors[-1]

    yield make
    for door in doors:
        await door.aclose()
