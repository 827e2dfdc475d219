"""Rate limits as a vendor tells them: which calls it counts together, and what its answers say of what is left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from integrations_app.kit.http_date import parse_http_date
from integrations_app.kit.rate_budget import EVERYTHING, Reading
from integrations_app.sdk.patience import parse_retry_after

FURTHEST_RESET = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as far as limits are concerned. Names of `headers` are in lower case."""

    method: str
    url: str
    bucket: str
    status: int
    headers: Mapping[str, str]
    now: datetime

    def number(self, name: str) -> int | None:
        """The header as a whole number from 0 on; None when it is absent or something else."""
        text = self.headers.get(name, "").strip()
        return int(text[:13]) if text.isascii() and text.isdigit() else None

    def moment(self, name: str, per_second: int = 1) -> datetime | None:
        """The header, seconds since 1970 by the vendor's clock (1000 per second: milliseconds), as a time of ours.

        The difference of the two clocks is read from `Date`. None when the header is absent, nonsense, or more than
        two days away.
        """
        told = self.number(name)
        if told is None:
            return None
        there = parse_http_date(self.headers.get("date", ""))
        away = timedelta(seconds=told / per_second - (there or self.now).timestamp())
        return self.now + away if abs(away) < FURTHEST_RESET else None

    @property
    def retry_after(self) -> float | None:
        """The seconds of `Retry-After`; None when it is absent or nonsense."""
        return parse_retry_after(self.headers.get("retry-after"), self.now)


def pause_when_asked(answered: Answered) -> Reading | None:
    """The reading of a vendor that says nothing but 429 (RFC 6585), with or without `Retry-After`."""
    if answered.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    return Reading(answered.bucket, refused=True, pause=answered.retry_after)


def all_together(_method: str, _url: str) -> str:
    """The bucket of a vendor that counts every call of an account together."""
    return EVERYTHING


@dataclass(frozen=True, slots=True)
class Limits:
    """How a vendor limits the calls of one connection. Both are pure."""

    read: Callable[[Answered], Reading | None] = pause_when_asked
    """What an answer tells; None when nothing."""
    bucket: Callable[[str, str], str] = all_together
    """`(method, URL) -> bucket` of a call that is about to leave; short, never an id or a secret."""
