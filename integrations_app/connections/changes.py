"""What every change of a connection is followed by: its audit row and the news for open pages."""

from typing import Any

from sqlmodel import Session

from integrations_app.kit.db import on_commit
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.organizations.permissions import Actor


def announce(hub: Hub, session: Session, organization_id: str, connection_id: str) -> None:
    """Tell every open page of the organisation, once the transaction is durable, that the connection changed."""
    message = {"kind": "connection", "id": connection_id}
    on_commit(session, lambda: hub.bus.publish(organization_topic(organization_id), message))


def note(hub: Hub, session: Session, actor: Actor, name: str, connection_id: str, **detail: Any) -> None:
    """Write the audit row of an act on a connection. Call it last in the transaction; no secret in `detail`."""
    record(
        session,
        hub.keyring,
        actor,
        name,
        subject=f"connection:{connection_id}",
        detail=detail,
        now=hub.clock(),
    )


def settle(hub: Hub, session: Session, actor: Actor, name: str, connection_id: str, **detail: Any) -> None:
    """Audit a change and announce it."""
    announce(hub, session, actor.organization_id, connection_id)
    note(hub, session, actor, name, connection_id, **detail)
