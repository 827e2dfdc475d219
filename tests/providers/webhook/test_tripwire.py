"""Where an answer leads: no redirect and no next page opens a connection that the door would not let through."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from integrations_app.errors import IntegrationsError
from tests.receiver import Receiver, receiving, reply

SPELLINGS = (
    "http://127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://localhost:{port}/",
    "//127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.org/",
    "http://user:word@127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
)


@dataclass
class Tripwire:
    """A listener on loopback that nobody is allowed to reach; counts who did."""

    port: int = 0
    accepted: list[str] = field(default_factory=list)


@pytest.fixture
async def tripwire() -> AsyncIterator[Tripwire]:
    wire = Tripwire()

    def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.accepted.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    yield wire
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [{}, {"token": "CNRY_token_0123456789"}], ids=["open", "token"])
async def test_a_redirect_there_is_refused(
    webhook: Any, receiver: Receiver, tripwire: Tripwire, status: int, spelling: str, secret: dict[str, str]
) -> None:
    receiver.answer = lambda _r: reply(status, b"", Location=spelling.format(port=tripwire.port))
    with pytest.raises(IntegrationsError):
        await webhook(**secret).run("call", method="GET", redirects=3)
    assert len(receiver.requests) == 1
    assert tripwire.accepted == []


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [{}, {"token": "CNRY_token_0123456789"}], ids=["open", "token"])
async def test_a_next_page_there_is_refused(
    webhook: Any, receiver: Receiver, tripwire: Tripwire, spelling: str, secret: dict[str, str]
) -> None:
    address = spelling.format(port=tripwire.port)
    page = json.dumps([1]).encode()
    receiver.answer = lambda _r: reply(200, page, Content_Type="application/json", Link=f'<{address}>; rel="next"')
    with pytest.raises(IntegrationsError):
        await webhook(**secret).run("call", method="GET", paginate="link")
    assert len(receiver.requests) == 1
    assert tripwire.accepted == []


async def test_a_secret_stays_behind_at_the_border_of_an_origin(webhook: Any, receiver: Receiver) -> None:
    async with receiving() as elsewhere:
        receiver.answer = lambda _r: reply(307, b"", Location=f"{elsewhere.base}/v1")
        made = webhook.to(f"{receiver.base}/v1", None, elsewhere.base, token="CNRY_token_0123456789")
        await made.run("call", method="POST", body={"n": 1}, redirects=1)
    (request,) = elsewhere.requests
    assert b"CNRY" not in request.raw
    assert "authorization" not in request.headers
