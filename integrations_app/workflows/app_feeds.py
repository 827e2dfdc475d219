"""Feeds: endpoints that hear by the vendor's app, of exactly that which the vendor showed their connection to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections.access import use
from integrations_app.connections.addresses import reach
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import standing
from integrations_app.errors import IntegrationsError
from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.triggers import EVERY_PLACE, Feed, Hooks, Inbound
from integrations_app.workflows.app_signers import WHY, Signer, is_heard
from integrations_app.workflows.checkpoints import announcement
from integrations_app.workflows.models import AppFeed, Endpoint
from integrations_app.workflows.repository import Endpoints
from integrations_app.workflows.storable import storable_text

RENEWED = timedelta(hours=1)
"""How often the vendor is asked again: so long an account may hear of what was taken from it without a word."""
AGAIN = timedelta(minutes=5)
"""When to ask again after it could not be asked."""
LASTS = timedelta(hours=24)
"""What was shown longer ago counts no more."""
_HEARING = frozenset({Status.CONNECTED, Status.ERROR, Status.PAUSED})
"""Where a connection still has an access that the vendor has not refused."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the vendor showed, and for which account."""

    feed: Feed
    account_id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to hear by an app."""

    connection_id: str
    config: Mapping[str, Any]
    kinds: tuple[str, ...]
    operation_id: str


async def prove(hub: Hub, organization_id: str, hooks: Hooks, wanted: Wanted) -> Proof | None:
    """Ask the vendor whether the connection's app tells of what is wanted; None when a hook must do, or say why not.

    No transaction may be open. Raises what the vendor's call raises.
    """
    if hooks.feed is None:
        return None
    account_id = await hub.database.read(
        lambda session: _account(hub, session, organization_id, hooks, wanted.connection_id)
    )
    if not account_id:
        return None
    ask = hooks.feed
    found = await use(
        hub,
        organization_id,
        wanted.connection_id,
        lambda connected: ask(wanted.config, wanted.kinds, connected.context(wanted.operation_id, hub.clock())),
    )
    return Proof(found, account_id) if found is not None and found.source and found.places else None


def _account(hub: Hub, session: Session, organization_id: str, hooks: Hooks, connection_id: str) -> str:
    """The account of a connection whose app's deliveries could arrive and be verified here."""
    row = Connections(session, organization_id).find(connection_id)
    if row is None:
        return ""
    provider = hub.registry.get(row.provider)
    refused = hooks.refusal(hub.settings.public_origin, reach(hub.settings, provider, row.app_kind).bases)
    return row.account_id if not refused and is_heard(hub, session, provider, row) else ""


def keep(hub: Hub, session: Session, endpoint: Endpoint, proof: Proof, *, fence: int | None = None) -> bool:
    """Let the endpoint hear what was shown; False when the vendor told something else since `fence` was read."""
    now, row = hub.clock(), find(session, endpoint.organization_id, endpoint.id)
    if fence is not None and (row is None or row.fence != fence):
        return False
    if row is None:
        row = AppFeed(
            organization_id=endpoint.organization_id,
            endpoint_id=endpoint.id,
            provider=endpoint.kind,
            source="",
            account_id="",
            proved_at=now,
            next_at=now,
        )
    if row.error_code:
        announce(hub, session, row)
    row.source, row.places, row.account_id = storable_text(proof.feed.source), list(proof.feed.places), proof.account_id
    row.proved_at, row.next_at, row.error_code, row.error_message = now, now + RENEWED, "", ""
    session.add(row)
    session.flush()
    return True


def find(session: Session, organization_id: str, endpoint_id: str) -> AppFeed | None:
    """The newest row, held against other writers until the transaction ends."""
    statement = (
        select(AppFeed)
        .where(col(AppFeed.organization_id) == organization_id, col(AppFeed.endpoint_id) == endpoint_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found: AppFeed | None = session.scalars(statement).one_or_none()
    return found


def silence(session: Session, row: AppFeed, now: datetime) -> None:
    """Let nothing be heard until it is shown anew."""
    row.places, row.fence, row.next_at = [], row.fence + 1, now
    session.add(row)
    session.flush()


def note_trouble(hub: Hub, session: Session, organization_id: str, endpoint_id: str, error: IntegrationsError) -> None:
    """Ask again later; with nothing heard meanwhile it is told why."""
    row = find(session, organization_id, endpoint_id)
    if row is None:
        return
    row.next_at = hub.clock() + (AGAIN if row.places else RENEWED)
    if not row.places:
        if row.error_code != error.code:
            announce(hub, session, row)
        row.error_code, row.error_message = error.code, str(error)[:500]
    session.add(row)


def announce(hub: Hub, session: Session, row: AppFeed) -> None:
    """Open pages show of the workflows that listen whether they hear."""
    for listening in Endpoints(session, row.organization_id).subscriptions(row.endpoint_id):
        on_commit(session, announcement(hub, row.organization_id, "workflow", listening.workflow_id))


def hearing(
    session: Session, provider_key: str, signer: Signer, inbound: Inbound, now: datetime
) -> list[tuple[str, str]]:
    """Organisation and id of every endpoint whose connection the vendor showed to read what the event is about."""
    if not inbound.place:
        return []
    statement = (
        select(AppFeed, Connection)
        .join(*_ENDPOINT_OF_FEED)
        .join(*_CONNECTION_OF_ENDPOINT)
        .where(
            col(AppFeed.provider) == provider_key,
            col(AppFeed.source) == storable_text(inbound.source),
            col(AppFeed.proved_at) > now - LASTS,
            col(AppFeed.account_id) == col(Connection.account_id),
            col(Endpoint.enabled).is_(True),
            *signer.connections(made_with_app=True),
        )
    )
    with across_organizations(WHY):
        rows = session.execute(statement).all()
    return [
        (feed.organization_id, feed.endpoint_id)
        for feed, connection in rows
        if inbound.place in feed.places and standing(connection) in _HEARING
    ]


def note_reach(session: Session, provider_key: str, signer: Signer, inbound: Inbound, now: datetime) -> int:
    """Take away what the app has lost, and let what is left be shown anew at once; how many feeds it concerned."""
    statement = (
        select(AppFeed)
        .join(*_ENDPOINT_OF_FEED)
        .join(*_CONNECTION_OF_ENDPOINT)
        .where(
            col(AppFeed.provider) == provider_key,
            col(AppFeed.source) == storable_text(inbound.source),
            *signer.connections(made_with_app=True),
        )
        .with_for_update(of=AppFeed)
    )
    with across_organizations(WHY):
        rows = list(session.scalars(statement))
    for row in rows:
        gone = row.places if EVERY_PLACE in inbound.lost else [one for one in row.places if one in inbound.lost]
        row.places = [one for one in row.places if one not in gone]
        row.fence, row.next_at = row.fence + 1, now
        session.add(row)
    session.flush()
    return len(rows)


def claim_due(session: Session, now: datetime, most: int) -> list[tuple[str, str]]:
    """Organisation and endpoint of feeds that are to be shown anew, claimed for a while.

    That is when they are due, or when the connection has become another account's since.
    """
    switched = (col(AppFeed.account_id) != col(Connection.account_id)) & (col(AppFeed.next_at) > now + AGAIN)
    statement = (
        select(AppFeed)
        .join(*_ENDPOINT_OF_FEED)
        .join(*_CONNECTION_OF_ENDPOINT)
        .where((col(AppFeed.next_at) <= now) | switched)
        .order_by(col(AppFeed.next_at))
        .limit(most)
        .with_for_update(of=AppFeed, skip_locked=True)
    )
    with across_organizations("feeds of apps are renewed for everybody"):
        rows = list(session.scalars(statement))
    for row in rows:
        row.next_at = now + AGAIN
        session.add(row)
    session.flush()
    return [(row.organization_id, row.endpoint_id) for row in rows]


_ENDPOINT_OF_FEED: Any = (
    Endpoint,
    (col(Endpoint.organization_id) == col(AppFeed.organization_id)) & (col(Endpoint.id) == col(AppFeed.endpoint_id)),
)
_CONNECTION_OF_ENDPOINT: Any = (
    Connection,
    (col(Connection.organization_id) == col(Endpoint.organization_id))
    & (col(Connection.id) == col(Endpoint.connection_id)),
)
