"""What the pages show of all connections at once: cards, rows, and who uses what."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import Session, SQLModel, col

from integrations_app.connections.attempts import expire_in, has_expired
from integrations_app.connections.budgets import state_of
from integrations_app.connections.models import Connection, Credential, RateBucket
from integrations_app.connections.repository import Connections, Credentials, RateBuckets
from integrations_app.connections.views import ConnectionView, ProviderRow, RateView, WorkflowUse, view
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission


def snapshot(session: Session, row: Connection, now: datetime) -> ConnectionView:
    """Freeze one row; `now` tells whether its calls still have to wait."""
    credentials = Credentials(session, row.organization_id).list_by_connection(row.id)
    limits = RateBuckets(session, row.organization_id).list_by_connection(row.id)
    return view(row, credentials, rate=_rates(limits, now))


def _rates(limits: Iterable[RateBucket], now: datetime) -> tuple[RateView, ...]:
    """The limits that are in force: a window that is over says nothing any more."""
    shown = []
    for row in limits:
        until = state_of(row).waits_until(now)
        over = row.resets_at is not None and row.resets_at <= now
        if until is not None or (row.remaining is not None and not over):
            shown.append(RateView(row.bucket, row.most, row.remaining, row.resets_at, until))
    return tuple(shown)


def list_views(
    session: Session, organization_id: str, now: datetime, provider: str | None = None
) -> list[ConnectionView]:
    """Every connection with the fingerprints of its secrets, its use count and its limits, oldest first."""
    statement = (
        select(Connection, Credential, _used_by(organization_id))
        .outerjoin(
            Credential,
            (col(Credential.organization_id) == col(Connection.organization_id))
            & (col(Credential.connection_id) == col(Connection.id)),
        )
        .where(col(Connection.organization_id) == organization_id)
        .order_by(col(Connection.created_at), col(Connection.id))
    )
    if provider is not None:
        statement = statement.where(col(Connection.provider) == provider)
    found: dict[str, tuple[Connection, list[Credential], int]] = {}
    for row, credential, used_by in session.execute(statement):
        kept = found.setdefault(row.id, (row, [], used_by or 0))
        if credential is not None:
            kept[1].append(credential)
    limits: dict[str, list[RateBucket]] = {}
    for limit in RateBuckets(session, organization_id).list_all():
        limits.setdefault(limit.connection_id, []).append(limit)
    return [view(*kept, _rates(limits.get(kept[0].id, ()), now)) for kept in found.values()]


def _used_by(organization_id: str) -> Any:
    # The table belongs to the workflows above us: it is met by its name, as a foreign key would meet it.
    uses = SQLModel.metadata.tables["connection_use"]
    return (
        select(func.count(func.distinct(uses.c.workflow_id)))
        .where(uses.c.organization_id == organization_id, uses.c.connection_id == col(Connection.id))
        .scalar_subquery()
    )


async def overview(hub: Hub, actor: Actor) -> list[ProviderRow]:
    """Every provider with the organisation's connections. Attempts whose time is up are tidied away first."""
    actor.require(Permission.VIEW)
    organization_id = actor.organization_id
    views, late = await hub.database.read(
        lambda session: (
            list_views(session, organization_id, hub.clock()),
            has_expired(session, organization_id, hub.clock()),
        )
    )
    if late:
        await hub.database.write(lambda session: expire_in(hub, session, organization_id))
        views = await hub.database.read(lambda session: list_views(session, organization_id, hub.clock()))
    return [
        ProviderRow(
            key=provider.key,
            name=provider.name,
            summary=provider.summary,
            logo=provider.logo,
            docs_url=provider.docs_url,
            connections=tuple(one for one in views if one.provider == provider.key),
        )
        for provider in hub.registry
    ]


async def usage(hub: Hub, actor: Actor, connection_id: str) -> list[WorkflowUse]:
    """The workflows that name the connection, by name. Raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> list[WorkflowUse]:
        Connections(session, actor.organization_id).get(connection_id)
        uses, workflows = SQLModel.metadata.tables["connection_use"], SQLModel.metadata.tables["workflow"]
        statement = (
            select(workflows.c.id, workflows.c.name, func.max(case((uses.c.live, 1), else_=0)))
            .join(
                uses,
                (uses.c.organization_id == workflows.c.organization_id) & (uses.c.workflow_id == workflows.c.id),
            )
            .where(workflows.c.organization_id == actor.organization_id, uses.c.connection_id == connection_id)
            .group_by(workflows.c.id, workflows.c.name)
            .order_by(workflows.c.name, workflows.c.id)
        )
        return [WorkflowUse(key, name, bool(live)) for key, name, live in session.execute(statement)]

    return await hub.database.read(read)
