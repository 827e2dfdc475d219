"""API tokens: made by people for their programs, shown once, looked up at every call, ended at once."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from integrations_app.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated, Unavailable
from integrations_app.kit.columns import is_id
from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, sessions, token_rows
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.organizations.limits import address_block
from integrations_app.organizations.models import ApiToken, Role
from integrations_app.organizations.people import RANKS, known_role, normal_name
from integrations_app.organizations.permissions import Actor, Permission, allowed
from integrations_app.organizations.repository import find_organization, find_user, get_member

_log = logging.getLogger(__name__)
PURPOSE = "api_token"
PREFIX = "integrations_"
"""How every token begins, so that people and scanners know one when they see it."""
SHAPE = PREFIX + "[0-9a-f]{64}"
_SHAPE = re.compile(SHAPE)
TOUCH_AFTER = timedelta(minutes=1)
LONGEST = timedelta(days=3650)
MOST = 100
"""Living tokens of one person in one organisation."""
REFUSED = "This API token is unknown, expired or revoked."


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A living token as a list shows it; the token itself is not kept."""

    id: str
    name: str
    role: str
    user_id: str
    email: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who is behind a token, and the token's own words."""

    actor: Actor
    organization_name: str
    token: TokenRow


async def create(
    hub: Hub, actor: Actor, *, name: str, role: str = "", lifetime: timedelta | None = None
) -> tuple[TokenRow, Secret]:
    """A token of the actor's own and its value, shown this once. `role` is the actor's own when not given.

    Forbidden for a role above the actor's, InvalidInput, Conflict `too_many_tokens`, VaultSealed.
    """
    actor.require(Permission.VIEW)
    made = _new_row(hub, actor, name, role, lifetime)
    return await hub.database.write(lambda session: _keep(hub, session, actor, *made))


def create_for(
    session: Session,
    hub: Hub,
    *,
    email: str,
    organization: str,
    name: str,
    role: str = "",
    lifetime: timedelta | None = None,
) -> tuple[TokenRow, Secret]:
    """For the command `tokens create`: a token of the member with that e-mail, in the organisation of that name.

    NotFound for somebody who is not a member; otherwise as `create`.
    """
    user, place = find_user(session, email), find_organization(session, organization)
    member = get_member(session, place.id, user.id) if user and place and user.disabled_at is None else None
    if user is None or member is None:
        raise NotFound(f"{email} is not a member of {organization}.")
    actor = Actor(member.organization_id, user.id, user.email, member.role)
    made = _new_row(hub, actor, name, role, lifetime)
    return _keep(hub, session, actor, *made, by_command=True)


async def list_tokens(hub: Hub, actor: Actor) -> list[TokenRow]:
    """The living tokens that the actor may end: one's own, and for admins everybody's; newest first."""
    actor.require(Permission.VIEW)
    whose = "" if allowed(actor.role, Permission.MANAGE_MEMBERS) else actor.user_id
    now = hub.clock()
    rows = await hub.database.read(lambda session: token_rows.list_alive(session, actor.organization_id, now, whose))
    return [_row(token, email) for token, email in rows]


async def revoke(hub: Hub, actor: Actor, token_id: str) -> None:
    """End a token at once: one's own, or for admins anybody's. NotFound."""
    actor.require(Permission.VIEW)

    def write(session: Session) -> None:
        now = hub.clock()
        row = token_rows.get_alive(session, actor.organization_id, token_id, now) if is_id(token_id) else None
        foreign = row is not None and row.user_id != actor.user_id
        if row is None or (foreign and not allowed(actor.role, Permission.MANAGE_MEMBERS)):
            raise NotFound("There is no such API token.")
        row.revoked_at = now
        _note(hub, session, actor, "token.revoked", row, {"name": row.name, "user": row.user_id})

    await hub.database.write(write)


async def find(hub: Hub, token: str, address: str = "") -> Bearer | None:
    """Who is behind `token`, looked up anew every time; None when nobody is. Raises VaultSealed.

    The actor's role is the lower of the token's and of the person's present one.
    """
    if not _SHAPE.fullmatch(token):
        return None
    now, token_hash = hub.clock(), hub.keyring.hash_token(PURPOSE, token)
    found = await hub.database.read(lambda session: _look_up(session, token_hash, now, address))
    if found is not None and (found.token.last_used_at is None or now - found.token.last_used_at >= TOUCH_AFTER):
        await _touch(hub, found, now)
    return found


async def require(hub: Hub, token: str, address: str = "") -> Bearer:
    """Who is behind `token`. Unauthenticated when nobody is; RateLimited for more than 10 wrong ones from an address.

    A right token is let in all the same: 256 bits are not guessed, and a program with a stale token must not shut
    out the others behind its address. What is limited is what guessing costs us.
    """
    found = await find(hub, token, address)
    if found is not None:
        return found
    now = hub.clock()
    await _note_refused(hub, address, now)
    hub.limits.enter((f"token:{address_block(address)}",), now)
    raise Unauthenticated(REFUSED)


def _look_up(session: Session, token_hash: str, now: datetime, address: str) -> Bearer | None:
    holder = token_rows.find_holder(session, token_hash)
    if holder is None:
        return None
    row, user, member, organization = holder
    expired = row.expires_at is not None and now >= row.expires_at
    if row.revoked_at is not None or expired or user.disabled_at is not None:
        return None
    role = min(Role(row.role), Role(member.role), key=lambda one: RANKS[one])
    actor = Actor(row.organization_id, user.id, user.email, role.value, address=address, token_id=row.id)
    return Bearer(actor, organization.name, _row(row, user.email))


def _new_row(hub: Hub, actor: Actor, name: str, role: str, lifetime: timedelta | None) -> tuple[ApiToken, Secret]:
    wanted = known_role(role or actor.role)
    if RANKS[wanted] > RANKS[Role(actor.role)]:
        raise Forbidden("forbidden", "A token cannot do more than the person who makes it.")
    if lifetime is not None and not timedelta(0) < lifetime <= LONGEST:
        raise InvalidInput({"lifetime": f"Use 1 to {LONGEST.days} days."})
    token, now = PREFIX + sessions.new_token(hub), hub.clock()
    row = ApiToken(
        organization_id=actor.organization_id,
        id=hub.new_id(),
        token_hash=hub.keyring.hash_token(PURPOSE, token),
        user_id=actor.user_id,
        name=normal_name(name, "name"),
        role=wanted.value,
        created_at=now,
        expires_at=now + lifetime if lifetime is not None else None,
    )
    return row, Secret(token)


def _keep(
    hub: Hub, session: Session, actor: Actor, row: ApiToken, token: Secret, *, by_command: bool = False
) -> tuple[TokenRow, Secret]:
    hold(session, f"tokens:{actor.user_id}")
    if token_rows.count_alive(session, actor.organization_id, actor.user_id, hub.clock()) >= MOST:
        raise Conflict("too_many_tokens", f"There are {MOST} API tokens already. Revoke one that is not used.")
    session.add(row)
    session.flush()
    detail = {"name": row.name, "role": row.role, "user": row.user_id}
    _note(hub, session, None if by_command else actor, "token.created", row, detail)
    return _row(row, actor.email), token


def _note(hub: Hub, session: Session, actor: Actor | None, name: str, row: ApiToken, detail: dict[str, str]) -> None:
    """Audit an act on a token and announce it. Call it last in the transaction."""
    chain = row.organization_id
    sessions.publish(session, hub, organization_topic(chain), {"kind": "token", "id": row.id})
    subject = f"token:{row.id}"
    audit.record(
        session, hub.keyring, actor, name, now=hub.clock(), subject=subject, detail=detail, organization_id=chain
    )


async def _touch(hub: Hub, found: Bearer, now: datetime) -> None:
    try:
        await hub.database.write(
            lambda session: token_rows.touch(session, found.actor.organization_id, found.token.id, now)
        )
    except Unavailable:
        # Reading must go on while writing cannot; the next call tries again.
        _log.warning("the time of an API token's last use could not be stored")


async def _note_refused(hub: Hub, address: str, now: datetime) -> None:
    """Audit a wrong token: at most a row a minute, which says how many it stands for."""
    count = hub.throttle.admit("token.refused", now)
    if not count:
        return
    actor = Actor(audit.ANONYMOUS.organization_id, "", audit.ANONYMOUS.email, "", address=address)
    try:
        await hub.database.write(
            lambda session: audit.record(
                session, hub.keyring, actor, "token.refused", now=now, detail={"count": str(count)}
            )
        )
    except Unavailable:
        _log.warning("a refused API token could not be recorded")


def _row(row: ApiToken, email: str) -> TokenRow:
    same = {name: getattr(row, name) for name in TokenRow.__dataclass_fields__ if name != "email"}
    return TokenRow(email=email, **same)
