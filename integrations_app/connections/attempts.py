"""OAuth attempts around the round trip: cancelling, running out of time, going back."""

from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from integrations_app.connections.changes import announce, settle
from integrations_app.connections.models import Connection, OAuthAttempt, Status
from integrations_app.connections.repository import Connections, OAuthAttempts, organizations_with_attempts
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission

LIFE = timedelta(minutes=10)
KEPT = timedelta(days=1)
"""A spent attempt is remembered this long, so that a replay is told apart from a guess."""
EXPIRED = "state_expired"


def restore(hub: Hub, session: Session, attempt: OAuthAttempt) -> None:
    """Put the connection of a spent attempt back to where it stood, unless another attempt is still open.

    A row that the attempt itself had made goes away again, unless it was connected since.
    """
    connections = Connections(session, attempt.organization_id)
    row = connections.find(attempt.connection_id)
    if row is None or row.status != Status.PENDING.value:
        return
    if OAuthAttempts(session, attempt.organization_id).list_open(hub.clock(), row.id):
        return
    if row.earlier_status:
        go_back(session, row)
    elif attempt.creates_connection and not row.account_id:
        connections.remove(row)
    announce(hub, session, attempt.organization_id, attempt.connection_id)


def go_back(session: Session, row: Connection) -> None:
    """From `pending` to the earlier status."""
    row.status, row.earlier_status = row.earlier_status, ""
    session.add(row)
    session.flush()


def has_expired(session: Session, organization_id: str, now: datetime) -> bool:
    """Whether `expire_in` would find something to restore."""
    attempts = OAuthAttempts(session, organization_id)
    return bool(attempts.list_expired(now)) or any(
        not attempts.list_open(now, one.connection_id) for one in attempts.list_stranded(now)
    )


def expire_in(hub: Hub, session: Session, organization_id: str) -> int:
    """End the attempts of one organisation whose ten minutes are over; returns how many."""
    attempts = OAuthAttempts(session, organization_id)
    late = attempts.list_expired(hub.clock())
    for attempt in late:
        if attempts.burn(attempt.state_hash, EXPIRED):
            restore(hub, session, attempt)
    for attempt in attempts.list_stranded(hub.clock()):
        restore(hub, session, attempt)
    attempts.remove(hub.clock() - KEPT)
    return len(late)


async def expire_attempts(hub: Hub) -> int:
    """The sweep over every organisation; returns how many attempts ran out."""
    ended = 0
    for organization_id in await hub.database.read(organizations_with_attempts):
        ended += await hub.database.write(partial(expire_in, hub, organization_id=organization_id))
    return ended


async def cancel(hub: Hub, actor: Actor, connection_id: str) -> None:
    """Give the open attempts of a connection up and restore its earlier status. Needs MANAGE_CONNECTIONS."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> None:
        Connections(session, actor.organization_id).lock(connection_id)
        attempts = OAuthAttempts(session, actor.organization_id)
        given_up = attempts.list_open(hub.clock(), connection_id)
        for attempt in given_up:
            attempts.burn(attempt.state_hash, "cancelled")
        for attempt in given_up:
            restore(hub, session, attempt)
        if given_up:
            settle(hub, session, actor, "oauth.cancelled", connection_id, attempts=len(given_up))

    await hub.database.write(write)
