"""Pages where a person looks into the emulated Salesforce: objects, records, sessions."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.sandbox.pages import render, see_other
from integrations_app.sandbox.salesforce import records, tokens
from integrations_app.sandbox.salesforce.calls import Refusal
from integrations_app.sandbox.salesforce.schema import ObjectType
from integrations_app.sandbox.salesforce.state import Row, Token
from integrations_app.sandbox.world import World

PERSONAL_CLIENT = "personal session"
PERSONAL_SCOPES = ["api", "refresh_token", "id"]
COLUMNS = 8
_LONG = ("textarea", "base64")
_PLAIN = ("Id", "IsDeleted", "CreatedDate", "SystemModstamp")


class WrongRecord(ValueError):
    """A record that cannot be made: unknown object or person, or refused values."""


def personal_token(world: World, user: Row, scopes: list[str] | None = None) -> Token:
    """A session without a consent page."""
    wanted = PERSONAL_SCOPES if scopes is None else scopes
    return tokens.open_session(world, tokens.approve(world, user, PERSONAL_CLIENT, wanted))


def write_as(world: World, username: str, name: str, fields: dict[str, Any]) -> Row:
    """A person creates a record; raises WrongRecord."""
    user, kind = world.salesforce.user(username), world.salesforce.object(name)
    if user is None or kind is None:
        raise WrongRecord("object and user must be given and known")
    try:
        return records.create(world.salesforce, user.id, kind, fields, world.clock())
    except Refusal as refusal:
        raise WrongRecord(f"{refusal.code}: {refusal.message}") from refusal


def _object(request: Request) -> ObjectType:
    found: ObjectType | None = request.state.world.salesforce.object(request.path_params["object"])
    if found is None:
        raise HTTPException(404)
    return found


async def index(request: Request) -> Response:
    """Objects and sessions."""
    world: World = request.state.world
    org = world.salesforce
    apps = {client_id: app.name for (vendor, client_id), app in world.apps.items() if vendor == "salesforce"}
    counts = [(kind, sum(not row.deleted for row in org.all_rows(kind.name))) for kind in org.objects.values()]
    return render(
        request,
        "salesforce_index.html",
        org=org,
        objects=counts,
        tokens=list(enumerate(org.tokens.values())),
        names=apps,
        limit=world.settings.salesforce.api_limit,
        now=world.clock(),
    )


async def revoke(request: Request) -> Response:
    """End one session with its approval, chosen by its place in the list."""
    world: World = request.state.world
    granted = list(world.salesforce.tokens.values())
    if request.path_params["index"] >= len(granted):
        raise HTTPException(404)
    tokens.revoke(world, [granted[request.path_params["index"]]])
    return see_other(f"{request.state.base}/salesforce/")


async def rows(request: Request) -> Response:
    """The records of one object, the newest first."""
    kind = _object(request)
    found = [row for row in request.state.world.salesforce.all_rows(kind.name) if not row.deleted]
    columns = [one for one in kind.fields.values() if one.name not in _PLAIN and one.type not in _LONG]
    return render(request, "salesforce_rows.html", kind=kind, columns=columns[:COLUMNS], rows=list(reversed(found)))


async def record(request: Request) -> Response:
    """One record with every field."""
    kind = _object(request)
    row = request.state.world.salesforce.row(kind.name, request.path_params["id"])
    if row is None:
        raise HTTPException(404)
    return render(request, "salesforce_record.html", kind=kind, row=row, fields=list(kind.fields.values()))


routes = [
    Route("/", index),
    Route("/tokens/{index:int}/revoke", revoke, methods=["POST"]),
    Route("/objects/{object}/", rows),
    Route("/objects/{object}/{id}", record),
]
