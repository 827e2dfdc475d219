"""The cap of an endpoint: deliveries a minute, counted in this process before a body is read.

What turns out to be forged, or never arrives whole, is given back.
"""

from collections import OrderedDict
from datetime import datetime

from sqlmodel import Session

from integrations_app.errors import RateLimited
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.repository import Endpoints

MAX_COUNTED = 1024
"""Endpoints that are counted at once; one that is forgotten begins with its whole minute again."""
_MINUTE = 60.0
_left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
"""What each endpoint may still take, and as of when; it fills up evenly."""


async def admit(hub: Hub, endpoint: OpenEndpoint) -> None:
    """Count a delivery. Raises RateLimited (`after` seconds) when the endpoint has had its minute's worth.

    Nothing is written for a refusal but once a minute that there were some, and how many.
    """
    if endpoint.per_minute <= 0:
        return
    wait = _take(endpoint.id, endpoint.per_minute, hub.clock())
    if wait <= 0:
        return
    await _note_limited(hub, endpoint)
    raise RateLimited("The endpoint takes no more deliveries at the moment.", wait)


def give_back(endpoint: OpenEndpoint) -> None:
    """Count a delivery no longer: nobody proved that it came from the sender, whose minute a stranger cannot use up."""
    if endpoint.id in _left:
        left, then = _left[endpoint.id]
        _left[endpoint.id] = (min(float(endpoint.per_minute), left + 1), then)


def _take(endpoint_id: str, per_minute: int, now: datetime) -> float:
    """Take one; seconds until there is one when there is none."""
    left, then = _left.get(endpoint_id, (float(per_minute), now))
    passed = max(0.0, (now - then).total_seconds())
    left = min(float(per_minute), left + passed * per_minute / _MINUTE)
    enough = left >= 1
    _left[endpoint_id] = (left - 1 if enough else left, now)
    _left.move_to_end(endpoint_id)
    while len(_left) > MAX_COUNTED:
        _left.popitem(last=False)
    return 0.0 if enough else (1 - left) * _MINUTE / per_minute


async def _note_limited(hub: Hub, endpoint: OpenEndpoint) -> None:
    count = hub.throttle.admit(f"webhook.limited:{endpoint.id}", hub.clock())
    if not count:
        return

    def write(session: Session) -> None:
        row = Endpoints(session, endpoint.organization_id).find(endpoint.id)
        if row is None:
            return
        row.limited_at = hub.clock()
        session.add(row)
        actor, detail = system_actor(endpoint.organization_id), {"count": count, "per_minute": endpoint.per_minute}
        subject = f"endpoint:{endpoint.id}"
        record(session, hub.keyring, actor, "webhook.limited", now=hub.clock(), subject=subject, detail=detail)

    await hub.database.write(write)
