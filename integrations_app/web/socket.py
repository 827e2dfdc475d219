"""The guard before the events' socket: exact origin, live session, a tab name that no other session can use."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations_app.errors import IntegrationsError
from integrations_app.organizations import audit, sessions
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.web import errors
from integrations_app.web.hosts import refuse_websocket
from integrations_app.web.paths import below
from integrations_app.web.sockets import OpenSocket, OpenSockets

PATH = "/_event"
UPLOAD = "/_upload"
SESSION_ENDED = 4401  # private use range of RFC 6455


class SocketGuard:
    """Nothing of Reflex is reached over `/_event` before origin and session are known to be ours."""

    def __init__(self, app: ASGIApp, hub: Hub, sockets: OpenSockets) -> None:
        self._app = app
        self._hub = hub
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403 (origin) or 401 (session), or serve until the session ends."""
        kind = scope["type"]
        if kind == "websocket" and below(scope["path"], (PATH,)):
            await self._guard(scope, receive, send)
        elif kind == "websocket":
            await refuse_websocket(scope, receive, send, 404)
        elif kind == "http" and below(scope["path"], (PATH, UPLOAD)):
            # Our transport is the websocket alone and we take no uploads.
            request = Request(scope, receive)
            refusal = errors.answer(request, 401, "unauthenticated", "There is nothing here without a session.")
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        address = scope["client"][0] if scope.get("client") else ""
        if headers.getlist("origin") != [self._hub.settings.public_origin]:
            await self._note_origin(headers.get("origin", ""), address)
            await refuse_websocket(scope, receive, send, 403)
            return
        try:
            found = await sessions.find(self._hub, sessions.cookie_token(headers.get("cookie", "")), address)
        except IntegrationsError as error:
            await refuse_websocket(scope, receive, send, errors.status_of(error))
            return
        if found is None:
            await refuse_websocket(scope, receive, send, 401)
            return
        await self._serve(self._own_tab(scope, found.actor), receive, send, found.actor)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, actor: Actor) -> None:
        socket = self._sockets.add(actor)
        line = _Line(socket, receive, send)
        try:
            await self._app(scope, line.receive, line.send)
        finally:
            self._sockets.remove(socket)
            await line.close()

    def _own_tab(self, scope: Scope, actor: Actor) -> Scope:
        """The tab's name mixed with its session: the same name from another session opens another, empty state."""
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        mixed = [(name, self._mix(actor, value) if name == "token" else value) for name, value in query]
        return {**scope, "query_string": urlencode(mixed).encode("latin-1")}

    def _mix(self, actor: Actor, token: str) -> str:
        digest = self._hub.keyring.mac("tab", f"{actor.session_hash}:{token}".encode())
        return str(uuid.UUID(digest[:32]))

    async def _note_origin(self, origin: str, address: str) -> None:
        hub = self._hub
        now = hub.clock()
        if hub.keyring.sealed:
            return
        count = hub.throttle.admit("ws.origin_denied", now)
        if not count:
            return
        actor = replace(audit.ANONYMOUS, address=address)

        def write(session: Session) -> None:
            detail = {"origin": origin[:100], "count": count}
            audit.record(session, hub.keyring, actor, "ws.origin_denied", now=now, detail=detail)

        await hub.database.write(write)


class _Line:
    """Receive and send of one socket, cut as soon as its session ends."""

    def __init__(self, socket: OpenSocket, receive: Receive, send: Send) -> None:
        self._socket = socket
        self._receive = receive
        self._send = send
        self._ending = asyncio.create_task(socket.ended.wait())
        self._waiting: asyncio.Task[Message] | None = None
        self._closed = False

    async def receive(self) -> Message:
        """The next message, or a disconnect once the session has ended."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._next())
        both: set[asyncio.Task[Any]] = {self._waiting, self._ending}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if self._socket.ended.is_set():
            await self._cut()
            return {"type": "websocket.disconnect", "code": SESSION_ENDED}
        message, self._waiting = self._waiting.result(), None
        return message

    async def send(self, message: Message) -> None:
        """Pass on; after the end nothing leaves any more."""
        if self._socket.ended.is_set():
            await self._cut()
            return
        self._closed = self._closed or message["type"] == "websocket.close"
        await self._send(message)

    async def close(self) -> None:
        """Let go of what still waits."""
        for waiting in (self._ending, self._waiting):
            if waiting is not None:
                waiting.cancel()

    async def _next(self) -> Message:
        return await self._receive()

    async def _cut(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._waiting is not None:
            # Granian 2.8 sends a close only when nobody waits in receive.
            self._waiting.cancel()
            await asyncio.wait({self._waiting})
        await self._send({"type": "websocket.close", "code": SESSION_ENDED})
