"""Feeds: endpoints that hear by the vendor's app, of exactly that which the vendor showed their connection to read."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from integrations_app.connections.access import use
from integrations_app.connections.addresses import reach
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import standing
from integrations_app.errors import IntegrationsError, ReconnectRequired, Retryable
from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.triggers import EVERY_PLACE, Feed, Hooks, Inbound
from integrations_app.workflows.app_signers import WHY, Signer, is_heard
from integrations_app.workflows.checkpoints import announcement
from integrations_app.workflows.models import AppFeed, Endpoint, Subscription
from integrations_app.workflows.repository import TOLD_BY_CONNECTION, Endpoints
from integrations_app.workflows.storable import storable_text

RENEWED = timedelta(hours=1)
"""How often the vendor is asked again: so long an account may hear of what was taken from it without a word."""
AGAIN = timedelta(minutes=5)
"""When to ask again after it could not be asked."""
CLAIM = timedelta(minutes=5)
"""Nobody else asks for so long after a claim."""
LASTS = timedelta(hours=24)
"""What was shown longer ago counts no more."""
_HEARING = frozenset({Status.CONNECTED, Status.ERROR, Status.PAUSED})
"""Where a connection still has an access that the vendor has not refused."""
PAST = "For a day the service could not be asked what this connection may read."


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose access it is: an account's, given to an app."""

    account_id: str
    app_kind: str
    app_id: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the vendor showed, and to whom."""

    feed: Feed
    holder: Holder


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to hear by an app."""

    connection_id: str
    config: Mapping[str, Any]
    kinds: tuple[str, ...]
    operation_id: str


async def prove(hub: Hub, organization_id: str, hooks: Hooks, wanted: Wanted, *, renews: bool = False) -> Proof | None:
    """Ask the vendor whether the connection's app tells of what is wanted; None when a hook must do, or say why not.

    What is shown already `renews` also through a paused connection: that hears, as it would by a hook. No transaction
    may be open. Raises what the vendor's call raises.
    """
    if hooks.feed is None:
        return None
    holder, pauses = await hub.database.read(
        lambda session: _holder(hub, session, organization_id, hooks, wanted.connection_id)
    )
    if holder is None:
        return None
    ask = hooks.feed
    found = await use(
        hub,
        organization_id,
        wanted.connection_id,
        lambda connected: ask(wanted.config, wanted.kinds, connected.context(wanted.operation_id, hub.clock())),
        testing=renews and pauses,
    )
    return Proof(found, holder) if found is not None and found.source and found.places else None


def _holder(
    hub: Hub, session: Session, organization_id: str, hooks: Hooks, connection_id: str
) -> tuple[Holder | None, bool]:
    """Who holds a connection whose app's deliveries could arrive and be verified here; and whether it is paused."""
    row = Connections(session, organization_id).find(connection_id)
    if row is None:
        return None, False
    provider = hub.registry.get(row.provider)
    refused = hooks.refusal(hub.settings.public_origin, reach(hub.settings, provider, row.app_kind).bases)
    heard = row.account_id and not refused and is_heard(hub, session, provider, row)
    return holder_of(row) if heard else None, standing(row) is Status.PAUSED


def holder_of(row: AppFeed | Connection) -> Holder:
    """To whom it was shown what is fed, or who holds the connection now."""
    return Holder(row.account_id, row.app_kind, row.app_id)


def begin(session: Session, organization_id: str, endpoint_id: str) -> int | None:
    """The fence under which the vendor is to be asked again; None when no app feeds the endpoint.

    What was shown to another holder of the connection is forgotten: it says nothing of this one.
    """
    row, endpoint = find(session, organization_id, endpoint_id), Endpoints(session, organization_id).find(endpoint_id)
    if row is None or endpoint is None:
        return None
    connection = Connections(session, organization_id).find(endpoint.connection_id or "")
    if connection is not None and holder_of(row) != holder_of(connection):
        row.places, row.fence = [], row.fence + 1
        row.account_id, row.app_kind, row.app_id = astuple(holder_of(connection))
        session.add(row)
        session.flush()
    return row.fence


def keep(
    hub: Hub, session: Session, endpoint: Endpoint, proof: Proof, *, fence: int | None, lasts: timedelta = RENEWED
) -> bool:
    """Let the endpoint hear what was shown; False when the vendor told something else since `fence` was read.

    `fence` is None when nothing fed the endpoint then. The vendor is asked again after `lasts`.
    """
    now, row = hub.clock(), find(session, endpoint.organization_id, endpoint.id)
    if (row.fence if row is not None else None) != fence:
        return False
    if row is None:
        row = AppFeed(
            organization_id=endpoint.organization_id,
            endpoint_id=endpoint.id,
            provider=endpoint.kind,
            source="",
            account_id="",
            app_kind="",
            proved_at=now,
            next_at=now,
        )
    if row.error_code:
        announce(hub, session, row)
    row.source, row.places = storable_text(proof.feed.source), list(proof.feed.places)
    row.account_id, row.app_kind, row.app_id = astuple(proof.holder)
    row.proved_at, row.next_at, row.error_code, row.error_message = now, now + lasts, "", ""
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
    row, now = find(session, organization_id, endpoint_id), hub.clock()
    if row is None:
        return
    passes = isinstance(error, Retryable) or error.code in TOLD_BY_CONNECTION
    row.next_at = now + (AGAIN if row.places or passes else RENEWED)
    if not row.places or is_past(row, now):
        if row.error_code != error.code:
            announce(hub, session, row)
        row.error_code, row.error_message = error.code, str(error)[:500]
    session.add(row)


def is_past(row: AppFeed, now: datetime) -> bool:
    """Whether it was shown too long ago to count."""
    return row.proved_at <= now - LASTS


def troubles(session: Session, organization_id: str, workflow_ids: Iterable[str], now: datetime) -> Mapping[str, str]:
    """Why live workflows hear nothing by an app, by their ids; without those whose connection tells it."""
    statement = (
        select(col(Subscription.workflow_id), AppFeed)
        .join(
            AppFeed,
            (col(AppFeed.organization_id) == col(Subscription.organization_id))
            & (col(AppFeed.endpoint_id) == col(Subscription.endpoint_id)),
        )
        .where(
            col(Subscription.organization_id) == organization_id,
            col(Subscription.workflow_id).in_(list(workflow_ids)),
        )
    )
    found = {
        workflow_id: row.error_message or (PAST if is_past(row, now) else "")
        for workflow_id, row in session.execute(statement)
        if row.error_code != ReconnectRequired.code or is_past(row, now)
    }
    return {workflow_id: why for workflow_id, why in found.items() if why}


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
            _SAME_HOLDER,
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

    That is when they are due, or when the connection has become another account's or app's since.
    """
    switched = ~_SAME_HOLDER & (col(AppFeed.next_at) > now + CLAIM)
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
        row.next_at = now + CLAIM
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
_SAME_HOLDER: ColumnElement[bool] = (
    (col(AppFeed.account_id) == col(Connection.account_id))
    & (col(AppFeed.app_kind) == col(Connection.app_kind))
    & col(AppFeed.app_id).is_not_distinct_from(col(Connection.app_id))
)
