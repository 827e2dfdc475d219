"""What somebody was denied for want of a permission, kept in the audit log."""

from collections.abc import Mapping

from sqlmodel import Session

from integrations_app.errors import Forbidden
from integrations_app.organizations import audit
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission


async def require_noted(hub: Hub, actor: Actor, permission: Permission, asked: Mapping[str, str]) -> None:
    """Raise Forbidden unless the role has `permission`, and audit that; `asked` names what was wanted."""
    try:
        actor.require(permission)
    except Forbidden:
        await note_denied(hub, actor, asked, "permission")
        raise


async def note_denied(hub: Hub, actor: Actor, asked: Mapping[str, str], reason: str) -> None:
    """Audit a denial: at most a row a minute for each session or token, which says how many it stands for."""
    now = hub.clock()
    count = hub.throttle.admit(f"authz.denied:{actor.session_hash or actor.token_id}:{reason}", now)
    if not count:
        return
    detail = {**asked, "reason": reason, "role": actor.role, "count": count}

    def write(session: Session) -> None:
        audit.record(session, hub.keyring, actor, "authz.denied", now=now, detail=detail)

    await hub.database.write(write)
