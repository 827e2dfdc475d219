"""Rejections: deliveries that are not taken, judged by where they come from, and held within bounds."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from integrations_app.errors import AddressRefused, SignatureInvalid
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor
from integrations_app.sdk.triggers import Headers
from integrations_app.workflows import deliveries
from integrations_app.workflows import inbound as judge
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.endpoint_terms import is_within
from integrations_app.workflows.storable import storable_text

REJECTED = "rejected"
MOST_REJECTED = 200
"""Rows of rejected deliveries that an endpoint has at most; each minute has its place among them."""
_MINUTE = 60
_SHOWN_ADDRESS = 64


async def require_address(hub: Hub, endpoint: OpenEndpoint, address: str, headers: Headers) -> None:
    """Raise AddressRefused, noted, for a sender's address that the endpoint does not take; before its body is read."""
    if not endpoint.allowed or is_within(address, endpoint.allowed):
        return
    shown = storable_text(address[:_SHOWN_ADDRESS]) or "an unknown address"
    refused = AddressRefused("address_not_allowed", f"The endpoint takes no deliveries from {shown}.")
    await note_rejected(hub, endpoint, refused, headers)
    raise refused


async def note_rejected(
    hub: Hub, endpoint: OpenEndpoint, error: SignatureInvalid | AddressRefused, headers: Headers
) -> None:
    """Show and audit a refused delivery: at most a row a minute per endpoint, which says how many it stands for.

    Nothing of its body and little of its headers is kept, and its row takes the place of one that is MOST_REJECTED
    minutes (or a multiple) older: whoever cannot sign must not fill the disk, however long it tries. A place is found
    by the unique key; looking for the oldest row would let a forger make us read the whole history each minute.
    """
    count = hub.throttle.admit(f"webhook.rejected:{endpoint.id}", hub.clock())
    if not count:
        return
    actor, subject = system_actor(endpoint.organization_id), f"endpoint:{endpoint.id}"

    def write(session: Session) -> None:
        now, event_id = hub.clock(), hub.new_id()
        values = {
            **deliveries.values_of_event(hub, session, endpoint, headers, b"", event_id),
            "delivery_id": f"rejected:{endpoint.id}:{int(now.timestamp()) // _MINUTE % MOST_REJECTED}",
            "headers": judge.excerpt_of_headers(headers),
            "verdict": REJECTED,
            "reason": error.message,
            "times": count,
        }
        kept = deliveries.insert_in_place(session, values, now - timedelta(seconds=_MINUTE))
        deliveries.announce_event(hub, session, endpoint.organization_id, kept)
        detail: dict[str, Any] = {"code": error.code, "count": count}
        record(session, hub.keyring, actor, "webhook.rejected", now=now, subject=subject, detail=detail)

    await hub.database.write(write)
