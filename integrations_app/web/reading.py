"""Reading bodies: raw bytes within bounds of size, time and memory, and refusals with a status of their own."""

import asyncio
from collections import Counter

from starlette.requests import Request

BODY_SECONDS = 30.0
"""A sender that takes longer is cut off."""
MAX_INFLIGHT_BYTES = 128 * 1024 * 1024
"""Bodies being read at once; beyond it senders are asked to come back."""

MOST_WAITING = 64
"""Requests that wait for a run at once."""


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
    """Requests of this process that wait for the answer of a run; beyond the limit nobody is made to wait.

    One endpoint has half of the places at most, so that the others are heard beside it.
    """

    def __init__(self, limit: int = MOST_WAITING) -> None:
        self._limit = limit
        self._at: Counter[str] = Counter()

    def enter(self, endpoint_id: str) -> bool:
        """Whether one more may wait; it leaves in the end when it may."""
        free = self._at.total() < self._limit and self._at[endpoint_id] < max(1, self._limit // 2)
        if free:
            self._at[endpoint_id] += 1
        return free

    def leave(self, endpoint_id: str) -> None:
        """One waits no longer."""
        self._at[endpoint_id] -= 1
        if not self._at[endpoint_id]:
            del self._at[endpoint_id]


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
