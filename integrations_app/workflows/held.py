"""Held runs: put aside until a person acts, and let go again when the reason is gone."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import Session, col

from integrations_app.connections.models import Connection, Status
from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows import engine
from integrations_app.workflows.checkpoints import RUN, announcement
from integrations_app.workflows.conduct import Execution
from integrations_app.workflows.leaving import Held, Next, Rest
from integrations_app.workflows.models import Run, RunStatus

SECOND_LOOK = timedelta(seconds=1)
WAITS_FOR_CONNECTION = ("needs_reauth", "paused")


async def settle_hold(execution: Execution, held: Held) -> Rest:
    """Write that the run is held. A connection that was mended in this very moment lets it go again."""
    await execution.journal.flush(
        status=RunStatus.HELD.value,
        reason=held.reason,
        held_connection_id=held.connection_id,
        error_code=held.reason,
        error_message=held.message,
    )
    hub, organization_id = execution.hub, execution.run.organization_id
    if held.connection_id and await _is_connected(hub, organization_id, held.connection_id):
        await release_held(hub, organization_id, held.connection_id, at=hub.clock() + SECOND_LOOK)
    return Rest(Next.NOTHING)


async def release_held(hub: Hub, organization_id: str, connection_id: str, at: datetime | None = None) -> int:
    """Queue every run that waits for this connection; how many they were. Safe to repeat."""
    waits = (col(Run.held_connection_id) == connection_id, col(Run.reason).in_(WAITS_FOR_CONNECTION))
    return await hub.database.write(lambda session: let_go(hub, session, organization_id, *waits, at=at))


async def release_connected(hub: Hub, organization_id: str) -> int:
    """Queue every run of the organisation whose connection works again; how many they were."""

    def read(session: Session) -> list[str]:
        statement = (
            select(col(Run.held_connection_id))
            .join(
                Connection,
                (col(Connection.organization_id) == col(Run.organization_id))
                & (col(Connection.id) == col(Run.held_connection_id)),
            )
            .where(
                col(Run.organization_id) == organization_id,
                col(Run.status) == RunStatus.HELD.value,
                col(Connection.status) == Status.CONNECTED.value,
            )
            .distinct()
        )
        return list(session.execute(statement).scalars())

    count = 0
    for connection_id in await hub.database.read(read):
        count += await release_held(hub, organization_id, connection_id)
    return count


async def count_held(hub: Hub, actor: Actor) -> dict[str, int]:
    """How many runs wait for each connection, by its id; connections that nothing waits for are left out."""
    actor.require(Permission.VIEW)
    statement = (
        select(col(Run.held_connection_id), func.count())
        .where(
            col(Run.organization_id) == actor.organization_id,
            col(Run.status) == RunStatus.HELD.value,
            col(Run.held_connection_id).is_not(None),
        )
        .group_by(col(Run.held_connection_id))
    )
    return await hub.database.read(lambda session: dict(session.execute(statement).tuples().all()))


def organizations_with_held(session: Session) -> list[str]:
    """Organisations with runs that wait for a connection."""
    with across_organizations("run recovery: a start looks for held runs whose connection works again"):
        statement = select(col(Run.organization_id)).where(col(Run.status) == RunStatus.HELD.value).distinct()
        return list(session.execute(statement).scalars())


def let_go(
    hub: Hub, session: Session, organization_id: str, *which: ColumnElement[bool], at: datetime | None = None
) -> int:
    """Queue held runs in the caller's transaction; how many they were."""
    statement = (
        update(RUN)
        .where(RUN.c.organization_id == organization_id, RUN.c.status == RunStatus.HELD.value, *which)
        .values(_freed())
        .returning(RUN.c.id)
    )
    ids = list(session.connection().execute(statement).scalars())
    for run_id in ids:
        engine.enqueue(hub, session, run_id, at)
        on_commit(session, announcement(hub, organization_id, "run", run_id))
    return len(ids)


def _freed() -> dict[str, Any]:
    return {
        "status": RunStatus.QUEUED.value,
        "reason": "",
        "held_connection_id": None,
        "error_code": "",
        "error_message": "",
        "wake_at": None,
    }


async def _is_connected(hub: Hub, organization_id: str, connection_id: str) -> bool:
    def read(session: Session) -> bool:
        row = session.get(Connection, (organization_id, connection_id))
        return row is not None and row.status == Status.CONNECTED

    return await hub.database.read(read)
