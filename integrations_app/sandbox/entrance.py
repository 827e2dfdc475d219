"""The wrapper around every request: addresses, guard, body cap, journal and faults."""

import asyncio
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.faults import Fault
from integrations_app.sandbox.journal import Entry
from integrations_app.sandbox.oauth import is_loopback_host
from integrations_app.sandbox.pages import render
from integrations_app.sandbox.world import World

BODY_CAP = 8 * 1024 * 1024
BODY_KEPT = 128 * 1024
OPEN_TO_ALL = ("/_style.css", *(f"/{one.key}{path}" for one in EMULATIONS.values() for path in one.open_paths))


@dataclass
class _Answer:
    """An answer held back until the fault has decided about it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


class Entrance:
    """ASGI wrapper; must be the outermost part of the sandbox."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        root = scope.get("root_path", "")
        path = scope["path"].removeprefix(root)
        base = f"{scope['scheme']}://{request.headers.get('host', '')}{root}"
        # A new dictionary: the server may hand the same one to every request.
        scope["state"] = dict(scope.get("state") or {}) | {"world": self._world, "base": base, "path": path}
        if problem := _guard(request, path):
            await problem(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            await JSONResponse({"message": "request body too large"}, 413)(scope, receive, send)
            return
        await self._serve(scope, request, path, body, send)

    async def _serve(self, scope: Scope, request: Request, path: str, body: bytes, send: Send) -> None:
        vendor = next((name for name in EMULATIONS if path.startswith(f"/{name}/")), "")
        entry = _entry(self._world, request, vendor, path, body)
        if vendor:
            self._world.journal.add(entry)
        fault = self._world.faults.take(vendor, request.method, path, entry.body) if vendor else None

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        if fault is None:
            await self._app(scope, _replay(body), note)
            return
        entry.fault = fault.effect
        await asyncio.sleep(fault.delay)
        await self._suffer(fault, scope, body, send if fault.effect in ("drop", "lose") else note)

    async def _suffer(self, fault: Fault, scope: Scope, body: bytes, send: Send) -> None:
        if fault.effect == "delay":
            await self._app(scope, _replay(body), send)
        elif fault.effect == "answer" or (fault.effect == "lose" and fault.status):
            if fault.effect == "lose":
                await self._act(scope, body)
            await _planted(fault)(scope, _replay(body), send)
        elif fault.effect == "huge":
            await _huge(send, fault.size)
        elif fault.effect == "drip":
            await _drip(send, await self._act(scope, body), fault.interval)
        else:
            if fault.effect == "lose":
                await self._act(scope, body)
            await _break(send)

    async def _act(self, scope: Scope, body: bytes) -> _Answer:
        answer = _Answer()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = (message["status"], list(message.get("headers", [])))
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")

        await self._app(scope, _replay(body), hold)
        return answer


def _guard(request: Request, path: str) -> Response | None:
    """Refuse what may not reach control and inspectors."""
    if path.startswith(OPEN_TO_ALL):
        return None
    peer = request.client.host if request.client else None
    host = request.headers.get("host", "")
    if not is_loopback_host(peer) or not is_loopback_host(_host_name(host)):
        return JSONResponse({"message": "The sandbox answers loopback only"}, 403)
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{host}":
        return JSONResponse({"message": "Foreign origin"}, 403)
    if request.headers.get("sec-fetch-site") == "cross-site":
        return _from_elsewhere(request, path)
    return None


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _from_elsewhere(request: Request, path: str) -> Response:
    """A page that a foreign link cannot get behind, but a person can, by one more click."""
    again = f"{request.state.base}{path}" if request.method == "GET" else ""
    message = "Pages of the sandbox open from the sandbox only."
    return render(request, "refused.html", 403, title="You came from another site", message=message, again=again)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is over the cap."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > BODY_CAP:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _entry(world: World, request: Request, vendor: str, path: str, body: bytes) -> Entry:
    text = body[:BODY_KEPT].decode("utf-8", "replace")
    headers = dict(request.headers)
    return Entry(world.clock(), vendor, request.method, path, request.url.query, headers, text)


def _planted(fault: Fault) -> Response:
    is_text = isinstance(fault.body, str)
    body = fault.body if is_text else json.dumps(fault.body)
    return Response(body, fault.status or 500, fault.headers, "text/plain" if is_text else "application/json")


async def _break(send: Send) -> None:
    """Begin an answer and never finish it: the server closes the connection, the client has nothing to read."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b" ", "more_body": True})


async def _huge(send: Send, size: int) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    chunk = b" " * 65536
    for start in range(0, size, len(chunk)):
        await send({"type": "http.response.body", "body": chunk[: size - start], "more_body": True})
    await send({"type": "http.response.body", "body": b"{}", "more_body": False})


async def _drip(send: Send, answer: _Answer, interval: float) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    for index in range(len(answer.body)):
        await send({"type": "http.response.body", "body": answer.body[index : index + 1], "more_body": True})
        await asyncio.sleep(interval)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
