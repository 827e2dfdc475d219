"""Calls about the organisation: its audit log, and who the token acts for."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from integrations_app.errors import InvalidInput
from integrations_app.organizations import audit
from integrations_app.organizations.models import AuditEvent
from integrations_app.organizations.permissions import Permission, allowed
from integrations_app.web.api.answers import AuditShown, Me
from integrations_app.web.api.calls import Call, Caller
from integrations_app.web.api.lists import Json, Listed, Paging, listed
from integrations_app.web.api.runs import Moment


class AuditAsked(Paging):
    """Which acts."""

    name: str = Field(default="", max_length=100, description="Of this name; `connection.*` for a whole group.")
    actor_id: str = Field(default="", max_length=64, description="Of this person.")
    subject: str = Field(default="", max_length=200, description="Upon this thing: `connection:<id>`.")
    since: Moment | None = None
    until: Moment | None = None


async def list_audit(asked: Caller, ask: Annotated[AuditAsked, Query()]) -> Response:
    """List the audit log, newest first."""
    cursor = ask.after()
    if cursor and not (cursor.isascii() and cursor.isdecimal()):
        raise InvalidInput({"cursor": "is not one of ours"})
    filters = audit.Filters(ask.name, ask.actor_id, ask.subject, ask.since, ask.until)
    page = await asked.hub.database.read(
        lambda session: audit.list_events(session, asked.actor.organization_id, filters, cursor, ask.limit)
    )
    return listed(map(_shown, page.items), page.next_cursor)


async def get_me(asked: Caller) -> Response:
    """Show who the token acts for.

    And what it may do.
    """
    actor, token = asked.actor, asked.bearer.token
    return Json(
        {
            "user_id": actor.user_id,
            "email": actor.email,
            "role": actor.role,
            "permissions": [one.value for one in Permission if allowed(actor.role, one)],
            "organization": {"id": actor.organization_id, "name": asked.bearer.organization_name},
            "token": {
                "id": token.id,
                "name": token.name,
                "role": token.role,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "last_used_at": token.last_used_at,
            },
        }
    )


CALLS = (
    Call("GET", "/audit", list_audit, Permission.MANAGE_MEMBERS, Listed[AuditShown]),
    Call("GET", "/me", get_me, Permission.VIEW, Me),
)


def _shown(row: AuditEvent) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AuditShown.model_fields}
