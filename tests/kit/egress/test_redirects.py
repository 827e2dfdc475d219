"""Redirects: handed back by default; when followed, every hop is judged and credentials stay at home."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from integrations_app.errors import EgressDenied, ResponseRefused
from integrations_app.kit.egress import Door, EgressPolicy

MakeDoor = Callable[..., Door]
SECRETS = {"Authorization": "Bearer canary", "X-API-Key": "canary", "Cookie": "canary=1", "Accept": "text/x-mine"}


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture
def door(hostile: Any, open_door: MakeDoor) -> Door:
    return open_door(EgressPolicy.parse([f"127.0.0.1:{hostile.port}", f"localhost:{hostile.port}"]))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_handed_back_by_default(hostile: Any, tripwire: Any, door: Door, status: int) -> None:
    url = hostile.on("/go", redirect(f"http://127.0.0.1:{tripwire.port}/", status))
    async with door.client(pool="org") as client:
        assert (await client.get(url)).status_code == status
        with pytest.raises(EgressDenied) as caught:
            await client.follow("GET", url)
    assert caught.value.reason == "loopback"
    with pytest.raises(ResponseRefused):
        await door.aiohttp_session(pool="org").get(url)


async def test_three_are_followed_and_the_fourth_is_refused(hostile: Any, door: Door) -> None:
    for number in range(4):
        hostile.on(f"/{number}", redirect(f"/{number + 1}"))
    hostile.on("/4", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    async with door.client(pool="org") as client:
        assert (await client.follow("GET", hostile.url("/1"))).text == "done"
        with pytest.raises(EgressDenied) as caught:
            await client.follow("GET", hostile.url("/0"))
        hostile.on("/loop", redirect("/loop"))
        with pytest.raises(EgressDenied):
            await client.follow("GET", hostile.url("/loop"))
    assert caught.value.reason == "too_many_redirects"


async def test_credentials_stay_at_their_origin(hostile: Any, door: Door) -> None:
    hostile.on("/away", redirect(f"http://localhost:{hostile.port}/ok", 307))
    hostile.on("/near", redirect("/ok", 307))
    async with door.client(pool="org", headers={"X-Default": "canary"}) as client:
        await client.follow("POST", hostile.url("/away"), headers=SECRETS, content=b"body")
        first, second = hostile.requests
        assert first.count(b"canary") == 4
        assert b"canary" not in second
        assert b"text/x-mine" in second
        assert second.endswith(b"body")
        await client.follow("POST", hostile.url("/near"), headers=SECRETS, content=b"body")
        assert hostile.requests[3].count(b"canary") == 4


@pytest.mark.parametrize(("status", "method"), [(301, b"GET"), (302, b"GET"), (303, b"GET"), (307, b"POST")])
async def test_method_after_a_redirect(hostile: Any, door: Door, status: int, method: bytes) -> None:
    hostile.on("/post", redirect("/ok", status))
    async with door.client(pool="org") as client:
        await client.follow("POST", hostile.url("/post"), json={"a": 1})
    assert hostile.requests[1].startswith(method + b" /ok ")
    assert (b'{"a":1}' in hostile.requests[1]) is (method == b"POST")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://a@127.0.0.1/", "http://[::1", "http://0x7f.1/"])
async def test_strange_locations(hostile: Any, door: Door, location: str) -> None:
    url = hostile.on("/strange", redirect(location))
    async with door.client(pool="org") as client:
        with pytest.raises(EgressDenied) as caught:
            await client.follow("GET", url)
    assert caught.value.reason.startswith("url_")


HOPS = {
    "http://169.254.169.254/latest/": "metadata",
    "http://[fd00:ec2::254]/": "metadata",
    "http://metadata.google.internal/": "metadata",
    "http://inside.test/": "private",
    "http://mixed.test/": "mixed_resolution",
    "http://empty.test/": "dns_failed",
    "http://[fe80::1]/": "link_local",
    "http://example.com:25/": "port_denied",
    "http://hub.test:{own}/": "self_connection",
    "http://127.0.0.1:{own}/": "self_connection",
    "http://[::1]:{own}/": "self_connection",
}
NAMES = {"inside.test": ["10.0.0.5"], "mixed.test": ["1.1.1.1", "127.0.0.1"], "empty.test": []}


async def look_up(host: str, _port: int) -> Sequence[str]:
    return NAMES[host]


@pytest.mark.parametrize(("location", "reason"), HOPS.items())
async def test_a_hop_is_judged_like_a_call(
    hostile: Any, tripwire: Any, open_door: MakeDoor, location: str, reason: str
) -> None:
    policy = EgressPolicy.parse([f"127.0.0.1:{hostile.port}"], [f"hub.test:{tripwire.port}"])
    url = hostile.on("/go", redirect(location.format(own=tripwire.port)))
    async with open_door(policy, resolve=look_up).client(pool="org") as client:
        with pytest.raises(EgressDenied) as caught:
            await client.follow("GET", url)
    assert (caught.value.reason, len(hostile.requests)) == (reason, 1)


async def slow_hop(number: int, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.25)
    writer.write(redirect(f"/{number + 1}"))
    await writer.drain()


async def test_all_hops_share_one_deadline(hostile: Any, open_door: MakeDoor) -> None:
    for number in range(4):
        hostile.on(f"/{number}", partial(slow_hop, number))
    started = asyncio.get_running_loop().time()
    async with open_door(EgressPolicy.parse(["127.0.0.0/8"])).client(pool="org", deadline=0.6) as client:
        with pytest.raises(ResponseRefused) as caught:
            await client.follow("GET", hostile.url("/0"))
    assert caught.value.code == "deadline_exceeded"
    assert asyncio.get_running_loop().time() - started < 1.6
    assert len(hostile.requests) <= 3
