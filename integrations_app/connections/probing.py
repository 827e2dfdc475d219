"""Looks whether an address answers at all: one harmless request without credentials."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from integrations_app.errors import IntegrationsError, ResponseRefused
from integrations_app.kit.http_date import parse_http_date
from integrations_app.sdk.context import Access

SECONDS = 10.0
_UNTRUSTED = "tls_error"
_SOMEBODY = frozenset({_UNTRUSTED, "protocol_error", "certificate_refused"})
"""Codes of answers that cannot be used."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it: an answer of any status, or an error."""

    host: str
    encrypted: bool = False
    answered: bool = False
    milliseconds: int = 0
    ahead: timedelta | None = None
    """How far the other side's clock is ahead of ours; None when it did not tell."""
    error: IntegrationsError | None = None

    @property
    def untrusted(self) -> bool:
        """Whether the other side could not prove who it is."""
        return isinstance(self.error, ResponseRefused) and self.error.code == _UNTRUSTED

    @property
    def reached(self) -> bool:
        """Whether somebody is there, whatever they say."""
        return self.answered or (isinstance(self.error, ResponseRefused) and self.error.code in _SOMEBODY)


async def probe(access: Access, address: str, clock: Callable[[], datetime], *, ca_pem: str = "") -> Probed:
    """Send a HEAD to the address, in at most ten seconds; `ca_pem` is trusted beside the usual certificates.

    Raises nothing that the way there may bring.
    """
    url = urlsplit(address)
    client = access.door.client(pool=access.organization_id, passport=access.passport, deadline=SECONDS, ca_pem=ca_pem)
    began = time.perf_counter()
    try:
        response = await client.request("HEAD", address)
    except IntegrationsError as error:
        return Probed(url.netloc, url.scheme == "https", error=error)
    milliseconds = round((time.perf_counter() - began) * 1000)
    ahead = _ahead(response.headers.get("date", ""), clock())
    return Probed(url.netloc, url.scheme == "https", answered=True, milliseconds=milliseconds, ahead=ahead)


def _ahead(date: str, now: datetime) -> timedelta | None:
    theirs = parse_http_date(date)
    return theirs - now if theirs is not None else None
