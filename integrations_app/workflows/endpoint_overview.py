"""Endpoints with what a person decides by: what came last, and which workflows stand on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.definition import WEBHOOK
from integrations_app.workflows.endpoints import EndpointRow, list_endpoints
from integrations_app.workflows.models import Event, Subscription, Workflow


@dataclass(frozen=True, slots=True)
class LastDelivery:
    """The newest delivery of an endpoint."""

    event_id: str
    verdict: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Users:
    """The workflows that stand on one endpoint, as id and name, in order of name."""

    live: tuple[tuple[str, str], ...] = ()
    drafts: tuple[tuple[str, str], ...] = ()
    """Those whose draft names it while nothing live of theirs listens on it."""


@dataclass(frozen=True, slots=True)
class EndpointOverview:
    """One endpoint of the organisation's own."""

    row: EndpointRow
    last: LastDelivery | None
    users: Users


async def list_overview(hub: Hub, actor: Actor) -> tuple[EndpointOverview, ...]:
    """The endpoints that people opened, oldest first; without those that the product keeps at vendors."""
    own = [row for row in await list_endpoints(hub, actor) if row.connection_id is None]

    def read(session: Session) -> tuple[EndpointOverview, ...]:
        users = _users(session, actor.organization_id)
        return tuple(
            EndpointOverview(row, _last(session, actor.organization_id, row.id), users.get(row.id, Users()))
            for row in own
        )

    return await hub.database.read(read)


async def users_of(hub: Hub, actor: Actor, endpoint_id: str) -> Users:
    """The workflows that stand on one endpoint."""
    actor.require(Permission.VIEW)
    found = await hub.database.read(lambda session: _users(session, actor.organization_id))
    return found.get(endpoint_id, Users())


def _last(session: Session, organization_id: str, endpoint_id: str) -> LastDelivery | None:
    statement = (
        select(col(Event.id), col(Event.verdict), col(Event.reason), col(Event.received_at))
        .where(col(Event.organization_id) == organization_id, col(Event.endpoint_id) == endpoint_id)
        .order_by(col(Event.received_at).desc())
        .limit(1)
    )
    found = session.execute(statement).first()
    return LastDelivery(*found) if found else None


def _users(session: Session, organization_id: str) -> dict[str, Users]:
    """Who stands on which endpoint."""
    listening = (
        select(col(Subscription.endpoint_id), col(Workflow.id), col(Workflow.name))
        .join(
            Workflow,
            (col(Workflow.organization_id) == col(Subscription.organization_id))
            & (col(Workflow.id) == col(Subscription.workflow_id)),
        )
        .where(col(Subscription.organization_id) == organization_id)
        .order_by(col(Workflow.name), col(Workflow.id))
    )
    trigger = col(Workflow.draft)["trigger"]
    named = trigger["config"]["endpoint"].as_string()
    drafts = (
        select(named, col(Workflow.id), col(Workflow.name))
        .where(
            col(Workflow.organization_id) == organization_id,
            trigger["type"].as_string() == WEBHOOK,
            named.is_not(None),
        )
        .order_by(col(Workflow.name), col(Workflow.id))
    )
    live = _grouped(session.execute(listening))
    drawn = _grouped(session.execute(drafts))
    return {
        endpoint_id: Users(
            tuple(live.get(endpoint_id, ())),
            tuple(one for one in drawn.get(endpoint_id, ()) if one not in live.get(endpoint_id, ())),
        )
        for endpoint_id in {*live, *drawn}
    }


def _grouped(rows: Iterable[Any]) -> dict[str, list[tuple[str, str]]]:
    grouped: dict[str, list[tuple[str, str]]] = {}
    for endpoint_id, workflow_id, name in rows:
        grouped.setdefault(endpoint_id, []).append((workflow_id, name))
    return grouped
