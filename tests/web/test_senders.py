"""Senders over real sockets: drips are cut off, and what is off answers as slowly as what is not there (B15, B16)."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import psutil
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from standardwebhooks import Webhook
from starlette.applications import Starlette

from integrations_app.kit.columns import utc_now
from integrations_app.organizations.hub import Hub
from integrations_app.sandbox.serve import free_port
from integrations_app.web.events import routes
from integrations_app.workflows import endpoints
from tests.web.delivering import JSON, SECRET, client, endpoint, signed  # noqa: F401 - fixtures among them
from tests.workflows.conftest import hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR

SOAK = bool(os.environ.get("SOAK"))
SLOW_SENDERS = 300 if SOAK else 30
BACKLOG = 1024
"""Connections served at once, as many as by the product; the embedded server has a smaller number of its own."""
only_in_soak = pytest.mark.skipif(not SOAK, reason="measures time, or takes half a minute")


@asynccontextmanager
async def serving(hub: Hub, seconds: float) -> AsyncIterator[int]:
    """Serve the events routes on loopback; yields the port. A request may take so many seconds to arrive."""
    port = free_port()
    app = Starlette(routes=list(routes(hub, seconds=seconds)))
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        backlog=BACKLOG,
        log_enabled=False,
        websockets=False,
    )
    task = asyncio.create_task(server.serve())
    (await connected(port))[1].close()
    yield port
    server.stop()
    await task


async def drip(port: int, endpoint: str, all_there: asyncio.Barrier) -> float:
    """Seconds until the server answered or hung up on a sender of one byte at a time."""
    reader, writer = await connected(port)
    head = (
        f"POST /api/webhooks/{endpoint} HTTP/1.1\r\nHost: test\r\nContent-Type: {JSON}\r\nContent-Length: 4096\r\n\r\n"
    )
    began = asyncio.get_running_loop().time()
    writer.write(head.encode() + b"{")
    await all_there.wait()

    async def feed() -> None:
        with suppress(ConnectionError):
            while not writer.is_closing():
                await asyncio.sleep(0.25)
                writer.write(b" ")
                await writer.drain()

    feeding, answer = asyncio.create_task(feed()), b""
    with suppress(ConnectionError):  # hung up on with bytes on their way
        answer = await asyncio.wait_for(reader.read(64), 10)
    feeding.cancel()
    writer.close()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    return asyncio.get_running_loop().time() - began


async def test_slow_senders_are_cut_off_while_others_are_served(hub: Hub, endpoint: str) -> None:
    async with serving(hub, seconds=3 if SOAK else 0.5) as port:
        all_there = asyncio.Barrier(SLOW_SENDERS + 1)
        slow = [asyncio.create_task(drip(port, endpoint, all_there)) for _ in range(SLOW_SENDERS)]
        await all_there.wait()
        took: list[float] = []
        async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as quick:
            for _ in range(100 if SOAK else 5):
                began = time.perf_counter()
                answer = await quick.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}"))
                took.append(time.perf_counter() - began)
                assert answer.status_code == 202
        assert max(await asyncio.gather(*slow)) < 8
        assert not SOAK or statistics.quantiles(took, n=100)[-1] < 1
        async with asyncio.timeout(10):
            while still_open(port):  # noqa: ASYNC110 - the server says in no event that it hung up
                await asyncio.sleep(0.02)


def still_open(port: int) -> int:
    """How many connections to the port this process holds, on either side."""
    held = psutil.Process().net_connections("tcp")
    return sum(port in (one.laddr.port, one.raddr.port if one.raddr else 0) for one in held if one.status != "LISTEN")


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server as soon as it listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)


@only_in_soak
async def test_who_never_ends_the_head_is_cut_off(hub: Hub) -> None:
    async with serving(hub, seconds=0.5) as port:
        reader, writer = await connected(port)
        writer.write(b"POST /api/webhooks/x HTTP/1.1\r\n")

        async def feed() -> None:
            with suppress(ConnectionError):
                while True:
                    writer.write(b"X-A: 1\r\n")
                    await writer.drain()
                    await asyncio.sleep(5)

        feeding = asyncio.create_task(feed())
        with suppress(ConnectionError):
            async with asyncio.timeout(35):
                await reader.read()
        feeding.cancel()
        writer.close()


@only_in_soak
async def test_what_is_not_there_takes_equally_long(hub: Hub, client: httpx.AsyncClient, endpoint: str) -> None:
    gone = (await endpoints.create_endpoint(hub, ACTOR, "Gone", "hmac_sha256", SECRET)).row.id
    await endpoints.delete_endpoint(hub, ACTOR, gone)
    await endpoints.set_enabled(hub, ACTOR, endpoint, enabled=False)
    taken: dict[str, list[float]] = {name: [] for name in (gone, endpoint, "f" * 32, "nonsense")}
    for _ in range(200):
        for name, times in taken.items():
            began = time.perf_counter()
            answer = await client.post(f"/api/webhooks/{name}", content=b"{}", headers=signed(b"{}"))
            times.append(time.perf_counter() - began)
            assert answer.status_code == 404
    medians = [statistics.median(times) for times in taken.values()]
    assert max(medians) - min(medians) < 0.002


async def test_the_reference_library_signs_what_the_route_takes(hub: Hub, client: httpx.AsyncClient) -> None:
    made = await endpoints.create_endpoint(hub, ACTOR, "Orders", "standard_webhooks")
    assert made.secret is not None
    now, body = utc_now(), '{"a": "ö"}'
    headers = {"content-type": JSON, "webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = Webhook(made.secret.reveal("test")).sign("msg_1", now, body)
    path = f"/api/webhooks/{made.row.id}"
    assert (await client.post(path, content=body.encode() + b" ", headers=headers)).status_code == 401
    answer = await client.post(path, content=body.encode(), headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"delivery_id": "msg_1"})
    assert (await client.post(path, content=body.encode(), headers=headers)).status_code == 200
