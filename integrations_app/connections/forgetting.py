"""Forgets connections that were disconnected long ago; until then their rows stay, so that a reconnect revives them."""

from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from integrations_app.connections.changes import settle
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.repository import Connections
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor

KEPT = timedelta(days=30)
AT_ONCE = 100


async def forget_disconnected(hub: Hub) -> int:
    """The sweep over every organisation: remove what was disconnected 30 days ago and no workflow names.

    Returns how many it removed.
    """
    if hub.keyring.sealed:
        return 0
    forgotten = 0
    for organization_id, connection_id in await hub.database.read(partial(_list_old, hub)):
        forgotten += await hub.database.write(partial(_forget, hub, organization_id, connection_id))
    return forgotten


def _list_old(hub: Hub, session: Session) -> list[tuple[str, str]]:
    with across_organizations("the sweep of disconnected connections visits every organisation"):
        uses = SQLModel.metadata.tables["connection_use"]  # of the workflows above us: met by its name
        named = (
            select(uses.c.connection_id)
            .where(
                uses.c.organization_id == col(Connection.organization_id), uses.c.connection_id == col(Connection.id)
            )
            .exists()
        )
        statement = (
            select(col(Connection.organization_id), col(Connection.id))
            .where(
                col(Connection.status) == Status.DISCONNECTED.value,
                col(Connection.disconnected_at) <= hub.clock() - KEPT,
                ~named,
            )
            .limit(AT_ONCE)
        )
        return [(each[0], each[1]) for each in session.execute(statement)]


def _forget(hub: Hub, organization_id: str, connection_id: str, session: Session) -> int:
    """Remove one, unless somebody has connected it again in this moment."""
    connections = Connections(session, organization_id)
    row = connections.find(connection_id)
    if row is None or connections.lock(row.id).status != Status.DISCONNECTED.value:
        return 0
    detail = {"provider": row.provider, "account": row.account_id}
    connections.remove(row)
    settle(hub, session, system_actor(organization_id), "connection.forgotten", connection_id, **detail)
    return 1
