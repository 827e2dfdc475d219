"""Members of an organisation and their roles: who may change whom."""

from sqlmodel import Session

from integrations_app.errors import Conflict, Forbidden, NotFound
from integrations_app.kit.columns import is_id
from integrations_app.organizations import audit, repository, sessions, token_rows
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.organizations.models import Member, Role
from integrations_app.organizations.people import RANKS, known_role
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.organizations.repository import MemberRow


async def list_members(hub: Hub, actor: Actor) -> list[MemberRow]:
    """Everybody in the actor's organisation, by e-mail. Forbidden below admin."""
    actor.require(Permission.MANAGE_MEMBERS)
    return await hub.database.read(lambda session: repository.list_members(session, actor.organization_id))


async def change_role(hub: Hub, actor: Actor, user_id: str, role: str) -> None:
    """Give a member another role. A lowered one ends the member's sessions here, a raised one reloads the pages.

    Forbidden (owners are changed by owners only), NotFound, Conflict `last_owner`, InvalidInput.
    """
    wanted = known_role(role)
    actor.require(Permission.MANAGE_MEMBERS)

    def write(session: Session) -> None:
        member = _changeable(session, actor, user_id, wanted)
        before = Role(member.role)
        if wanted is before:
            return
        member.role = wanted.value
        if RANKS[wanted] < RANKS[before]:
            repository.end_sessions(session, user_id, hub.clock(), organization_id=actor.organization_id)
        _conclude(session, hub, actor, user_id, "member.role_changed", {"from": before.value, "to": wanted.value})

    await hub.database.write(write)


async def remove_member(hub: Hub, actor: Actor, user_id: str) -> None:
    """Take a member out of the organisation and end the sessions and API tokens there; anybody may leave.

    Forbidden, NotFound, Conflict `last_owner`.
    """
    if user_id != actor.user_id:
        actor.require(Permission.MANAGE_MEMBERS)

    def write(session: Session) -> None:
        member = _changeable(session, actor, user_id, None)
        session.delete(member)
        repository.end_sessions(session, user_id, hub.clock(), organization_id=actor.organization_id)
        token_rows.revoke_all(session, actor.organization_id, user_id, hub.clock())
        _conclude(session, hub, actor, user_id, "member.removed", {"role": member.role})

    await hub.database.write(write)


def require_rank(actor: Actor, role: Role) -> None:
    """Raise Forbidden unless the actor may hand out or take away `role`: only owners touch owners."""
    if role is Role.OWNER:
        try:
            actor.require(Permission.MANAGE_KEYS)
        except Forbidden:
            raise Forbidden("forbidden", "Only an owner can change owners.") from None


def _changeable(session: Session, actor: Actor, user_id: str, wanted: Role | None) -> Member:
    """The member, when the actor may change him into `wanted` (None: away) and an owner remains."""
    if not is_id(user_id):
        raise NotFound
    hold(session, f"members:{actor.organization_id}")
    # The role may have changed since the session was looked up: what counts is the row of now.
    own = repository.get_member(session, actor.organization_id, actor.user_id)
    if own is None or own.role != actor.role:
        raise Forbidden("session_revoked", "Your role has changed. Reload the page.")
    member = repository.get_member(session, actor.organization_id, user_id)
    if member is None:
        raise NotFound
    leaving = user_id == actor.user_id and wanted is None
    if not leaving:
        require_rank(actor, Role(member.role))
    if wanted is not None:
        require_rank(actor, wanted)
    lost = member.role == Role.OWNER.value and wanted is not Role.OWNER
    others = [row for row in _owners(session, actor.organization_id) if row.user_id != user_id]
    if lost and not others:
        raise Conflict("last_owner", "This is the last owner. Make somebody else an owner first.")
    return member


def _owners(session: Session, organization_id: str) -> list[MemberRow]:
    rows = repository.list_members(session, organization_id)
    return [row for row in rows if row.role == Role.OWNER.value and not row.disabled]


def _conclude(session: Session, hub: Hub, actor: Actor, user_id: str, name: str, detail: dict[str, str]) -> None:
    sessions.announce_change(session, hub, (actor.organization_id,), user_id)
    announce_member(session, hub, actor.organization_id, user_id)
    audit.record(session, hub.keyring, actor, name, now=hub.clock(), subject=f"user:{user_id}", detail=detail)


def announce_member(session: Session, hub: Hub, organization_id: str, user_id: str) -> None:
    """After the commit: tell open pages that the list of members changed."""
    sessions.publish(session, hub, organization_topic(organization_id), {"kind": "member", "id": user_id})
