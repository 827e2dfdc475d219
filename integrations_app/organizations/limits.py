"""Sliding windows that slow down guessing, in the memory of this process."""

import ipaddress
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from integrations_app.errors import RateLimited

ATTEMPTS = 10
WINDOW = timedelta(minutes=10)
MAX_KEYS = 20_000


class Limits:
    """At most ATTEMPTS failures per key within WINDOW; an attempt counts from its start, so parallel ones do too."""

    def __init__(self, attempts: int = ATTEMPTS, window: timedelta = WINDOW) -> None:
        self._attempts = attempts
        self._window = window
        self._marks: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, keys: tuple[str, ...], now: datetime) -> None:
        """Count an attempt under every key. Raises RateLimited (`after` seconds) when one of them is full."""
        with self._lock:
            wait = max((self._wait(key, now) for key in keys), default=0.0)
            if wait > 0:
                raise RateLimited("Too many attempts. Wait a few minutes and try again.", wait)
            for key in keys:
                self._marks.setdefault(key, deque()).append(now)
                self._marks.move_to_end(key)
            while len(self._marks) > MAX_KEYS:
                self._marks.popitem(last=False)

    def forgive(self, keys: tuple[str, ...], now: datetime) -> None:
        """Take back the attempt that `enter` counted at `now`: it succeeded."""
        with self._lock:
            for key in keys:
                marks = self._marks.get(key)
                if marks and now in marks:
                    marks.remove(now)

    def _wait(self, key: str, now: datetime) -> float:
        marks = self._marks.get(key)
        if not marks:
            return 0.0
        # A clock that was set back must not lock anybody out: marks of the future are dropped.
        kept = deque(mark for mark in marks if timedelta(0) <= now - mark < self._window)
        self._marks[key] = kept
        if len(kept) < self._attempts:
            return 0.0
        return max(1.0, (self._window - (now - kept[-self._attempts])).total_seconds())


def address_block(address: str) -> str:
    """The address itself, or the /64 of an IPv6 address: whoever has one has the whole block."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
