"""What people do with connections: the service verbs, each in the person's organisation and within their role."""

from collections.abc import Callable
from dataclasses import replace

from sqlmodel import Session

from integrations_app.connections.attempts import go_back
from integrations_app.connections.budgets import forget_budget
from integrations_app.connections.changes import settle
from integrations_app.connections.creation import create
from integrations_app.connections.credentials import destroy_secrets, touch
from integrations_app.connections.editing import rename, update
from integrations_app.connections.health import test
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.overview import list_views, overview, snapshot, usage
from integrations_app.connections.pickers import choices
from integrations_app.connections.refresh_plan import forget_refresh
from integrations_app.connections.repository import Connections, OAuthAttempts
from integrations_app.connections.revoke import Farewell, farewell_of, revoke
from integrations_app.connections.views import ConnectionView
from integrations_app.errors import Conflict, InvalidInput, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission

__all__ = [
    "choices",
    "create",
    "disconnect",
    "get",
    "get_by_provider",
    "list_by_organization",
    "overview",
    "rename",
    "set_default",
    "test",
    "update",
    "update_status",
    "usage",
]


async def get(hub: Hub, actor: Actor, connection_id: str) -> ConnectionView:
    """One connection; raises NotFound."""
    actor.require(Permission.VIEW)
    organization_id = actor.organization_id
    return await hub.database.read(
        lambda session: snapshot(session, Connections(session, organization_id).get(connection_id), hub.clock())
    )


async def list_by_organization(hub: Hub, actor: Actor, provider: str | None = None) -> list[ConnectionView]:
    """Every connection, oldest first, of one provider when given."""
    actor.require(Permission.VIEW)
    return await hub.database.read(lambda session: list_views(session, actor.organization_id, hub.clock(), provider))


async def get_by_provider(hub: Hub, actor: Actor, provider_key: str) -> ConnectionView:
    """The default connection of the provider, else the only one.

    Raises NotFound when there is none, Conflict `connection_ambiguous` when there are several and no default.
    """
    found = [
        one
        for one in await list_by_organization(hub, actor, hub.registry.get(provider_key).key)
        if one.status != Status.DISCONNECTED.value
    ]
    chosen = [one for one in found if one.default] or found
    if not chosen:
        raise NotFound("There is no connection of this provider.")
    if len(chosen) > 1:
        raise Conflict("connection_ambiguous", "There are several connections of this provider and no default.")
    return chosen[0]


async def update_status(hub: Hub, actor: Actor, connection_id: str, status: str) -> ConnectionView:
    """Pause (`paused`) or resume (`connected`): the only two a person may set.

    Credentials are kept. Raises NotFound, InvalidInput, Conflict `not_connected` for a connection without them.
    """
    if status not in {Status.PAUSED.value, Status.CONNECTED.value}:
        raise InvalidInput({"status": "can only be set to paused or connected"})
    pause = status == Status.PAUSED.value

    def change(session: Session, row: Connection) -> str:
        if row.status in {Status.PENDING.value, Status.DISCONNECTED.value}:
            raise Conflict("not_connected", "Only a connected service can be paused or resumed.")
        if pause == (row.status == Status.PAUSED.value):
            return ""
        if pause:
            row.earlier_status, row.status = row.status, Status.PAUSED.value
        else:
            row.earlier_status = row.earlier_status or Status.CONNECTED.value
            go_back(session, row)
        return "connection.paused" if pause else "connection.resumed"

    return await _change(hub, actor, connection_id, change)


async def set_default(hub: Hub, actor: Actor, connection_id: str) -> ConnectionView:
    """Make this the connection that is used when a provider is named and no connection. Raises NotFound."""

    def change(session: Session, row: Connection) -> str:
        if row.status == Status.DISCONNECTED.value:
            raise Conflict("not_connected", "A disconnected service cannot be the default.")
        for other in Connections(session, row.organization_id).list_by_provider(row.provider):
            other.is_default = other.id == row.id
            session.add(other)
        return "connection.default_set"

    return await _change(hub, actor, connection_id, change)


async def _change(
    hub: Hub, actor: Actor, connection_id: str, change: Callable[[Session, Connection], str]
) -> ConnectionView:
    """Change one row; `change` returns the name of its audit row, empty when nothing was to be done."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> ConnectionView:
        row = Connections(session, actor.organization_id).lock(connection_id)
        name = change(session, row)
        if name:
            touch(row, hub.clock())
            session.add(row)
            session.flush()
            settle(hub, session, actor, name, row.id, provider=row.provider)
        return snapshot(session, row, hub.clock())

    return await hub.database.write(write)


async def disconnect(hub: Hub, actor: Actor, connection_id: str) -> ConnectionView:
    """Destroy the envelopes at once, then try to end the grant at the vendor. The row stays. Raises NotFound."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> tuple[ConnectionView, Farewell | None]:
        row = Connections(session, actor.organization_id).lock(connection_id)
        if row.status == Status.DISCONNECTED.value:
            return snapshot(session, row, hub.clock()), None
        farewell = farewell_of(hub, session, row)
        destroy_secrets(session, row)
        forget_budget(hub, session, row.organization_id, row.id)
        _cut(hub, session, row)
        settle(hub, session, actor, "connection.disconnected", row.id, provider=row.provider, account=row.account_id)
        return snapshot(session, row, hub.clock()), farewell

    shown, farewell = await hub.database.write(write)
    if farewell is not None:
        await revoke(hub, actor, connection_id, farewell)
    return replace(shown, fingerprints={})


def _cut(hub: Hub, session: Session, row: Connection) -> None:
    attempts = OAuthAttempts(session, row.organization_id)
    for attempt in attempts.list_open(hub.clock(), row.id):
        attempts.burn(attempt.state_hash, "disconnected")
    row.status, row.earlier_status = Status.DISCONNECTED.value, ""
    row.error_code = row.error_message = ""
    row.is_default, row.expires_at, row.disconnected_at = False, None, hub.clock()
    forget_refresh(row)
    touch(row, hub.clock())
    session.add(row)
    session.flush()
