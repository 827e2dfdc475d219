"""The gate against foreign sites: a state-changing request must not come from another origin's page."""

import re
from dataclasses import replace

from sqlmodel import Session
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations_app.organizations import audit
from integrations_app.organizations.hub import Hub
from integrations_app.web import errors
from integrations_app.web.paths import API, below

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Machines post here, and each proves itself by signature or token instead of a cookie.
_MACHINES = re.compile(r"/api/webhooks/[^/]+|/api/integrations/[^/]+(/[^/]+)?/events")


class Gate:
    """Refuses (403 `csrf`) what a foreign page sends with the browser's cookies.

    No Origin and no Fetch metadata means no browser, and is let through.
    """

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through or answer it."""
        if scope["type"] != "http" or scope["method"] in _SAFE or not self._is_foreign(scope):
            await self._app(scope, receive, send)
            return
        await self._note(scope)
        request = Request(scope, receive)
        refusal = errors.answer(request, 403, "csrf", "This request came from another site and was refused.")
        await refusal(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        headers, path = Headers(scope=scope), scope["path"]
        if below(path, ("/sandbox",)) or _MACHINES.fullmatch(path):
            return False
        if below(path, (API,)) and headers.get("authorization", "").lower().startswith("bearer "):
            return False
        origins = headers.getlist("origin")
        if any(origin != self._hub.settings.public_origin for origin in origins):
            return True
        return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}

    async def _note(self, scope: Scope) -> None:
        hub = self._hub
        now = hub.clock()
        count = hub.throttle.admit("csrf.denied", now)
        if not count or hub.keyring.sealed:
            return
        client = scope.get("client")
        actor = replace(audit.ANONYMOUS, address=client[0] if client else "")
        detail = {"path": scope["path"][:100], "origin": Headers(scope=scope).get("origin", "")[:100], "count": count}

        def write(session: Session) -> None:
            audit.record(session, hub.keyring, actor, "csrf.denied", now=now, detail=detail)

        await hub.database.write(write)
