"""Redirects: handed back by default; when followed, every hop is judged and credentials stay at home."""

from collections.abc import Callable
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
