"""How much may come back and how long it may take, against a server that tries everything."""

import asyncio
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations_app.errors import OutcomeUnknown, ResponseRefused, Unavailable
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.egress.door import DEADLINE, MAX_RESPONSE_BYTES

MakeDoor = Callable[..., Door]
SHORT = 0.6
LONG = 5.0


@pytest.fixture
def door(open_door: MakeDoor) -> Door:
    return open_door(EgressPolicy.parse(["127.0.0.0/8"]))


async def by_httpx(door: Door, method: str, url: str, deadline: float = LONG) -> bytes:
    async with door.client(pool="org", deadline=deadline) as client:
        return (await client.request(method, url)).content


async def by_session(door: Door, method: str, url: str, deadline: float = LONG) -> bytes:
    session = door.aiohttp_session(pool="org", deadline=deadline)
    async with session.request(method, url) as response:
        return await response.read()


Call = Callable[..., Any]
both = pytest.mark.parametrize("call", [by_httpx, by_session])


def peak() -> int:
    """The most bytes that this process has held since its mark was last set back."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails when the process holds 64 MiB more at any moment of the block than at its beginning."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the mark back to what is held now
    before = peak()
    yield
    assert peak() - before < 64 * 1024 * 1024


@both
async def test_a_gzip_bomb_stops_early(hostile: Any, door: Door, call: Call, make_reply: Callable[..., bytes]) -> None:
    bomb = gzip.compress(bytes(200_000_000))
    url = hostile.on("/bomb", make_reply(bomb, "Content-Encoding: gzip"))
    started = asyncio.get_running_loop().time()
    with little_memory(), pytest.raises(ResponseRefused) as caught:
        await call(door, "GET", url)
    assert caught.value.code == "response_too_large"
    assert asyncio.get_running_loop().time() - started < 3
    await hostile.all_closed(1)


@both
@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
async def test_other_codings(
    hostile: Any, door: Door, call: Call, make_reply: Callable[..., bytes], encoding: str
) -> None:
    url = hostile.on("/coded", make_reply(gzip.compress(b"x"), f"Content-Encoding: {encoding}"))
    with pytest.raises(ResponseRefused) as caught:
        await call(door, "GET", url)
    assert caught.value.code == "protocol_error"


@both
async def test_gzip_is_read_and_no_coding_is_asked_for(
    hostile: Any, door: Door, call: Call, make_reply: Callable[..., bytes]
) -> None:
    url = hostile.on("/gzip", make_reply(gzip.compress(b"hello"), "Content-Encoding: gzip"))
    assert await call(door, "GET", url) == b"hello"
    assert b"accept-encoding: identity\r\n" in hostile.requests[0].lower()


@both
@pytest.mark.parametrize("framing", ["Content-Length: 99999999999", "Transfer-Encoding: chunked", "Connection: close"])
async def test_too_much_is_refused(hostile: Any, door: Door, call: Call, framing: str) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        block = b"10000\r\n" + bytes(0x10000) + b"\r\n" if "chunked" in framing else bytes(0x10000)
        while True:
            writer.write(block)
            await writer.drain()

    with little_memory(), pytest.raises(ResponseRefused) as caught:
        await call(door, "GET", hostile.on("/endless", endless))
    assert caught.value.code == "response_too_large"
    await hostile.all_closed(1)


def drip(first: bytes, piece: bytes) -> Callable[..., Any]:
    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        for number in range(1000):
            writer.write(piece.replace(b"#", str(number).encode()))
            await writer.drain()
            await asyncio.sleep(0.05)

    return behave


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


DRIPS = {
    "body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    "chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X-#: 1\r\n"),
    "status": drip(b"", b"H"),
    "interim": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence": silence,
}


@both
@pytest.mark.parametrize("kind", DRIPS)
async def test_dripping_ends_at_the_deadline(hostile: Any, door: Door, call: Call, kind: str) -> None:
    url = hostile.on("/drip", DRIPS[kind])
    started = asyncio.get_running_loop().time()
    with little_memory(), pytest.raises(ResponseRefused) as caught:
        await call(door, "GET", url, SHORT)
    assert caught.value.code in {"deadline_exceeded", "protocol_error"}
    assert asyncio.get_running_loop().time() - started < SHORT + 1
    await hostile.all_closed(1)


@both
async def test_a_flood_of_interim_answers_is_cut(hostile: Any, door: Door, call: Call) -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
            await writer.drain()

    with little_memory(), pytest.raises(ResponseRefused) as caught:
        await call(door, "POST", hostile.on("/flood", flood))
    assert caught.value.code == "protocol_error"
    await hostile.all_closed(1)


HEADERS = "".join(f"X-{number}: 1\r\n" for number in range(5000)).encode()
MALFORMED = {
    "5,000 headers": b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Content-Length: 0\r\n\r\n",
    "a long header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "a long status": b"HTTP/1.1 200 " + b"a" * 100_000 + b"\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n",
}


@both
@pytest.mark.parametrize("kind", MALFORMED)
async def test_malformed_answers(hostile: Any, door: Door, call: Call, kind: str) -> None:
    with pytest.raises(ResponseRefused) as caught:
        await call(door, "POST", hostile.on("/malformed", MALFORMED[kind]))
    assert caught.value.code == "protocol_error"
    await hostile.all_closed(1)


async def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def cut_short(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def cut_chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await writer.drain()
    writer.close()


@both
@pytest.mark.parametrize("behaviour", [drop, cut_short, cut_chunks])
async def test_a_lost_connection_says_whether_it_may_have_taken_effect(
    hostile: Any, door: Door, call: Call, behaviour: Callable[..., Any]
) -> None:
    url = hostile.on("/lost", behaviour)
    with pytest.raises(OutcomeUnknown):
        await call(door, "POST", url)
    assert len(hostile.requests) == 1
    with pytest.raises(Unavailable):
        await call(door, "GET", url)


@both
async def test_no_answer_to_a_post_is_an_unknown_outcome(hostile: Any, door: Door, call: Call) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        await call(door, "POST", hostile.on("/silence", DRIPS["silence"]), SHORT)
    assert isinstance(caught.value.__cause__, ResponseRefused | TimeoutError)
    assert len(hostile.requests) == 1


@both
async def test_nobody_listens(door: Door, call: Call) -> None:
    gone = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    with pytest.raises(Unavailable) as caught:
        await call(door, "POST", f"http://127.0.0.1:{port}/")
    assert caught.value.code == "unavailable"


async def test_a_full_pool_is_certainly_not_sent(hostile: Any, door: Door) -> None:
    url = hostile.on("/silence", DRIPS["silence"])
    pool = door._pool("org", None)
    pool.connector._limit = 1
    async with asyncio.TaskGroup() as group:
        group.create_task(self_ends(by_httpx(door, "POST", url, SHORT), OutcomeUnknown))
        await hostile.connected(1, 5)
        async with door.client(pool="org", deadline=0.1) as client:
            with pytest.raises(Unavailable) as caught:
                await client.post(url)
    assert caught.value.code == "deadline_exceeded"
    assert len(hostile.requests) == 1


async def self_ends(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        await call


async def test_head_may_announce_any_length(hostile: Any, door: Door) -> None:
    url = hostile.on("/head", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nContent-Encoding: br\r\n\r\n")
    assert await by_httpx(door, "HEAD", url) == b""


def test_the_usual_bounds() -> None:
    assert (DEADLINE, MAX_RESPONSE_BYTES) == (30.0, 10 * 1024 * 1024)
