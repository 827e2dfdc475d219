"""Which names this server answers to, who may see a page, and paths without trailing slashes."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations_app.organizations import sessions
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.return_page import HOME
from integrations_app.settings import is_loopback
from integrations_app.web import errors
from integrations_app.web.paths import FRAMEWORK, MACHINE, PLAIN, below, is_page


class Hosts:
    """Before anything else is served: the host must be ours, and a page needs a session."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app = app
        self._hub = hub
        self._public = hub.settings.public_origin
        self._netloc = urlsplit(self._public).netloc.lower()
        self._default_port = ":443" if self._public.startswith("https:") else ":80"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 303, 307 or 421, or let the request through with a clean path."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        host = self._host(scope)
        if scope["type"] == "websocket":
            if host == self._netloc or below(scope["path"], ("/sandbox",)):
                await self._app(scope, receive, send)
            else:
                await refuse_websocket(scope, receive, send, 421)
            return
        scope = _without_trailing_slash(scope)
        response = await self._judge(Request(scope, receive), host)
        if response is not None:
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _judge(self, request: Request, host: str) -> Response | None:
        path = request.url.path
        if host != self._netloc:
            if not _is_loopback_name(host):
                return errors.answer(request, 421, "wrong_host", "This server does not answer to that name.")
            if not below(path, MACHINE):
                return RedirectResponse(self._public + _raw_target(request.scope), HTTPStatus.TEMPORARY_REDIRECT)
        if request.method not in {"GET", "HEAD"} or not is_page(path):
            return None
        if not await self._is_signed_in(request):
            return RedirectResponse(f"/login?next={quote(_raw_target(request.scope), safe='/')}", HTTPStatus.SEE_OTHER)
        return RedirectResponse(HOME, HTTPStatus.SEE_OTHER) if path == "/" else None

    async def _is_signed_in(self, request: Request) -> bool:
        token = sessions.cookie_token(request.headers.get("cookie", ""))
        return bool(token) and await sessions.find(self._hub, token) is not None

    def _host(self, scope: Scope) -> str:
        hosts = Headers(scope=scope).getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        return host.removesuffix(self._default_port)


class Pages:
    """Innermost, around Reflex: what is no page never reaches it, and a page is answered without a redirect."""

    def __init__(self, app: ASGIApp, listed: Sequence[BaseRoute]) -> None:
        self._app = app
        self._listed = listed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 or 405 for our own routes' paths, else serve."""
        path = scope.get("path", "")
        if scope["type"] != "http" or below(path, FRAMEWORK):
            await self._app(scope, receive, send)
        elif below(path, (*MACHINE, *PLAIN)):
            await self._refuse(Request(scope, receive))(scope, receive, send)
        else:
            # Reflex's static files redirect a folder to its trailing slash, with a Location made from the Host header.
            direct = {"path": f"{path}/", "raw_path": quote(f"{path}/").encode()}
            needed = is_page(path) and not path.endswith("/")
            await self._app({**scope, **direct} if needed else scope, receive, send)

    def _refuse(self, request: Request) -> Response:
        matches = [route.matches(request.scope)[0] for route in self._listed]
        if Match.PARTIAL in matches:
            return errors.answer(request, 405, "method_not_allowed", "This address does not take that method.")
        return errors.answer(request, 404, "not_found", "Not found.")


async def refuse_websocket(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    """Answer a handshake with `status`; servers without that extension make a 403 of it."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close", "code": 1008})


def _without_trailing_slash(scope: Scope) -> Scope:
    path = scope["path"]
    clean = path.rstrip("/") or "/"
    if clean == path or below(path, ("/sandbox",)):
        return scope
    return {**scope, "path": clean, "raw_path": quote(clean).encode()}


def _raw_target(scope: Scope) -> str:
    """Path and query to send a browser to; a path of several leading slashes would name another host."""
    path = "/" + quote(scope["path"].lstrip("/\\"), safe="/:@!$&'()*+,;=~-._")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def _is_loopback_name(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return is_loopback(name) and host.partition("@")[2] == "" and (port is None or port > 0)
