"""Reading bodies: raw bytes within bounds of size, time and memory, and refusals with a status of their own."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

BODY_SECONDS = 30.0
"""A sender that takes longer is cut off."""
MAX_INFLIGHT_BYTES = 128 * 1024 * 1024
"""Bodies being read at once; beyond it senders are asked to come back."""

MOST_WAITING = 256
"""Requests that wait for a run at once; none of them keeps its body."""


class Refused(Exception):
    """The request is answered with this status and code, without looking further."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, code)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


class Inflight:
    """Bytes of bodies that are being read by this process."""

    def __init__(self, limit: int = MAX_INFLIGHT_BYTES) -> None:
        self._limit = limit
        self._bytes = 0

    def take(self, count: int) -> None:
        """Count `count` more bytes; Refused with 429 when there are too many."""
        if self._bytes + count > self._limit:
            raise Refused(429, "rate_limited", "Too much is being delivered at once.", {"Retry-After": "1"})
        self._bytes += count

    def give_back(self, count: int) -> None:
        """The bytes are gone."""
        self._bytes -= count


class Waiting:
    """Requests of this process that wait for the answer of a run; beyond the limits nobody is made to wait.

    One organisation has a quarter of the places at most, and one endpoint an eighth, so that the others are heard
    beside it.
    """

    def __init__(self, limit: int = MOST_WAITING) -> None:
        self._limit, self._share, self._half = limit, max(1, limit // 4), max(1, limit // 8)
        self._all = 0
        self._of: Counter[str] = Counter()
        self._at: Counter[str] = Counter()

    @contextmanager
    def place(self, organization_id: str, endpoint_id: str) -> "Iterator[Place]":
        """A place for one request, which it may take when its sender is known; free again in the end."""
        place = Place(self, organization_id, endpoint_id)
        try:
            yield place
        finally:
            if place.taken:
                self._count(organization_id, endpoint_id, -1)

    def enter(self, organization_id: str, endpoint_id: str) -> bool:
        """Whether one more may wait; it is counted when it may."""
        within = self._of[organization_id] < self._share and self._at[endpoint_id] < self._half
        free = self._all < self._limit and within
        self._count(organization_id, endpoint_id, int(free))
        return free

    def _count(self, organization_id: str, endpoint_id: str, more: int) -> None:
        self._all += more
        for counted, name in ((self._of, organization_id), (self._at, endpoint_id)):
            counted[name] += more
            if not counted[name]:
                del counted[name]


class Place:
    """A place among those that wait: empty until it is taken."""

    def __init__(self, waiting: Waiting, organization_id: str, endpoint_id: str) -> None:
        self._waiting, self._whose = waiting, (organization_id, endpoint_id)
        self.taken = False

    def take(self) -> bool:
        """Whether the request may wait."""
        self.taken = self.taken or self._waiting.enter(*self._whose)
        return self.taken


class Reader:
    """Reads raw bodies within bounds of size and time."""

    def __init__(self, inflight: Inflight, seconds: float) -> None:
        self._inflight = inflight
        self._seconds = seconds

    async def read(self, request: Request, limit: int) -> bytes:
        """The raw body: never more than `limit` bytes, never longer than the time allowed. Raises Refused."""
        announced = _announced_length(request)
        if announced is not None and announced > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        count = 0
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.stream():
                    if count + len(chunk) > limit:
                        raise _too_large(limit)
                    self._inflight.take(len(chunk))
                    count += len(chunk)
                    chunks.append(chunk)
        except TimeoutError:
            raise Refused(408, "body_too_slow", "The body took too long.", {"Connection": "close"}) from None
        finally:
            self._inflight.give_back(count)
        if announced is not None and announced != count:
            raise Refused(400, "length_mismatch", "The body is not as long as Content-Length says.")
        return b"".join(chunks)


def require_type(request: Request, types: tuple[str, ...]) -> None:
    """Refuse (415) an encoded body and one of another type; `application/x+json` passes for JSON."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Refused(415, "encoding_unsupported", "Send the body as it is, without a content encoding.")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    json_like = given.startswith("application/") and given.endswith("+json") and "application/json" in types
    if given not in types and not json_like:
        raise Refused(415, "unsupported_media_type", f"Send {' or '.join(types)}.")


def _announced_length(request: Request) -> int | None:
    given = request.headers.get("content-length")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 15):  # noqa: PLR2004 - a petabyte is no length
        raise Refused(400, "length_mismatch", "Content-Length is not a length.")
    return int(given)


def _too_large(limit: int) -> Refused:
    return Refused(413, "body_too_large", f"At most {limit} bytes are taken.", {"Connection": "close"})
