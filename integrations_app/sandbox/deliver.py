"""Webhook deliveries of the emulated vendors: to loopback addresses only, after the answer, recorded."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from integrations_app.sandbox.oauth import is_loopback_host

ANSWER_CAP = 64 * 1024
SUCCESS = 2


def is_deliverable(url: str) -> bool:
    """Whether the sandbox would post to this URL: http(s) to a loopback host."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and is_loopback_host(parts.hostname)


@dataclass
class Receipt:
    """What became of one delivery attempt; `status` 0 means no answer, `error` says why; seconds."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    duration: float = 0.0
    error: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the receiver answered with success."""
        return self.status // 100 == SUCCESS


class Courier:
    """Sends deliveries in the background and knows which are under way."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a delivery on the running loop; returns at once."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait until every delivery begun so far, and those they begin, have ended."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    def cancel(self) -> None:
        """Give up what is under way (reset)."""
        for task in list(self._under_way):
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def post(self, url: str, headers: dict[str, str], body: bytes, limit: float) -> Receipt:
        """Post once and report; a refused address or a network failure is a receipt, not an exception; seconds."""
        if not is_deliverable(url):
            return Receipt(error="only loopback addresses are delivered to")
        started = time.monotonic()
        try:
            async with asyncio.timeout(limit):
                receipt = await _exchange(url, headers, body, limit)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            receipt = Receipt(error="timeout" if _is_timeout(error) else type(error).__name__)
        receipt.duration = time.monotonic() - started
        return receipt


async def _exchange(url: str, headers: dict[str, str], body: bytes, limit: float) -> Receipt:
    async with (
        httpx.AsyncClient(trust_env=False, timeout=limit) as client,
        client.stream("POST", url, headers=headers, content=body) as answer,
    ):
        kept = b""
        async for chunk in answer.aiter_bytes():
            kept += chunk[: ANSWER_CAP - len(kept)]
            if len(kept) >= ANSWER_CAP:
                break
        return Receipt(answer.status_code, dict(answer.headers), kept.decode("utf-8", "replace"))


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, TimeoutError | httpx.TimeoutException)
