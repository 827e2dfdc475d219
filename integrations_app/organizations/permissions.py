"""Who may do what: the roles, the permissions, and the person behind a request."""

from dataclasses import dataclass
from enum import StrEnum

from integrations_app.errors import Forbidden
from integrations_app.organizations.models import Role


class Permission(StrEnum):
    """The rows of the permission table; a handler, route or command names exactly one."""

    VIEW = "view"
    """See integrations, workflows, runs, events."""
    EDIT_WORKFLOWS = "edit_workflows"
    """Create, edit, publish, run, replay, pause workflows; use connections in steps; load pickers; test a step."""
    MANAGE_CONNECTIONS = "manage_connections"
    """Connect, configure, test, reconnect, disconnect, pause; OAuth apps; endpoints."""
    MANAGE_MEMBERS = "manage_members"
    """Members, roles, invitations, API tokens of others, audit, retention."""
    MANAGE_KEYS = "manage_keys"
    """Rotate and retire keys, delete the organisation, change owners."""


_ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.EDITOR: frozenset({Permission.VIEW, Permission.EDIT_WORKFLOWS}),
    Role.ADMIN: frozenset(Permission) - {Permission.MANAGE_KEYS},
    Role.OWNER: frozenset(Permission),
}


def allowed(role: str, permission: Permission) -> bool:
    """Tell whether `role` (a value of Role) has `permission`; an unknown role has none."""
    try:
        return permission in _ALLOWED[Role(role)]
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which organisation, from where. Comes from the server-side session, never from a client."""

    organization_id: str
    user_id: str
    email: str
    role: str
    session_hash: str = ""
    address: str = ""
    token_id: str = ""
    """The API token that acts in the person's place; empty for the person."""

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the role has `permission`."""
        if not allowed(self.role, permission):
            raise Forbidden


def system_actor(organization_id: str) -> Actor:
    """The product itself, acting for an organisation (executor, sweeps)."""
    return Actor(organization_id, "", "system", Role.OWNER.value)
