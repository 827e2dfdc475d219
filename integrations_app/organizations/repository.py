"""Rows of people, organisations and sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.models import Invitation, Member, Organization, SetupToken, SignInSession, User


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as a list shows it."""

    user_id: str
    email: str
    role: str
    created_at: datetime
    disabled: bool


def any_user(session: Session) -> bool:
    """Whether anybody exists at all: then the installation has its owner."""
    return session.execute(select(col(User.id)).limit(1)).first() is not None


def get_user(session: Session, user_id: str) -> User | None:
    """The person of that id."""
    return session.get(User, user_id)


def find_user(session: Session, email: str) -> User | None:
    """The person with that e-mail (already in lower case)."""
    return session.execute(select(User).where(col(User.email) == email)).scalars().first()


def get_organization(session: Session, organization_id: str) -> Organization | None:
    """The organisation of that id."""
    return session.get(Organization, organization_id)


def find_organization(session: Session, name: str) -> Organization | None:
    """The oldest organisation with exactly that name."""
    statement = select(Organization).where(col(Organization.name) == name).order_by(col(Organization.created_at))
    return session.execute(statement).scalars().first()


def memberships(session: Session, user_id: str) -> Sequence[tuple[Member, Organization]]:
    """Every organisation that the person belongs to, oldest membership first."""
    statement = (
        select(Member, Organization)
        .join(Organization, col(Organization.id) == col(Member.organization_id))
        .where(col(Member.user_id) == user_id)
        .order_by(col(Member.created_at), col(Member.organization_id))
    )
    with across_organizations("a person's own memberships"):
        return [(member, organization) for member, organization in session.execute(statement)]


def list_places(session: Session, user_id: str) -> tuple[str, ...]:
    """Ids of the organisations that the person belongs to, sorted."""
    return tuple(sorted(member.organization_id for member, _ in memberships(session, user_id)))


def get_member(session: Session, organization_id: str, user_id: str) -> Member | None:
    """The person's place in the organisation."""
    statement = select(Member).where(col(Member.organization_id) == organization_id, col(Member.user_id) == user_id)
    return session.execute(statement).scalars().first()


def list_members(session: Session, organization_id: str) -> list[MemberRow]:
    """Everybody in the organisation, by e-mail."""
    statement = (
        select(User, Member)
        .join(Member, col(Member.user_id) == col(User.id))
        .where(col(Member.organization_id) == organization_id)
        .order_by(col(User.email))
    )
    return [
        MemberRow(user.id, user.email, member.role, member.created_at, user.disabled_at is not None)
        for user, member in session.execute(statement)
    ]


def get_session(session: Session, token_hash: str) -> SignInSession | None:
    """The browser's session with that hash, alive or not."""
    return session.get(SignInSession, token_hash, populate_existing=True)


def end_sessions(
    session: Session, user_id: str, now: datetime, *, organization_id: str = "", keep: str = ""
) -> list[str]:
    """End the person's open sessions, only those of one organisation when given, except `keep`; their hashes."""
    chosen = [col(SignInSession.user_id) == user_id, col(SignInSession.ended_at).is_(None)]
    if organization_id:
        chosen.append(col(SignInSession.organization_id) == organization_id)
    if keep:
        chosen.append(col(SignInSession.token_hash) != keep)
    ended = list(session.execute(select(col(SignInSession.token_hash)).where(*chosen)).scalars())
    session.execute(update(SignInSession).where(*chosen).values(ended_at=now))
    return ended


def get_setup_token(session: Session) -> SetupToken | None:
    """The one-time token of this installation, used or not."""
    return session.get(SetupToken, 1, populate_existing=True)


def use_setup_token(session: Session, now: datetime) -> bool:
    """Consume the setup token; whether it was still there to consume."""
    statement = update(SetupToken).where(col(SetupToken.id) == 1, col(SetupToken.used_at).is_(None)).values(used_at=now)
    return _changed(session, statement) == 1


def find_invitation(session: Session, token_hash: str) -> Invitation | None:
    """The invitation behind a link, used or not."""
    with across_organizations("invitation link: the organisation is what the link tells"):
        return session.execute(select(Invitation).where(col(Invitation.token_hash) == token_hash)).scalars().first()


def list_invitations(session: Session, organization_id: str, now: datetime) -> list[Invitation]:
    """Invitations that can still be accepted, newest first."""
    statement = (
        select(Invitation)
        .where(
            col(Invitation.organization_id) == organization_id,
            col(Invitation.used_at).is_(None),
            col(Invitation.expires_at) > now,
        )
        .order_by(col(Invitation.created_at).desc())
    )
    return list(session.execute(statement).scalars())


def use_invitation(session: Session, organization_id: str, invitation_id: str, now: datetime) -> bool:
    """Consume an invitation; False when it is unknown, used or expired."""
    statement = (
        update(Invitation)
        .where(
            col(Invitation.organization_id) == organization_id,
            col(Invitation.id) == invitation_id,
            col(Invitation.used_at).is_(None),
            col(Invitation.expires_at) > now,
        )
        .values(used_at=now)
    )
    return _changed(session, statement) == 1


def _changed(session: Session, statement: object) -> int:
    return int(session.connection().execute(statement).rowcount)  # type: ignore[call-overload]
