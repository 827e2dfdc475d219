"""Rows of API tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import Session, col

from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.models import ApiToken, Member, Organization, User

Holder = tuple[ApiToken, User, Member, Organization]


def find_holder(session: Session, token_hash: str) -> Holder | None:
    """The token with that hash, and whose it is; None when it is unknown or the person does not belong here any more.

    Whether it still lives is the caller's to judge.
    """
    statement = (
        select(ApiToken, User, Member, Organization)
        .join(User, col(User.id) == col(ApiToken.user_id))
        .join(Organization, col(Organization.id) == col(ApiToken.organization_id))
        .join(
            Member,
            (col(Member.organization_id) == col(ApiToken.organization_id))
            & (col(Member.user_id) == col(ApiToken.user_id)),
        )
        .where(col(ApiToken.token_hash) == token_hash)
    )
    with across_organizations("API token: the organisation is what the token tells"):
        found = session.execute(statement).first()
    return (found[0], found[1], found[2], found[3]) if found else None


def list_alive(
    session: Session, organization_id: str, now: datetime, user_id: str = ""
) -> Sequence[tuple[ApiToken, str]]:
    """Tokens that are neither revoked nor expired, of one person when given, newest first, each with its e-mail."""
    statement = (
        select(ApiToken, col(User.email))
        .join(User, col(User.id) == col(ApiToken.user_id))
        .where(col(ApiToken.organization_id) == organization_id, *_alive(now))
        .order_by(col(ApiToken.created_at).desc(), col(ApiToken.id))
    )
    if user_id:
        statement = statement.where(col(ApiToken.user_id) == user_id)
    return [(token, email) for token, email in session.execute(statement)]


def count_alive(session: Session, organization_id: str, user_id: str, now: datetime) -> int:
    """How many living tokens a person has in the organisation."""
    statement = (
        select(func.count())
        .select_from(ApiToken)
        .where(col(ApiToken.organization_id) == organization_id, col(ApiToken.user_id) == user_id, *_alive(now))
    )
    return int(session.execute(statement).scalar_one())


def get_alive(session: Session, organization_id: str, token_id: str, now: datetime) -> ApiToken | None:
    """The living token of that id."""
    statement = select(ApiToken).where(
        col(ApiToken.organization_id) == organization_id, col(ApiToken.id) == token_id, *_alive(now)
    )
    return session.execute(statement.with_for_update()).scalars().first()


def touch(session: Session, organization_id: str, token_id: str, now: datetime) -> None:
    """Note that the token was used."""
    session.execute(
        update(ApiToken)
        .where(col(ApiToken.organization_id) == organization_id, col(ApiToken.id) == token_id)
        .values(last_used_at=now)
    )


def revoke_all(session: Session, organization_id: str, user_id: str, now: datetime) -> None:
    """End every token of a person in the organisation: an invitation later must not bring them back."""
    session.execute(
        update(ApiToken)
        .where(
            col(ApiToken.organization_id) == organization_id,
            col(ApiToken.user_id) == user_id,
            col(ApiToken.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ApiToken.revoked_at).is_(None),
        col(ApiToken.expires_at).is_(None) | (col(ApiToken.expires_at) > now),
    )
