"""aiohttp sessions for SDKs that bring their own client: the door's rules, with answers bounded on reading."""

import asyncio
from typing import Any

import aiohttp

from integrations_app.errors import ResponseRefused
from integrations_app.kit.egress.dial import Request
from integrations_app.kit.egress.gate import (
    BOUNDS,
    SAFE_METHODS,
    Bounds,
    Gate,
    decoded_chunks,
    refuse_announced_size,
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class BoundedResponse(aiohttp.ClientResponse):
    """An answer that is read, decoded and counted within its bounds; `json()` and `text()` build on `read()`."""

    bounds: Bounds | None = None

    async def read(self) -> bytes:
        """Return the decoded body; raises ResponseRefused, OutcomeUnknown or Unavailable."""
        if self._body is None:
            if self.bounds is None:
                raise ResponseRefused("protocol_error", "The answer came past the gate.")
            self._body = b"".join([piece async for piece in decoded_chunks(self, self.bounds)])
        return self._body


class SdkGate(Gate):
    """The gate of a session: sets the bounds for each request and hands out bounded answers, no redirects."""

    def __init__(self, gate: Gate, deadline: float, limit: int) -> None:
        self._gate = gate
        self._deadline = deadline
        self._limit = limit

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Let one request through; a redirect is refused, as an SDK would follow it with its credentials."""
        ends_at = asyncio.get_running_loop().time() + self._deadline
        bounds = Bounds(ends_at, self._limit, request.method in SAFE_METHODS)
        token = BOUNDS.set(bounds)
        try:
            response = await self._gate(request, handler)
        finally:
            BOUNDS.reset(token)
        refuse_announced_size(response, bounds)
        if isinstance(response, BoundedResponse):
            response.bounds = bounds
        if response.status in _REDIRECTS:
            response.close()
            raise ResponseRefused("protocol_error", "The other side redirects a call that must not be redirected.")
        return response


def open_session(connector: aiohttp.TCPConnector, middleware: Gate, **more: Any) -> aiohttp.ClientSession:
    """Make a session on a pool's connector: no cookies, no environment, no decoding or deadline of its own."""
    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=False,
        request_class=Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        middlewares=(middleware,),
        max_field_size=16 * 1024,
        max_line_size=16 * 1024,
        max_headers=128,
        **more,
    )
