"""Signing in and out, one's own password; and, from `accounts`, how people come to be."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from integrations_app.errors import (
    IntegrationsError,
    InvalidInput,
    NotFound,
    RateLimited,
    Unauthenticated,
    VaultSealed,
)
from integrations_app.kit.columns import is_id
from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, repository, sessions
from integrations_app.organizations.accounts import create_user, disable_user, prepare_setup, set_up, setup_open
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.limits import address_block
from integrations_app.organizations.models import User
from integrations_app.organizations.passwords import require_password
from integrations_app.organizations.people import searchable
from integrations_app.organizations.permissions import Actor

_log = logging.getLogger(__name__)
__all__ = [
    "WRONG",
    "OrganizationChoice",
    "change_password",
    "create_user",
    "disable_user",
    "list_organizations",
    "prepare_setup",
    "set_up",
    "setup_open",
    "sign_in",
    "sign_out",
    "switch_organization",
]
WRONG = "The e-mail or the password is wrong."


@dataclass(frozen=True, slots=True)
class OrganizationChoice:
    """One of the organisations that a person may switch to."""

    id: str
    name: str
    role: str
    current: bool


async def sign_in(hub: Hub, *, email: str, password: Secret, address: str = "", replaces: str = "") -> str:
    """A new session token for the right password; the session of the browser's earlier cookie (`replaces`) ends.

    Unauthenticated in the same words and time whether the person exists or not; RateLimited after 10 failures in
    10 minutes for one account or one address; VaultSealed.
    """
    if hub.keyring.sealed:
        raise VaultSealed(hub.keyring.sealed)
    now = hub.clock()
    email = searchable(email)
    keys = (f"account:{email}", f"address:{address_block(address)}")
    try:
        hub.limits.enter(keys, now)
    except RateLimited:
        _note_failure(hub, email, address, "rate_limited")
        raise
    user = await hub.database.read(lambda session: repository.find_user(session, email))
    right = await hub.passwords.matches(password, user.password_hash if user else None)
    if user is None or not right or user.disabled_at is not None:
        _note_failure(hub, email, address, "refused", user)
        raise Unauthenticated(WRONG)
    token = sessions.new_token(hub)
    if not await hub.database.write(lambda session: _signed_in(session, hub, user, token, address, replaces)):
        raise Unauthenticated("This account is not a member of any organization. Ask for an invitation.")
    hub.limits.forgive(keys, now)
    if hub.passwords.is_outdated(user.password_hash):
        fresh = await hub.passwords.hash(password)
        await hub.database.write(lambda session: _store_hash(session, user.id, fresh))
    return token


def _signed_in(session: Session, hub: Hub, user: User, token: str, address: str, replaces: str) -> bool:
    now = hub.clock()
    places = repository.memberships(session, user.id)
    if not places:
        return False
    member, organization = places[0]
    _end_one(session, hub, replaces, now)
    token_hash = sessions.add(session, hub.keyring, user.id, organization.id, token, now)
    actor = Actor(organization.id, user.id, user.email, member.role, token_hash, address)
    audit.record(session, hub.keyring, actor, "auth.signed_in", now=now, subject=f"user:{user.id}")
    return True


def _note_failure(hub: Hub, email: str, address: str, reason: str, user: User | None = None) -> None:
    """Write `auth.failed`: into the chains of a known person's organisations, else into the system's."""
    now = hub.clock()
    actor = replace(audit.ANONYMOUS, address=address)
    detail = {"reason": reason, "email": email[:100]}
    if user is None:
        count = hub.throttle.admit("auth.failed", now)
        if not count:
            return
        detail["count"] = str(count)

    def write(session: Session) -> None:
        places = repository.memberships(session, user.id) if user else []
        for member, _ in sorted(places, key=lambda place: place[0].organization_id):
            chain = member.organization_id
            audit.record(session, hub.keyring, actor, "auth.failed", now=now, detail=detail, organization_id=chain)
        if not places:
            audit.record(session, hub.keyring, actor, "auth.failed", now=now, detail=detail)

    _behind(hub, write)


def _behind(hub: Hub, write: Callable[[Session], None]) -> None:
    """Write without letting the answer wait: its time must not tell whether the person exists."""

    async def run() -> None:
        try:
            await hub.database.write(write)
        except IntegrationsError:
            _log.exception("a failed sign-in could not be recorded")

    task = asyncio.create_task(run())
    hub.background.add(task)
    task.add_done_callback(hub.background.discard)


async def sign_out(hub: Hub, actor: Actor) -> None:
    """End the actor's session and its sockets."""

    def write(session: Session) -> None:
        row = repository.get_session(session, actor.session_hash)
        if row is None or row.ended_at is not None:
            return
        row.ended_at = hub.clock()
        sessions.announce_change(session, hub, (actor.organization_id,), actor.user_id)
        audit.record(session, hub.keyring, actor, "auth.signed_out", now=hub.clock(), subject=f"user:{actor.user_id}")

    await hub.database.write(write)


async def switch_organization(hub: Hub, actor: Actor, organization_id: str) -> str:
    """A new session token in another organisation of the same person; the present session ends. NotFound."""
    token = sessions.new_token(hub)

    def write(session: Session) -> None:
        now = hub.clock()
        member = repository.get_member(session, organization_id, actor.user_id) if is_id(organization_id) else None
        if member is None:
            raise NotFound
        row = repository.get_session(session, actor.session_hash)
        if row is not None:
            row.ended_at = now
        token_hash = sessions.add(session, hub.keyring, actor.user_id, organization_id, token, now)
        sessions.announce_change(session, hub, (actor.organization_id,), actor.user_id)
        there = Actor(organization_id, actor.user_id, actor.email, member.role, token_hash, actor.address)
        audit.record(session, hub.keyring, there, "auth.switched", now=now, subject=f"user:{actor.user_id}")

    await hub.database.write(write)
    return token


def list_organizations(session: Session, actor: Actor) -> list[OrganizationChoice]:
    """Every organisation of the actor, for switching."""
    return [
        OrganizationChoice(organization.id, organization.name, member.role, organization.id == actor.organization_id)
        for member, organization in repository.memberships(session, actor.user_id)
    ]


async def change_password(hub: Hub, actor: Actor, *, current: Secret, new: Secret) -> None:
    """Replace the actor's own password and end all of the person's other sessions.

    InvalidInput for `current` or `new`; RateLimited after 10 wrong ones in 10 minutes.
    """
    require_password(new, "new")
    now = hub.clock()
    keys = (f"account:{actor.email}",)
    hub.limits.enter(keys, now)
    user = await hub.database.read(lambda session: repository.get_user(session, actor.user_id))
    if not await hub.passwords.matches(current, user.password_hash if user else None):
        await hub.database.write(
            lambda session: audit.record(session, hub.keyring, actor, "auth.password_refused", now=now)
        )
        raise InvalidInput({"current": "This is not your current password."})
    hub.limits.forgive(keys, now)
    fresh = await hub.passwords.hash(new)

    def write(session: Session) -> None:
        _store_hash(session, actor.user_id, fresh)
        repository.end_sessions(session, actor.user_id, now, keep=actor.session_hash)
        sessions.announce_change(session, hub, repository.list_places(session, actor.user_id), actor.user_id)
        subject = f"user:{actor.user_id}"
        audit.record(session, hub.keyring, actor, "auth.password_changed", now=now, subject=subject)

    await hub.database.write(write)


def _store_hash(session: Session, user_id: str, password_hash: str) -> None:
    user = repository.get_user(session, user_id)
    if user is None:
        raise NotFound
    user.password_hash = password_hash


def _end_one(session: Session, hub: Hub, token: str, now: datetime) -> None:
    if not token or len(token) > sessions.TOKEN_LIMIT:
        return
    row = repository.get_session(session, hub.keyring.hash_token(sessions.PURPOSE, token))
    if row is not None and row.ended_at is None:
        row.ended_at = now
        sessions.announce_change(session, hub, (row.organization_id,), row.user_id)
