"""Endpoints as deliveries need them, kept for a moment: opening the same secret for every delivery would cost."""

import time
from dataclasses import dataclass
from datetime import datetime

from integrations_app.kit.jwt import USUAL, TokenRule
from integrations_app.kit.secret import Secret
from integrations_app.workflows.endpoint_terms import Network

KEPT_SECONDS = 2.0
"""How long another process may go on accepting for an endpoint that was deleted or rotated here."""
MAX_KEPT = 1024


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """What a delivery is judged by."""

    organization_id: str
    id: str
    kind: str
    enabled: bool
    secret: Secret | None
    connection_id: str | None = None
    former: Secret | None = None
    former_until: datetime | None = None
    per_minute: int = 0
    answer_seconds: int = 0
    """How long a delivery waits for what its run answers; 0: not at all."""
    rule: TokenRule = USUAL
    """What the sender's token must be, of the kind `jwt`."""
    allowed: tuple[Network, ...] = ()
    """Networks that deliveries may come from; none: any."""

    def secrets(self, now: datetime) -> tuple[Secret | None, ...]:
        """What a delivery may be signed with at this moment: the secret, and for a while the one before it."""
        fresh = self.former is not None and self.former_until is not None and now < self.former_until
        return (self.secret, self.former) if fresh else (self.secret,)


_kept: dict[str, tuple[float, OpenEndpoint]] = {}


def find(endpoint_id: str) -> OpenEndpoint | None:
    """The endpoint, when it was read a moment ago."""
    kept = _kept.get(endpoint_id)
    return kept[1] if kept is not None and kept[0] > time.monotonic() else None


def keep(endpoint: OpenEndpoint) -> OpenEndpoint:
    """Remember an endpoint that was just read."""
    while len(_kept) >= MAX_KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[endpoint.id] = (time.monotonic() + KEPT_SECONDS, endpoint)
    return endpoint


def forget(endpoint_id: str) -> None:
    """The endpoint changed: read it again."""
    _kept.pop(endpoint_id, None)
