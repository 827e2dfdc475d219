"""An outer proxy: every call to the outside goes through it, TLS ends at the target, and its refusals are named."""

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from integrations_app.errors import EgressDenied, OutcomeUnknown, ResponseRefused, Unavailable
from integrations_app.kit.egress import ClientCertificate, Door, EgressPolicy, Proxy
from integrations_app.kit.secret import Secret
from tests.providers.webhook.listeners import Authority, mutual
from tests.receiver import reply

MakeDoor = Callable[..., Door]
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PASSWORD = "CNRY_proxy:pass wörd"


@dataclass
class OuterProxy:
    """Takes every target for one of this machine. `status` refuses all."""

    credentials: str = ""
    status: int = 200
    headers: str = ""
    port: int = 0
    heads: list[str] = field(default_factory=list)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.running.append(task)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._one(reader, writer)
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        method, target, _ = head.split(" ", 2)
        proof = base64.b64encode(self.credentials.encode()).decode()
        proved = not self.credentials or f"proxy-authorization: basic {proof}".lower() in head.lower()
        status = self.status if proved else 407
        if status != 200:
            lines = f"{self.headers}Content-Length: 2\r\nConnection: close\r\n"
            writer.write(f"HTTP/1.1 {status} No\r\n{lines}\r\nno".encode())
            return
        port = int(target.partition("://")[2].partition("/")[0].rpartition(":")[2] or target.rpartition(":")[2])
        there = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there[1].write(head.replace(target, "/" + target.split("/", 3)[3], 1).encode())
        try:
            await asyncio.gather(self._pass((reader, there[1])), self._pass((there[0], writer)))
        finally:
            there[1].close()
            await there[1].wait_closed()

    @staticmethod
    async def _pass(pair: Pair) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await pair[0].read(65536):
                pair[1].write(piece)
                await pair[1].drain()
            pair[1].close()


@asynccontextmanager
async def proxying(**settings: Any) -> AsyncIterator[OuterProxy]:
    made = OuterProxy(**settings)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    for task in made.running:
        task.cancel()
    await asyncio.gather(*made.running, return_exceptions=True)


@pytest.fixture
def behind(open_door: MakeDoor) -> Callable[..., Door]:
    """Makes a door behind a proxy; names of targets must not be looked up here."""

    def make(proxy: OuterProxy, user: str = "", *, name: str = "127.0.0.1", allow: Sequence[str] = ()) -> Door:
        async def resolve(host: str, _port: int) -> Sequence[str]:
            assert host == "proxy.internal"
            return ["127.0.0.1"]

        url = Secret(f"http://{user}{name}:{proxy.port}")
        return open_door(EgressPolicy.parse(allow), resolve=resolve, proxy=Proxy.parse(url))

    return make


USER = "us:CNRY_proxy%3Apass%20w%C3%B6rd@"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


async def test_https_goes_through_a_tunnel_and_ends_at_the_target(
    authority: Authority, behind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = authority.client("us.test")
    context = authority.context(asks_clients=True, name="secure.test")
    with mutual(context) as server:
        async with proxying(credentials=f"us:{PASSWORD}") as proxy:
            door = behind(proxy, USER, allow=("192.0.2.0/24",))
            port = server.base.rpartition(":")[2]
            url = f"https://secure.test:{port}/x"
            proof = ClientCertificate(Secret(one.certificate), Secret(one.key), url)
            client = door.client(pool="a", ca_pem=authority.pem, certificate=proof)
            answer = await client.post(url, content=b"CNRY_body", headers={"X-Mine": "CNRY_mine"})
            assert (answer.status_code, server.clients) == (200, ["us.test"])
            assert b"proxy" not in server.requests[0].lower()
            with pytest.raises(ResponseRefused) as refused:  # the certificate is for another name
                await client.get(f"https://192.0.2.7:{port}/")
            assert refused.value.code == "tls_error"
    assert proxy.heads[0].startswith(f"CONNECT secure.test:{port} HTTP/1.1\r\n")
    assert "CNRY" not in "".join(proxy.heads)
    assert "CNRY" not in caplog.text and "pass w" not in caplog.text
    assert base64.b64encode(f"us:{PASSWORD}".encode()).decode() not in caplog.text


async def test_plain_http_and_a_proxy_with_a_name(hostile: Any, behind: Any) -> None:
    async with proxying(credentials=f"us:{PASSWORD}") as proxy:
        door = behind(proxy, USER, name="proxy.internal")
        for _ in range(2):
            answer = await door.client(pool="a").get(f"http://open.test:{hostile.port}/ok")
            assert answer.text == "ok"
        async with door.aiohttp_session(pool="a").get(f"http://open.test:{hostile.port}/ok") as response:
            assert await response.text() == "ok"
    assert proxy.heads[0].startswith(f"GET http://open.test:{hostile.port}/ok HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://metadata.google.internal/", "metadata"),
        ("http://169.254.169.254/", "metadata"),
        ("http://10.0.0.5/", "private"),
        ("https://127.0.0.1:8443/", "loopback"),
        ("http://open.test:6379/", "port_denied"),
        ("ftp://open.test/", "url_scheme"),
    ],
)
async def test_the_door_judges_first(behind: Any, url: str, reason: str) -> None:
    async with proxying() as proxy:
        with pytest.raises(EgressDenied) as denied:
            await behind(proxy).client(pool="a").get(url)
    assert (denied.value.reason, proxy.heads) == (reason, [])


async def test_this_machine_is_no_way_out(hostile: Any, behind: Any) -> None:
    async with proxying() as proxy:
        door = behind(proxy, allow=("127.0.0.0/8",))
        assert (await door.client(pool="a").get(hostile.url("/ok"))).text == "ok"
    assert proxy.heads == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("status", [407, 403])
async def test_it_is_the_proxy_that_refuses(behind: Any, scheme: str, status: int, open_door: MakeDoor) -> None:
    told: list[str] = []

    async def denied(_pool: str, error: EgressDenied) -> None:
        told.append(f"{error.reason} {error.host}")

    async with proxying(status=status) as proxy:
        address = Secret(f"http://127.0.0.1:{proxy.port}")
        door = open_door(EgressPolicy.parse(), proxy=Proxy.parse(address), denied=denied)
        asking = door.client(pool="a").post(f"{scheme}://open.test/x", content=b"1")
        if (scheme, status) == ("http", 403):  # outside a tunnel nobody can tell whose answer it is
            assert (await asking).status_code == 403
            return
        with pytest.raises(EgressDenied, match="proxy for outgoing calls refuses") as refused:
            await asking
    assert (refused.value.reason, told) == ("proxy_denied", ["proxy_denied open.test"])


async def test_inside_a_tunnel_it_is_the_target_that_refuses(authority: Authority, behind: Any) -> None:
    with mutual(authority.context(name="secure.test")) as server:
        server.answer = lambda _path: reply(407, Proxy_Authenticate="Basic")
        async with proxying() as proxy:
            client = behind(proxy).client(pool="a", ca_pem=authority.pem)
            answer = await client.post(f"https://secure.test:{server.base.rpartition(':')[2]}/", content=b"1")
    assert answer.status_code == 407


@pytest.mark.parametrize("status", [403, 502, 504])
async def test_outside_a_tunnel_only_one_status_is_the_proxys(behind: Any, status: int) -> None:
    """Whatever stands in its headers: proxies in front of the target write the same."""
    async with proxying(status=status, headers="Via: 1.1 p\r\nProxy-Status: p; error=http_request_denied\r\n") as proxy:
        answer = await behind(proxy).client(pool="a").post("http://open.test/", content=b"1")
    assert (answer.status_code, answer.headers["via"]) == (status, "1.1 p")


async def test_wrong_credentials(behind: Any) -> None:
    async with proxying(credentials="us:right") as proxy:
        with pytest.raises(EgressDenied) as refused:
            await behind(proxy, "us:CNRY_wrong@").client(pool="a").post("https://open.test/", content=b"1")
    assert refused.value.reason == "proxy_denied" and "CNRY" not in str(refused.value)


async def test_a_proxy_that_is_not_there_or_reaches_nobody(behind: Any, open_door: MakeDoor) -> None:
    async with proxying(status=502) as proxy:
        with pytest.raises(Unavailable, match="proxy for outgoing calls does not reach") as refused:
            await behind(proxy).client(pool="a").post("https://open.test/", content=b"1")
        assert refused.value.code == "proxy_unreachable"
        Proxy("127.0.0.1", proxy.port).require_answer()
    gone = Proxy("127.0.0.1", proxy.port)
    for scheme in ("http", "https"):
        door = open_door(EgressPolicy.parse(), proxy=gone)
        with pytest.raises(Unavailable, match="does not answer") as away:
            await door.client(pool="a").post(f"{scheme}://open.test/", content=b"1")
        assert (away.value.code, str(proxy.port) in str(away.value)) == ("proxy_unreachable", True)
    with pytest.raises(Unavailable):
        gone.require_answer()


async def test_a_proxy_whose_name_nobody_knows(open_door: MakeDoor) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    door = open_door(EgressPolicy.parse(), resolve=resolve, proxy=Proxy("proxy.internal", 4750))
    with pytest.raises(Unavailable, match=r"proxy\.internal:4750") as refused:
        await door.client(pool="a").get("https://open.test/")
    assert refused.value.code == "proxy_unreachable"


async def test_a_lost_answer_is_still_in_doubt(hostile: Any, behind: Any) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    hostile.on("/lost", hang_up)
    async with proxying() as proxy:
        with pytest.raises(OutcomeUnknown):
            await behind(proxy).client(pool="a").post(f"http://open.test:{hostile.port}/lost", content=b"1")


@pytest.mark.parametrize(
    "url",
    ["proxy:1", "https://proxy:1", "http://proxy", "http://:1", "http://proxy:1/x", "http://proxy:x", "socks5://p:1"],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must look like http://") as refused:
        Proxy.parse(Secret(url))
    assert url not in str(refused.value)


def test_what_is_shown_holds_no_password() -> None:
    proxy = Proxy.parse(Secret(f"http://{USER}[::1]:4750"))
    assert proxy.shown == "[::1]:4750"
    assert "CNRY" not in repr(proxy)
    assert proxy.credentials == Secret(f"us:{PASSWORD}")
