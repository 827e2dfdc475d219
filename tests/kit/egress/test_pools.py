"""Connections are kept, and never shared between organisations; nothing is remembered of an answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from integrations_app.errors import Unavailable
from integrations_app.kit.egress import Door, EgressPolicy, Passport
from integrations_app.kit.egress import door as door_module

MakeDoor = Callable[..., Door]


@pytest.fixture
def door(open_door: MakeDoor) -> Door:
    return open_door(EgressPolicy.parse(["127.0.0.0/8"]))


async def test_one_connection_per_organisation_and_passport(hostile: Any, door: Door) -> None:
    passport = Passport(origins=(hostile.url(),))
    for pool, pass_ in [("a", None), ("a", None), ("b", None), ("b", None), ("a", passport), ("a", passport)]:
        async with door.client(pool=pool, passport=pass_) as client:
            await client.post(hostile.url("/ok"), content=b"x")
    assert hostile.connections == 3
    async with door.aiohttp_session(pool="b").post(hostile.url("/ok")) as response:
        assert await response.text() == "ok"
    assert hostile.connections == 3


async def test_cookies_are_not_kept(hostile: Any, door: Door, make_reply: Callable[..., bytes]) -> None:
    url = hostile.on("/cookie", make_reply(b"", "Set-Cookie: a=canary; Path=/"))
    async with door.client(pool="a") as client:
        response = await client.get(url)
        assert "canary" in response.headers["set-cookie"]
        await client.get(hostile.url("/ok"))
    session = door.aiohttp_session(pool="a")
    for path in ("/cookie", "/ok"):
        async with session.get(hostile.url(path)) as answer:
            await answer.read()
    assert len(hostile.requests) == 4
    assert b"canary" not in b"".join(hostile.requests)


async def test_the_environment_plays_no_part(hostile: Any, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with door.client(pool="a") as client:
        assert (await client.get(hostile.url("/ok"))).text == "ok"


async def test_the_url_goes_out_as_it_was_judged(hostile: Any, door: Door) -> None:
    hostile.on("/a%2Fb%7E/", b"HTTP/1.1 204 No Content\r\n\r\n")
    async with door.client(pool="a") as client:
        await client.get(hostile.url("/a%2Fb%7E/?q=a%20b%2Bc#gone"))
    assert hostile.requests[0].startswith(b"GET /a%2Fb%7E/?q=a%20b%2Bc HTTP/1.1\r\n")
    assert b"content-type" not in hostile.requests[0].lower()


async def test_idle_pools_are_retired(hostile: Any, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "MAX_IDLE_POOLS", 2)
    monkeypatch.setattr(door_module, "IDLE_SECONDS", -1.0)
    first = door.client(pool="first")
    await first.get(hostile.url("/ok"))
    for number in range(5):
        async with door.client(pool=str(number)) as client:
            await client.get(hostile.url("/ok"))
    assert len(door._pools) == 2
    assert (await first.get(hostile.url("/ok"))).text == "ok"  # a client outlives its pool
    await asyncio.gather(*door._leaving)


async def test_a_closed_door_opens_nothing(hostile: Any, door: Door) -> None:
    client = door.client(pool="a")
    await client.get(hostile.url("/ok"))
    await door.aclose()
    await hostile.all_closed(1)
    with pytest.raises(Unavailable):
        door.client(pool="a")
    with pytest.raises(Unavailable):
        await client.get(hostile.url("/ok"))


async def test_slack_sdk_runs_on_the_session(hostile: Any, door: Door, make_reply: Callable[..., bytes]) -> None:
    hostile.on("/api/auth.test", make_reply(b'{"ok":true,"team_id":"T1"}', "Content-Type: application/json"))
    session = door.aiohttp_session(pool="a")
    client = AsyncWebClient(token="xoxb-x", session=session, base_url=hostile.url("/api/"), retry_handlers=[])
    assert (await client.auth_test())["team_id"] == "T1"
