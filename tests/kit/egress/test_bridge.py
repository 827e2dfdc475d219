"""Synchronous code in a worker thread sends through the door, within its scope only."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from integrations_app.errors import EgressDenied, OutcomeUnknown, Unavailable
from integrations_app.kit.egress import Door, EgressPolicy, Passport, Reply, send_sync

MakeDoor = Callable[..., Door]


async def silent(*_: object) -> None:
    await asyncio.sleep(5)


@pytest.fixture
def door(open_door: MakeDoor) -> Door:
    return open_door(EgressPolicy())


async def test_send_from_a_thread(hostile: Any, door: Door, make_reply: Callable[..., bytes]) -> None:
    url = hostile.on("/echo", make_reply(b"body", "X-One: 1", "Link: <a>", status="201 Created"))
    headers = {"Authorization": "token t", "Host": "evil.test", "Content-Length": "999"}
    with door.thread_scope(pool="org", passport=Passport(origins=(hostile.url(),)), deadline=2):
        answer = await asyncio.to_thread(send_sync, "patch", url, headers, '{"a": "é"}')
    assert answer == Reply(201, (("content-length", "4"), ("x-one", "1"), ("link", "<a>")), b"body")
    assert hostile.requests[0].startswith(b"PATCH /echo HTTP/1.1\r\n")
    assert '{"a": "é"}'.encode() in hostile.requests[0]
    assert b"evil" not in hostile.requests[0]


async def test_without_a_scope_or_on_the_loop(hostile: Any, door: Door) -> None:
    with pytest.raises(EgressDenied, match="no_scope"):
        await asyncio.to_thread(send_sync, "GET", hostile.url("/ok"), {})
    with door.thread_scope(pool="org"), pytest.raises(EgressDenied, match="wrong_thread"):
        send_sync("GET", hostile.url("/ok"), {})
    with pytest.raises(EgressDenied, match="no_scope"):
        await asyncio.to_thread(send_sync, "GET", hostile.url("/ok"), {})


async def test_the_policy_holds_in_threads(tripwire: Any, open_door: MakeDoor) -> None:
    with open_door(EgressPolicy()).thread_scope(pool="org"), pytest.raises(EgressDenied, match="loopback"):
        await asyncio.to_thread(send_sync, "GET", f"http://127.0.0.1:{tripwire.port}/", {})


async def test_one_deadline_for_the_whole_scope(hostile: Any, door: Door) -> None:
    url = hostile.on("/silent", silent)
    started = asyncio.get_running_loop().time()
    with door.thread_scope(pool="org", passport=Passport(origins=(hostile.url(),)), deadline=0.3):
        with pytest.raises(OutcomeUnknown):
            await asyncio.to_thread(send_sync, "POST", url, {})
        with pytest.raises(Unavailable):
            await asyncio.to_thread(send_sync, "POST", url, {})
    assert asyncio.get_running_loop().time() - started < 1.5
    assert len(hostile.requests) == 1


async def test_threads_of_two_organisations_do_not_mix(hostile: Any, door: Door) -> None:
    async def work(pool: str) -> int:
        with door.thread_scope(pool=pool, passport=Passport(origins=(hostile.url(),))):
            answers = [await asyncio.to_thread(send_sync, "GET", hostile.url("/ok"), {}) for _ in range(5)]
        return len([answer for answer in answers if answer.status == 200])

    assert list(await asyncio.gather(work("a"), work("b"))) == [5, 5]
    assert hostile.connections == 2
