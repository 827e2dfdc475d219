"""Client certificates at the door: shown to one origin, kept apart in pools, and on no disk."""

import asyncio
import os
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, ResponseRefused
from integrations_app.kit.egress import ClientCertificate, Door, EgressPolicy, check_usable
from integrations_app.kit.egress import door as door_module
from integrations_app.kit.egress.dial import Connector
from integrations_app.kit.secret import Secret
from tests.providers.webhook.listeners import Authority, Identity, MutualServer, mutual
from tests.receiver import reply

MakeDoor = Callable[..., Door]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def door(open_door: MakeDoor) -> Door:
    return open_door(EgressPolicy.parse(["127.0.0.0/8"]))


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def server(authority: Authority, request: pytest.FixtureRequest) -> Iterator[MutualServer]:
    context = authority.context(asks_clients=True)
    context.minimum_version = context.maximum_version = request.param
    with mutual(context) as made:
        yield made


def certificate(one: Identity, url: str) -> ClientCertificate:
    return ClientCertificate(Secret(one.certificate), Secret(one.key), url)


async def test_it_proves_us(authority: Authority, server: MutualServer, door: Door) -> None:
    one = certificate(authority.client("us.test"), f"{server.base}/x")
    client = door.client(pool="a", ca_pem=authority.pem, certificate=one)
    assert (await client.post(f"{server.base}/y", content=b"1")).status_code == 200
    assert server.clients == ["us.test"]


@pytest.mark.parametrize("whose", ["nobody", "stranger"])
async def test_without_a_good_one_nothing_was_done(
    authority: Authority, server: MutualServer, door: Door, whose: str
) -> None:
    one = certificate(Authority().client("stranger"), server.base) if whose == "stranger" else None
    with pytest.raises(ResponseRefused) as refused:
        await door.client(pool="a", ca_pem=authority.pem, certificate=one).post(server.base, content=b"1")
    assert refused.value.code in {"certificate_refused", "tls_error"}
    old = server.context.maximum_version == ssl.TLSVersion.TLSv1_2  # of which servers say no more than: failure
    assert old or refused.value.code == "certificate_refused"
    assert server.requests == []


async def test_another_origin_does_not_see_it(authority: Authority, server: MutualServer, door: Door) -> None:
    context = authority.context(asks_clients=True)
    context.verify_mode = ssl.CERT_OPTIONAL
    with mutual(context) as other:
        where = {"/near": "/there", "/away": f"{other.base}/x"}
        server.answer = lambda path: reply(307, Location=where[path]) if path in where else reply(200, b"ok")
        one = certificate(authority.client("us.test"), server.base)
        client = door.client(pool="a", ca_pem=authority.pem, certificate=one)
        await client.follow("POST", f"{server.base}/near", content=b"1")
        await client.follow("POST", f"{server.base}/away", content=b"1")
        assert (server.clients, other.clients) == (["us.test"] * 3, [""])
        assert (await client.get(other.base)).status_code == 200
        transport = door.transport(pool="a", ca_pem=authority.pem, certificate=one)
        assert (await transport.handle_async_request(client.build_request("GET", other.base))).status_code == 200
        assert other.clients == ["", "", ""]


@asynccontextmanager
async def keeping(context: ssl.SSLContext) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that keeps connections alive; the address, and the client of every connection."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: Any = writer.get_extra_info("ssl_object").getpeercert()
        seen.append(peer["subject"][0][0][1])
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    server.close()


async def test_connections_are_kept_apart_by_certificate_and_organisation(authority: Authority, door: Door) -> None:
    async with keeping(authority.context(asks_clients=True)) as (base, seen):
        first, second = authority.client("first.test"), authority.client("second.test")
        for pool, one in [("a", first), ("a", second), ("a", first), ("b", first), ("a", second), ("b", first)]:
            client = door.client(pool=pool, ca_pem=authority.pem, certificate=certificate(one, base))
            assert (await client.get(base)).text == "ok"
        assert seen == ["first.test", "second.test", "first.test"]
        await door.aclose()


async def test_it_is_read_in_a_thread_and_once(
    authority: Authority, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    connectors: list[Connector] = []
    load = ClientCertificate.load_into

    def look(one: ClientCertificate, context: ssl.SSLContext) -> None:
        threads.append(threading.get_ident())
        load(one, context)

    class Counted(Connector):
        def __init__(self, *how: Any) -> None:
            connectors.append(self)
            super().__init__(*how)

    monkeypatch.setattr(ClientCertificate, "load_into", look)
    monkeypatch.setattr(door_module, "Connector", Counted)
    async with keeping(authority.context(asks_clients=True)) as (base, seen):
        one = certificate(authority.client("us.test"), base)
        client = door.client(pool="a", ca_pem=authority.pem, certificate=one)
        assert [answer.text for answer in await asyncio.gather(client.get(base), client.get(base))] == ["ok", "ok"]
        read, connected = len(threads), len(seen)
        assert (await client.get(base)).text == "ok"
        assert (len(threads), len(seen), len(connectors)) == (read, connected, 1)
        await door.aclose()
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("memory", [True, False])
def test_no_key_stays_on_a_disk(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    paths: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load = context.load_cert_chain

    def look(*args: Any) -> None:
        paths.extend(args[:2])
        modes = {oct(Path(path).stat().st_mode & 0o077) for path in args[:2]}
        assert memory or modes == {"0o0"}
        load(*args)

    class Watched(ssl.SSLContext):
        load_cert_chain = staticmethod(look)  # type: ignore[assignment]

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if not memory:
        monkeypatch.delattr(os, "memfd_create")
    before = len(list(Path("/proc/self/fd").iterdir()))
    certificate(authority.client("us.test"), "https://x.test").load_into(Watched(ssl.PROTOCOL_TLS_CLIENT))
    assert len(paths) == 2
    assert all(path.startswith("/proc/self/fd/" if memory else str(tmp_path)) for path in paths)
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_openssl_does_not_take(authority: Authority) -> None:
    good = authority.client("us.test")
    for key in (authority.client("us.test", passphrase="x").key, authority.client("other.test").key, "hello"):
        with pytest.raises(InvalidInput) as refused:
            check_usable(certificate(Identity(good.certificate, key), "https://x.test"))
        assert refused.value.code == "certificate_invalid"
    check_usable(certificate(good, "https://x.test"))


def test_nothing_of_it_is_shown(authority: Authority) -> None:
    one = certificate(authority.client("us.test"), "https://x.test")
    assert "BEGIN" not in repr(one)
