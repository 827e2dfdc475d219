"""Calls about connections: made, changed, tested, disconnected; what they answer never holds a secret."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from integrations_app.connections import service
from integrations_app.connections.models import Status
from integrations_app.connections.views import ConnectionView
from integrations_app.errors import InvalidInput
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Permission
from integrations_app.web.api.answers import ConnectionShown, TestShown, UseShown
from integrations_app.web.api.calls import MAX_MEMBERS, Call, Caller
from integrations_app.web.api.lists import Asking, Json, Listed, Paging, paged

Secrets = Annotated[dict[str, str | None], Field(max_length=MAX_MEMBERS)]
Settings = Annotated[dict[str, Any], Field(max_length=MAX_MEMBERS)]


class NewConnection(Asking):
    """A connection to make."""

    provider: str = Field(max_length=100)
    name: str = Field(default="", max_length=200)
    settings: Settings | None = None
    secrets: Secrets | None = Field(default=None, description="By name, as the provider's `auth` lists them.")
    auth_kind: str | None = Field(default=None, max_length=50, description="Which of the ways to connect, if unclear.")


class ChangedConnection(Asking):
    """What to change. `status` and `default` go alone."""

    name: str | None = Field(default=None, max_length=200)
    settings: Settings | None = Field(default=None, description="Merged into those that are set.")
    secrets: Secrets | None = Field(
        default=None,
        description="Absent and masked ones (`********`) stay as they are; an empty text removes an optional one.",
    )
    auth_kind: str | None = Field(default=None, max_length=50)
    status: Literal["paused", "connected"] | None = Field(default=None, description="Pause, or resume.")
    default: Literal[True] | None = Field(
        default=None, description="Use this one where a provider is named and no connection."
    )


class ConnectionsAsked(Paging):
    """Which connections."""

    provider: str | None = Field(default=None, max_length=100, description="Of this provider only.")


async def create_connection(asked: Caller, body: NewConnection) -> Response:
    """Make a connection.

    With secrets it connects at once: `connected`, or `error` with the reason. Without, for a provider that one signs
    in to, it is `pending`: a signed-in person of the organisation opens `authorize_url`.
    """
    made = await service.create(
        asked.hub,
        asked.actor,
        body.provider,
        name=body.name,
        settings=body.settings,
        secrets=body.secrets,
        auth_kind=body.auth_kind,
    )
    return Json(_shown(asked.hub, made), 201)


async def list_connections(asked: Caller, ask: Annotated[ConnectionsAsked, Query()]) -> Response:
    """List connections, oldest first."""
    rows = await service.list_by_organization(asked.hub, asked.actor, ask.provider)
    return paged(rows, ask, by=_age, show=lambda one: _shown(asked.hub, one))


async def get_connection(asked: Caller, connection_id: str) -> Response:
    """Show a connection."""
    return Json(_shown(asked.hub, await service.get(asked.hub, asked.actor, connection_id)))


async def update_connection(asked: Caller, connection_id: str, body: ChangedConnection) -> Response:
    """Change a connection.

    Or pause or resume it, or make it the default. New secrets are checked: those of another account are refused with
    `account_mismatch`, those that do not work are kept and make the connection's status `error`.
    """
    changes = body.model_dump(exclude_unset=True, exclude_none=True)
    alone = [name for name in ("status", "default") if name in changes]
    if alone and len(changes) > 1:
        raise InvalidInput(dict.fromkeys(alone, "goes alone"))
    if "status" in changes:
        row = await service.update_status(asked.hub, asked.actor, connection_id, changes["status"])
    elif "default" in changes:
        row = await service.set_default(asked.hub, asked.actor, connection_id)
    else:
        row = await service.update(asked.hub, asked.actor, connection_id, changes)
    return Json(_shown(asked.hub, row))


async def disconnect(asked: Caller, connection_id: str) -> Response:
    """Disconnect a connection.

    Its secrets are destroyed at once and the access is ended at the vendor. The connection stays, `disconnected`.
    """
    return Json(_shown(asked.hub, await service.disconnect(asked.hub, asked.actor, connection_id)))


async def test_connection(asked: Caller, connection_id: str) -> Response:
    """Test a connection.

    Asks the vendor who we are. What is wrong stands in the answer.
    """
    return Json((await service.test(asked.hub, asked.actor, connection_id)).as_dict())


async def list_usage(asked: Caller, connection_id: str, paging: Annotated[Paging, Query()]) -> Response:
    """List the workflows that name a connection."""
    rows = await service.usage(asked.hub, asked.actor, connection_id)
    return paged(rows, paging, by=lambda one: (one.name, one.workflow_id), show=lambda one: one)


MANAGE = Permission.MANAGE_CONNECTIONS
ONE = "/connections/{connection_id}"
CALLS = (
    Call("POST", "/connections", create_connection, MANAGE, ConnectionShown, 201, refusals=(404, 409, 502)),
    Call("GET", "/connections", list_connections, Permission.VIEW, Listed[ConnectionShown]),
    Call("GET", ONE, get_connection, Permission.VIEW, ConnectionShown),
    Call("PATCH", ONE, update_connection, MANAGE, ConnectionShown, refusals=(409, 502)),
    Call("DELETE", ONE, disconnect, MANAGE, ConnectionShown, refusals=(409, 502)),
    Call("POST", f"{ONE}/test", test_connection, MANAGE, TestShown, refusals=(409, 502)),
    Call("GET", f"{ONE}/usage", list_usage, Permission.VIEW, Listed[UseShown]),
)


def _age(row: ConnectionView) -> tuple[str, str]:
    return row.created_at.isoformat(), row.id


def _shown(hub: Hub, row: ConnectionView) -> dict[str, Any]:
    shown = row.as_dict()
    if row.status == Status.PENDING.value:
        path = f"/api/integrations/{row.provider}/authorize?connection={row.id}"
        shown["authorize_url"] = hub.settings.public_url + path
    return shown
