"""The socket is refused before Reflex sees it, and ends with its session."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from integrations_app.organizations import audit, members, service, sessions

pytestmark = pytest.mark.any_database  # answered in front of the pages

ORIGIN = "http://localhost:3000"
DEADLINE = 5.0


class Socket:
    """Drives one websocket through the ASGI application as a server would."""

    def __init__(
        self, app, cookie="", origin=ORIGIN, query="token=tab-1&EIO=4", path="/_event/", host="localhost:3000"
    ):
        headers = [(b"host", host.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if cookie:
            headers.append((b"cookie", f"{sessions.COOKIE}={cookie}".encode()))
        self._scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": headers,
            "client": ("203.0.113.5", 1),
            "server": ("localhost", 3000),
            "scheme": "ws",
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        self._app = app
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None]
        self._idle = asyncio.Event()
        self._idle.set()

    async def __aenter__(self):
        self._in.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        return self

    async def __aexit__(self, *_):
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, DEADLINE)

    async def _receive(self):
        self._idle.clear()
        try:
            return await self._in.get()
        finally:
            self._idle.set()

    async def _send(self, message):
        if message["type"] == "websocket.close":
            await self._idle.wait()  # as Granian does: no close while somebody waits for a message
        await self._out.put(message)

    def say(self, text):
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    async def next(self):
        return await asyncio.wait_for(self._out.get(), DEADLINE)

    async def outcome(self):
        """The status of a refusal, or `open` with what the stand-in for Reflex was told."""
        message = await self.next()
        if message["type"] == "websocket.accept":
            return "open", json.loads((await self.next())["text"])["query"]
        return message.get("status", message["type"]), {}


@pytest.fixture
async def watching(sockets):
    task = asyncio.create_task(sockets.watch())
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        None,
        "http://app.localhost:3000",
        "http://localhost:3001",
        "http://localhost",
        "https://localhost:3000",
        "http://localhost:3000.evil.example",
        "",
    ],
)
async def test_foreign_origins_are_refused_and_noted(hub, product, person, sockets, origin):
    ada = await person("owner")
    async with Socket(product, ada.cookie, origin) as socket:
        assert (await socket.outcome())[0] == 403
    assert len(sockets) == 0
    events = hub.database.read_now(
        lambda session: audit.list_events(session, "system", audit.Filters(name="ws.origin_denied"))
    )
    assert [(event.detail["origin"], event.address) for event in events.items] == [(origin or "", "203.0.113.5")]


@pytest.mark.parametrize("token", ["", "0" * 64, "junk"])
async def test_no_session_no_socket(product, sockets, token):
    async with Socket(product, token) as socket:
        assert (await socket.outcome())[0] == 401
    assert len(sockets) == 0


async def test_an_expired_session_opens_no_socket(product, person, clock):
    ada = await person("owner")
    clock.advance(timedelta(days=15))
    async with Socket(product, ada.cookie) as socket:
        assert (await socket.outcome())[0] == 401


async def test_a_foreign_host_or_another_path_opens_no_socket(product, person):
    ada = await person("owner")
    async with Socket(product, ada.cookie, host="evil.example") as socket:
        assert (await socket.outcome())[0] == 421
    async with Socket(product, ada.cookie, path="/other") as socket:
        assert (await socket.outcome())[0] == 404


async def test_a_session_opens_the_socket_and_messages_pass(product, person, sockets):
    ada = await person("owner")
    async with Socket(product, ada.cookie) as socket:
        assert (await socket.outcome())[0] == "open"
        assert len(sockets) == 1
        socket.say("hello")
        assert (await socket.next())["text"] == "hello"
    assert len(sockets) == 0


async def test_a_tab_name_means_another_tab_in_another_session(product, person):
    ada, eve = await person("owner"), await person("viewer")
    told = []
    for cookie in (ada.cookie, ada.cookie, eve.cookie):
        async with Socket(product, cookie) as socket:
            told.append((await socket.outcome())[1])
    assert told[0] == told[1]
    assert told[0]["token"] != told[2]["token"]
    assert "tab-1" not in {query["token"] for query in told}
    assert told[0]["EIO"] == "4"
    # What the victim's server-side name is does not help either.
    async with Socket(product, eve.cookie, query=f"token={told[0]['token']}") as socket:
        assert (await socket.outcome())[1]["token"] != told[0]["token"]


async def ends(socket):
    message = await socket.next()
    return message["type"], message["code"]


async def test_sign_out_ends_the_socket(hub, product, person, watching, sockets):
    ada = await person("owner")
    async with Socket(product, ada.cookie) as socket:
        await socket.outcome()
        await service.sign_out(hub, ada.actor)
        assert await ends(socket) == ("websocket.close", 4401)
    assert len(sockets) == 0


async def test_losing_a_role_membership_or_account_ends_the_socket(hub, product, person, watching):
    owner = await person("owner")
    for act in ("lower", "remove", "disable"):
        other = await person("editor")
        async with Socket(product, other.cookie) as socket, Socket(product, owner.cookie) as stays:
            await socket.outcome()
            await stays.outcome()
            if act == "lower":
                await members.change_role(hub, owner.actor, other.user_id, "viewer")
            elif act == "remove":
                await members.remove_member(hub, owner.actor, other.user_id)
            else:
                await service.disable_user(hub, other.email)
            assert await ends(socket) == ("websocket.close", 4401)
            stays.say("still here")
            assert (await stays.next())["text"] == "still here"


async def test_a_password_change_ends_the_other_sockets_only(hub, product, person, watching):
    from integrations_app.kit.secret import Secret

    ada = await person("owner")
    second = await service.sign_in(hub, email=ada.email, password=Secret(ada.password))
    async with Socket(product, ada.cookie) as mine, Socket(product, second) as other:
        await mine.outcome()
        await other.outcome()
        await service.change_password(hub, ada.actor, current=Secret(ada.password), new=Secret("a new password"))
        assert await ends(other) == ("websocket.close", 4401)
        mine.say("still here")
        assert (await mine.next())["text"] == "still here"


async def test_a_session_that_ends_by_time_is_found_by_the_sweep(hub, product, person, sockets, clock):
    ada = await person("owner")
    async with Socket(product, ada.cookie) as socket:
        await socket.outcome()
        await sockets.sweep()
        clock.advance(timedelta(hours=13))
        await sockets.sweep()
        assert await ends(socket) == ("websocket.close", 4401)


async def test_a_socket_that_opens_during_a_sweep_stays_open(hub, person, sockets, monkeypatch):
    first, second = await person(email="first@acme.example"), await person(email="second@acme.example")
    sockets.add(first.actor)
    asked = sessions.list_alive

    async def open_meanwhile(*look):
        alive = await asked(*look)
        opened.append(sockets.add(second.actor))
        return alive

    opened: list[Any] = []
    monkeypatch.setattr(sessions, "list_alive", open_meanwhile)
    await sockets.sweep()
    assert [one.ended.is_set() for one in opened] == [False]
