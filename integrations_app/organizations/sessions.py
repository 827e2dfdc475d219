"""Sessions of browsers: made at sign-in, looked up at every request, ended everywhere at once."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, update
from sqlmodel import Session, col

from integrations_app.errors import Unauthenticated, Unavailable
from integrations_app.kit.db import on_commit
from integrations_app.organizations import repository
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.models import SignInSession, User
from integrations_app.organizations.permissions import Actor
from integrations_app.organizations.signed_in import SignedIn

_log = logging.getLogger(__name__)
COOKIE = "__Host-integrations_session"
PURPOSE = "session"
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
TOUCH_AFTER = timedelta(minutes=5)
TOKEN_LIMIT = 200


def new_token(hub: Hub) -> str:
    """A token for a cookie or a link: 256 random bits as 64 hex digits."""
    return hub.new_id() + hub.new_id()


def cookie_token(header: str) -> str:
    """The session's token in a Cookie header; empty when there is none or when there are two that differ."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    tokens = {value.strip() for name, _, value in pairs if name == COOKIE}
    return tokens.pop() if len(tokens) == 1 else ""


def add(session: Session, keyring: Keyring, user_id: str, organization_id: str, token: str, now: datetime) -> str:
    """Store a new session for `token` and return the hash under which it stands."""
    token_hash = keyring.hash_token(PURPOSE, token)
    session.add(
        SignInSession(
            token_hash=token_hash,
            user_id=user_id,
            organization_id=organization_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    session.flush()
    return token_hash


def look_up(session: Session, token_hash: str, now: datetime) -> SignedIn | None:
    """The live session with that hash: not ended, not idle, not too old, of somebody who still belongs here."""
    row = repository.get_session(session, token_hash)
    if row is None or row.ended_at is not None or now >= row.expires_at or now - row.last_seen_at >= IDLE:
        return None
    user = repository.get_user(session, row.user_id)
    member = repository.get_member(session, row.organization_id, row.user_id)
    organization = repository.get_organization(session, row.organization_id)
    if user is None or user.disabled_at is not None or member is None or organization is None:
        return None
    actor = Actor(row.organization_id, user.id, user.email, member.role, token_hash)
    return SignedIn(actor, organization.name, row.last_seen_at)


async def find(hub: Hub, token: str, address: str = "") -> SignedIn | None:
    """Who is behind the cookie's `token`, at most 5 s old; None when nobody is. Raises VaultSealed."""
    if not token or len(token) > TOKEN_LIMIT:
        return None
    return await find_by_hash(hub, hub.keyring.hash_token(PURPOSE, token), address)


async def find_by_hash(hub: Hub, token_hash: str, address: str = "") -> SignedIn | None:
    """As `find`, for a socket that remembers the hash of its session."""
    now = hub.clock()
    found = hub.signed_in.get(token_hash, now)
    if found is None:
        generation = hub.signed_in.generation()
        found = await hub.database.read(lambda session: look_up(session, token_hash, now))
        if found is None:
            return None
        hub.signed_in.put(found, now, generation)
        if now - found.last_seen_at >= TOUCH_AFTER:
            await _touch(hub, token_hash, now)
    return replace(found, actor=replace(found.actor, address=address))


async def require(hub: Hub, token: str, address: str = "") -> Actor:
    """The actor behind the cookie's `token`; raises Unauthenticated when there is none."""
    found = await find(hub, token, address)
    if found is None:
        raise Unauthenticated("Sign in to continue.")
    return found.actor


async def list_alive(hub: Hub, token_hashes: frozenset[str]) -> frozenset[str]:
    """Those of the sessions that still live, with one look at the database per 500."""
    now = hub.clock()
    hashes = sorted(token_hashes)
    alive: set[str] = set()
    for start in range(0, len(hashes), 500):
        part = hashes[start : start + 500]
        alive.update(await hub.database.read(partial(_alive, token_hashes=part, now=now)))
    return frozenset(alive)


def announce_change(session: Session, hub: Hub, organization_ids: tuple[str, ...], user_id: str) -> None:
    """After the commit: forget the person's cached sessions and tell every process, so that open sockets end."""
    on_commit(session, partial(hub.signed_in.forget_user, user_id))
    for organization_id in organization_ids:
        publish(session, hub, organization_topic(organization_id), {"kind": "session", "id": user_id})


def publish(session: Session, hub: Hub, topic: str, message: dict[str, str]) -> None:
    """Publish on the bus once the surrounding transaction is durable."""
    on_commit(session, partial(hub.bus.publish, topic, message))


def _alive(session: Session, token_hashes: list[str], now: datetime) -> list[str]:
    statement = (
        select(col(SignInSession.token_hash))
        .join(User, col(User.id) == col(SignInSession.user_id))
        .where(
            col(SignInSession.token_hash).in_(token_hashes),
            col(SignInSession.ended_at).is_(None),
            col(SignInSession.expires_at) > now,
            col(SignInSession.last_seen_at) > now - IDLE,
            col(User.disabled_at).is_(None),
        )
    )
    return list(session.execute(statement).scalars())


async def _touch(hub: Hub, token_hash: str, now: datetime) -> None:
    def write(session: Session) -> None:
        session.execute(
            update(SignInSession).where(col(SignInSession.token_hash) == token_hash).values(last_seen_at=now)
        )

    try:
        await hub.database.write(write)
    except Unavailable:
        # Reading must go on while writing cannot; the next look-up in 5 s tries again.
        _log.warning("the time of a session's last use could not be stored")
