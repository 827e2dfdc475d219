"""Invitations: one-time links that make their bearer a member."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from integrations_app.errors import Conflict, Forbidden, NotFound
from integrations_app.kit.columns import is_id
from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, members, repository, sessions
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import Invitation, Member, Role, User
from integrations_app.organizations.passwords import require_password
from integrations_app.organizations.people import known_role, normal_email
from integrations_app.organizations.permissions import Actor, Permission

PURPOSE = "invitation"
LIFETIME = timedelta(days=7)
GONE = "This invitation has been used or has expired. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Offer:
    """What the bearer of a link is offered."""

    organization_id: str
    organization_name: str
    role: str
    email: str
    """Who may accept; empty means the bearer."""


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An open invitation as a list shows it; its link is not kept."""

    id: str
    role: str
    email: str
    created_at: datetime
    expires_at: datetime


async def invite(hub: Hub, actor: Actor, *, role: str, email: str = "") -> str:
    """A link's token, shown this once, valid 7 days. With `email` only that person may use it.

    Forbidden (only owners invite owners), InvalidInput.
    """
    wanted = known_role(role)
    email = normal_email(email) if email.strip() else ""
    actor.require(Permission.MANAGE_MEMBERS)
    members.require_rank(actor, wanted)
    token, now = sessions.new_token(hub), hub.clock()

    def write(session: Session) -> None:
        row = Invitation(
            organization_id=actor.organization_id,
            id=hub.new_id(),
            token_hash=hub.keyring.hash_token(PURPOSE, token),
            role=wanted.value,
            email=email,
            created_by=actor.user_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        session.add(row)
        session.flush()
        detail = {"role": wanted.value, "email": email}
        subject = f"invitation:{row.id}"
        members.announce_member(session, hub, actor.organization_id, row.id)
        audit.record(session, hub.keyring, actor, "invitation.created", now=now, subject=subject, detail=detail)

    await hub.database.write(write)
    return token


async def list_open(hub: Hub, actor: Actor) -> list[InvitationRow]:
    """Invitations of the organisation that can still be accepted. Forbidden below admin."""
    actor.require(Permission.MANAGE_MEMBERS)
    now = hub.clock()
    rows = await hub.database.read(lambda session: repository.list_invitations(session, actor.organization_id, now))
    return [InvitationRow(row.id, row.role, row.email, row.created_at, row.expires_at) for row in rows]


async def revoke(hub: Hub, actor: Actor, invitation_id: str) -> None:
    """Make an open invitation useless. Forbidden, NotFound."""
    actor.require(Permission.MANAGE_MEMBERS)
    now = hub.clock()

    def write(session: Session) -> None:
        known = is_id(invitation_id) and repository.use_invitation(session, actor.organization_id, invitation_id, now)
        if not known:
            raise NotFound
        subject = f"invitation:{invitation_id}"
        members.announce_member(session, hub, actor.organization_id, invitation_id)
        audit.record(session, hub.keyring, actor, "invitation.revoked", now=now, subject=subject)

    await hub.database.write(write)


async def find_offer(hub: Hub, token: str) -> Offer:
    """What the link offers; NotFound when it is unknown, used or expired."""

    def read(session: Session) -> Offer:
        row = _open_row(session, hub, token)
        organization = repository.get_organization(session, row.organization_id)
        if organization is None:
            raise NotFound(GONE)
        return Offer(organization.id, organization.name, row.role, row.email)

    return await hub.database.read(read)


async def accept_as_new(hub: Hub, *, token: str, email: str, password: Secret, address: str = "") -> str:
    """Create the person and the membership; returns a session token.

    NotFound, InvalidInput, Forbidden `invitation_for_other`, Conflict `user_exists` (then sign in first).
    """
    offer = await find_offer(hub, token)
    email = normal_email(email)
    _require_addressee(offer.email, email)
    require_password(password)
    password_hash = await hub.passwords.hash(password)
    browser = sessions.new_token(hub)

    def write(session: Session) -> None:
        now = hub.clock()
        row = _open_row(session, hub, token)
        if repository.find_user(session, email) is not None:
            raise Conflict("user_exists", "This e-mail has an account already. Sign in, then open the link again.")
        user = User(id=hub.new_id(), email=email, password_hash=password_hash, created_at=now)
        session.add(user)
        session.flush()
        _join(session, hub, row, Actor(row.organization_id, user.id, email, row.role, address=address), browser)

    await hub.database.write(write)
    return browser


async def accept_signed_in(hub: Hub, actor: Actor, token: str) -> str:
    """Add the signed-in person; returns a session token in the new organisation, the present session ends.

    NotFound, Forbidden `invitation_for_other`, Conflict `already_member`.
    """
    browser = sessions.new_token(hub)

    def write(session: Session) -> None:
        row = _open_row(session, hub, token)
        _require_addressee(row.email, actor.email)
        if repository.get_member(session, row.organization_id, actor.user_id) is not None:
            raise Conflict("already_member", "You are a member of this organization already.")
        present = repository.get_session(session, actor.session_hash)
        if present is not None:
            present.ended_at = hub.clock()
        sessions.announce_change(session, hub, (actor.organization_id,), actor.user_id)
        joined = Actor(row.organization_id, actor.user_id, actor.email, row.role, address=actor.address)
        _join(session, hub, row, joined, browser)

    await hub.database.write(write)
    return browser


def _join(session: Session, hub: Hub, row: Invitation, actor: Actor, browser: str) -> None:
    now = hub.clock()
    if not repository.use_invitation(session, row.organization_id, row.id, now):
        raise NotFound(GONE)
    role = Role(row.role)
    session.add(Member(organization_id=row.organization_id, user_id=actor.user_id, role=role.value, created_at=now))
    session.flush()
    sessions.add(session, hub.keyring, actor.user_id, row.organization_id, browser, now)
    members.announce_member(session, hub, row.organization_id, actor.user_id)
    subject = f"user:{actor.user_id}"
    detail = {"role": role.value, "invitation": row.id}
    audit.record(session, hub.keyring, actor, "member.joined", now=now, subject=subject, detail=detail)


def _open_row(session: Session, hub: Hub, token: str) -> Invitation:
    if not token or len(token) > sessions.TOKEN_LIMIT:
        raise NotFound(GONE)
    row = repository.find_invitation(session, hub.keyring.hash_token(PURPOSE, token))
    if row is None or row.used_at is not None or row.expires_at <= hub.clock():
        raise NotFound(GONE)
    return row


def _require_addressee(addressee: str, email: str) -> None:
    if addressee and addressee != email:
        raise Forbidden("invitation_for_other", f"This invitation is for {addressee}.")
