"""Checks that nobody asks for: what no run uses is looked at all the same, what is in trouble more often."""

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from integrations_app.connections.health import run_check
from integrations_app.connections.models import Connection, Status
from integrations_app.errors import IntegrationsError
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor

_log = logging.getLogger(__name__)

WELL = timedelta(hours=6)
"""How long after its last check a connection that works is looked at again."""
IN_TROUBLE = timedelta(minutes=10)
AT_ONCE = 4
SWEPT = 200


async def check_idle(hub: Hub) -> int:
    """The sweep over every organisation: check what was not checked for long. How many it checked.

    A connection that needs a person, is paused or was never finished is left alone, and so is one of a provider
    whose check may do something at the other side.
    """
    if hub.keyring.sealed:
        return 0
    due = await hub.database.read(lambda session: _list_due(hub, session))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(organization_id: str, connection_id: str) -> int:
        async with gate:
            try:
                await run_check(hub, system_actor(organization_id), connection_id, asked=False)
            except IntegrationsError as error:  # somebody tests it now, has paused or removed it
                _log.info("a connection was not checked now: %s", error.code)
                return 0
            return 1

    return sum(await asyncio.gather(*(one(*each) for each in due)))


def _list_due(hub: Hub, session: Session) -> list[tuple[str, str]]:
    now, quiet = hub.clock(), [provider.key for provider in hub.registry if provider.checks_idle]
    checked = func.coalesce(col(Connection.last_checked_at), col(Connection.created_at))
    well = (col(Connection.status) == Status.CONNECTED.value) & (checked <= now - WELL)
    in_trouble = (col(Connection.status) == Status.ERROR.value) & (checked <= now - IN_TROUBLE)
    free = col(Connection.next_check_at).is_(None) | (col(Connection.next_check_at) <= now)
    statement = (
        select(col(Connection.organization_id), col(Connection.id))
        .where(or_(well, in_trouble), free, col(Connection.provider).in_(quiet))
        .order_by(checked)
        .limit(SWEPT)
    )
    with across_organizations("the sweep of checks visits every organisation"):
        return [(each[0], each[1]) for each in session.execute(statement)]
