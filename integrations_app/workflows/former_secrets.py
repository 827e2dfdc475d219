"""Secrets that were rotated away with a grace: ended by a person, or erased when their time is over."""

from functools import partial
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlmodel import Session, col

from integrations_app.errors import Conflict
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission, system_actor
from integrations_app.workflows.endpoint_cache import forget
from integrations_app.workflows.endpoints import note
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.repository import Endpoints

AT_ONCE = 100


async def end_former_secret(hub: Hub, actor: Actor, endpoint_id: str) -> None:
    """Erase the former secret now. Raises NotFound, Conflict `no_former_secret`."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> None:
        row = Endpoints(session, actor.organization_id).get(endpoint_id)
        if row.former_secret is None:
            raise Conflict("no_former_secret", "The former secret is refused already.")
        _erase(hub, session, actor, row)

    await hub.database.write(write)
    forget(endpoint_id)


async def erase_former_secrets(hub: Hub) -> int:
    """The sweep over every organisation: erase the former secrets whose time is over; returns how many."""
    return sum([await hub.database.write(partial(_erase_over, hub, *one)) for one in await _over(hub)])


async def _over(hub: Hub) -> list[tuple[str, str]]:
    def read(session: Session) -> list[tuple[str, str]]:
        with across_organizations("the sweep of former endpoint secrets visits every organisation"):
            statement = (
                select(col(Endpoint.organization_id), col(Endpoint.id))
                .where(col(Endpoint.former_until) <= hub.clock())
                .limit(AT_ONCE)
            )
            return [(each[0], each[1]) for each in session.execute(statement)]

    return [] if hub.keyring.sealed else await hub.database.read(read)


def _erase_over(hub: Hub, organization_id: str, endpoint_id: str, session: Session) -> int:
    """Erase one, unless it was rotated again or ended in this moment."""
    mine = (col(Endpoint.organization_id) == organization_id, col(Endpoint.id) == endpoint_id)
    over = update(Endpoint).where(*mine, col(Endpoint.former_until) <= hub.clock())
    erased: CursorResult[Any] = session.execute(over.values(former_secret=None, former_until=None))  # type: ignore[assignment]
    if not erased.rowcount:
        return 0
    row = Endpoints(session, organization_id).get(endpoint_id)
    note(hub, session, system_actor(organization_id), "endpoint.former_secret_ended", row)
    return 1


def _erase(hub: Hub, session: Session, actor: Actor, row: Endpoint) -> None:
    row.former_secret, row.former_until = None, None
    session.add(row)
    note(hub, session, actor, "endpoint.former_secret_ended", row)
