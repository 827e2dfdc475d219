"""The httpx client of the door: a transport over the pooled aiohttp session, and redirects followed by hand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from yarl import URL

from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress.gate import BOUNDS, SAFE_METHODS, Bounds, Denied, decoded_chunks, refuse_announced_size
from integrations_app.kit.egress.headers import check_headers, check_method, is_forbidden
from integrations_app.kit.egress.target import Target, parse_target

OpenSession = Callable[[Target], Awaitable[aiohttp.ClientSession]]
"""The session to reach a target with."""

MAX_REDIRECTS = 3
# httpx logs the whole URL of every call at INFO; a webhook's URL is often its secret.
logging.getLogger("httpx").setLevel(logging.WARNING)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What may go to another origin than the one the caller named; everything else might be a credential.
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})
ENDS_AT = "integrations_ends_at"


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds to wait for a connection, and for the next piece of an answer; None: no longer than the deadline."""

    connect: float | None = None
    read: float | None = None


UNHURRIED = Waits()


class _Body(httpx.AsyncByteStream):
    """The decoded, counted and timed body of one answer."""

    def __init__(self, response: aiohttp.ClientResponse, bounds: Bounds) -> None:
        self._response = response
        self._bounds = bounds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in decoded_chunks(self._response, self._bounds):
            yield piece

    async def aclose(self) -> None:
        """Give the connection back to the pool, or close it when the body was not read to its end."""
        self._response.release() if self._response.content.at_eof() else self._response.close()


class _Answer(httpx.Response):
    """An answer whose Location httpx leaves alone: it would parse it, and fail on a bad one, unasked."""

    @property
    def has_redirect_location(self) -> bool:
        """Never: redirects are `Client.follow`'s business."""
        return False


class Transport(httpx.AsyncBaseTransport):
    """Sends httpx requests through a pooled aiohttp session that it does not own."""

    def __init__(self, session: OpenSession, deadline: float, limit: int) -> None:
        self._session = session
        self._deadline = deadline
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the deadline starts here unless the request carries the one of earlier hops."""
        ends_at = request.extensions.get(ENDS_AT) or asyncio.get_running_loop().time() + self._deadline
        bounds = Bounds(ends_at, self._limit, request.method in SAFE_METHODS)
        body = await request.aread()
        session = await self._session(parse_target(str(request.url)))
        token = BOUNDS.set(bounds)
        try:
            response = await session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[pair for pair in request.headers.multi_items() if not is_forbidden(pair[0])],
                data=body or None,
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
                timeout=_patience(request),
            )
        finally:
            BOUNDS.reset(token)
        refuse_announced_size(response, bounds)
        return _as_httpx(request, response, bounds)


def _patience(request: httpx.Request) -> aiohttp.ClientTimeout:
    """How long to wait for the connection and between two pieces of the answer; the deadline covers all of it."""
    seconds: Mapping[str, float | None] = request.extensions.get("timeout") or {}
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds.get("connect"), sock_read=seconds.get("read"))


def _as_httpx(request: httpx.Request, response: aiohttp.ClientResponse, bounds: Bounds) -> httpx.Response:
    """Headers that described the encoded body go away: the body handed on is already decoded."""
    encoded = "Content-Encoding" in response.headers
    gone = {b"content-encoding", b"content-length"} if encoded else set()
    headers = [pair for pair in response.raw_headers if pair[0].lower() not in gone]
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": (response.reason or "").encode("ascii", "replace")}
    return _Answer(
        response.status, headers=headers, stream=_Body(response, bounds), request=request, extensions=extensions
    )


class Client(httpx.AsyncClient):
    """An httpx client whose every call goes through the door. Light: make one per piece of work.

    Its errors are those of `integrations_app.errors`, never httpx's transport errors. Redirects are
    handed back; `follow` follows them.
    """

    def __init__(
        self,
        session: OpenSession,
        *,
        deadline: float,
        max_response_bytes: int,
        headers: Mapping[str, str] | None,
        waits: Waits = UNHURRIED,
        denied: Denied | None = None,
    ) -> None:
        own = {"User-Agent": "integrations-app", "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})}
        super().__init__(
            transport=Transport(session, deadline, max_response_bytes),
            headers=dict(check_headers(own.items())),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(None, connect=waits.connect, read=waits.read),
            trust_env=False,
            follow_redirects=False,
        )
        self._seconds = deadline
        self._denied = denied

    def build_request(self, method: str, url: httpx.URL | str, **parts: Any) -> httpx.Request:
        """Like httpx's, with the door's errors: InvalidInput `header_invalid`, EgressDenied `url_*`."""
        check_method(method)
        if parts.get("headers") is not None:
            check_headers(_pairs(parts["headers"]))
        try:
            return super().build_request(method, url, **parts)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise EgressDenied("url_invalid") from error

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """Like httpx's; a challenge and its answer (`auth`) share one deadline, each request judged by itself."""
        request.extensions.setdefault(ENDS_AT, self._ends_at())
        return await super().send(request, **how)

    def _ends_at(self) -> float:
        return asyncio.get_running_loop().time() + self._seconds

    async def follow(
        self, method: str, url: str, *, redirects: int = MAX_REDIRECTS, auth: httpx.Auth | None = None, **parts: Any
    ) -> httpx.Response:
        """Send and follow at most `redirects` (3) within one deadline, each hop judged like a call of its own.

        All headers but a harmless few are dropped when the origin changes, and `auth` with them. Raises
        EgressDenied `too_many_redirects` at one more, and whatever a hop's own judgement says.
        """
        ends_at = self._ends_at()
        request = self.build_request(method, url, **parts)
        for _ in range(min(redirects, MAX_REDIRECTS) + 1):
            request.extensions[ENDS_AT] = ends_at
            response = await self.send(request, auth=auth)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return response
            try:
                following = _next_hop(request, response)
            except EgressDenied as error:
                await self._tell(error)
                raise
            auth = auth if _origin(following) == _origin(request) else None
            request = following
        refused = EgressDenied("too_many_redirects", request.url.host)
        await self._tell(refused)
        raise refused

    async def _tell(self, refused: EgressDenied) -> None:
        """Say that a hop was refused before the gate saw it."""
        if self._denied is not None:
            await self._denied(refused)


def _pairs(headers: Any) -> list[tuple[str, str]]:
    """Read the shapes of headers httpx accepts into text pairs."""
    items = headers.multi_items() if isinstance(headers, httpx.Headers) else headers
    items = items.items() if isinstance(items, Mapping) else items
    try:
        return [(_text(name), _text(value)) for name, value in items]
    except UnicodeDecodeError as error:
        raise InvalidInput({"headers": "must be ASCII"}, "", "header_invalid") from error


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _origin(request: httpx.Request) -> tuple[str, str, int]:
    return parse_target(str(request.url)).origin


def _next_hop(request: httpx.Request, response: httpx.Response) -> httpx.Request:
    """Build the request for a redirect: method and body after RFC 9110 §15.4, headers after the origin."""
    try:
        url = request.url.join(response.headers["location"])
    except (httpx.InvalidURL, ValueError) as error:
        raise EgressDenied("url_invalid") from error
    here, there = parse_target(str(request.url)), parse_target(str(url))
    status, method, body = response.status_code, request.method, request.content
    if (status == HTTPStatus.SEE_OTHER and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, body = "GET", b""
    dropped = {"content-type"} if not body else set[str]()
    headers = [
        (name, value)
        for name, value in request.headers.multi_items()
        if name not in dropped and (here.origin == there.origin or name in _HARMLESS) and not is_forbidden(name)
    ]
    return httpx.Request(method, url.copy_with(fragment=None), headers=headers, content=body)
