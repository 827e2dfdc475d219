"""Pages where a person looks into the emulated Salesforce: objects, records, sessions."""

from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.sandbox.control_calls import WrongCall
from integrations_app.sandbox.pages import render, see_other
from integrations_app.sandbox.salesforce import records, tokens
from integrations_app.sandbox.salesforce.calls import Refusal
from integrations_app.sandbox.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, FieldType, ObjectType
from integrations_app.sandbox.salesforce.settings import salesforce_settings
from integrations_app.sandbox.salesforce.state import Row, Token, salesforce_of
from integrations_app.sandbox.world import World

PERSONAL_CLIENT = "personal session"
PERSONAL_SCOPES = ["api", "refresh_token", "id"]
COLUMNS = 8
FORM = 8
_LONG = ("textarea", "base64")
_PLAIN = ("Id", "IsDeleted", "CreatedDate", "SystemModstamp")


class WrongRecord(WrongCall):
    """A record that cannot be made: unknown object or person, or refused values."""


def personal_token(world: World, user: Row, scopes: list[str] | None = None) -> Token:
    """A session without a consent page."""
    wanted = PERSONAL_SCOPES if scopes is None else scopes
    return tokens.open_session(world, tokens.approve(world, user, PERSONAL_CLIENT, wanted))


def write_as(world: World, username: str, name: str, fields: dict[str, Any], seconds_ago: float = 0.0) -> Row:
    """A person creates a record; raises WrongRecord.

    With `seconds_ago` it is seen only now, as one is whose transaction took that long to commit.
    """
    user, kind = salesforce_of(world).user(username), salesforce_of(world).object(name)
    if user is None or kind is None:
        raise WrongRecord("object and user must be given and known")
    try:
        return records.create(salesforce_of(world), user.id, kind, fields, world.clock() - seconds_ago)
    except Refusal as refusal:
        raise WrongRecord(f"{refusal.code}: {refusal.message}") from refusal


def _object(request: Request) -> ObjectType:
    found: ObjectType | None = salesforce_of(request.state.world).object(request.path_params["object"])
    if found is None:
        raise HTTPException(404)
    return found


async def index(request: Request) -> Response:
    """Objects and sessions."""
    world: World = request.state.world
    org = salesforce_of(world)
    apps = {client_id: app.name for (vendor, client_id), app in world.apps.items() if vendor == "salesforce"}
    counts = [(kind, sum(not row.deleted for row in org.all_rows(kind.name))) for kind in org.objects.values()]
    return render(
        request,
        "salesforce_index.html",
        org=org,
        objects=counts,
        tokens=list(enumerate(org.tokens.values())),
        names=apps,
        limit=salesforce_settings(world).api_limit,
        now=world.clock(),
    )


async def revoke(request: Request) -> Response:
    """End one session with its approval, chosen by its place in the list."""
    world: World = request.state.world
    granted = list(salesforce_of(world).tokens.values())
    if request.path_params["index"] >= len(granted):
        raise HTTPException(404)
    tokens.revoke(world, [granted[request.path_params["index"]]])
    return see_other(f"{request.state.base}/salesforce/")


async def rows(request: Request) -> Response:
    """The records of one object, the newest first."""
    kind = _object(request)
    found = [row for row in salesforce_of(request.state.world).all_rows(kind.name) if not row.deleted]
    columns = [one for one in kind.fields.values() if one.name not in _PLAIN and one.type not in _LONG]
    return render(
        request,
        "salesforce_rows.html",
        kind=kind,
        columns=columns[:COLUMNS],
        rows=list(reversed(found)),
        writable=_writable(kind),
        refused=request.query_params.get("refused", ""),
    )


def _row(request: Request, kind: ObjectType) -> Row:
    row: Row | None = salesforce_of(request.state.world).row(kind.name, request.path_params["id"])
    if row is None:
        raise HTTPException(404)
    return row


async def record(request: Request) -> Response:
    """One record with every field."""
    kind = _object(request)
    row = _row(request, kind)
    return render(
        request,
        "salesforce_record.html",
        kind=kind,
        row=row,
        fields=list(kind.fields.values()),
        writable=_writable(kind),
        refused=request.query_params.get("refused", ""),
    )


def _writable(kind: ObjectType) -> list[FieldType]:
    """The fields that a person may type into a short form."""
    typed = [one for one in kind.fields.values() if not one.read_only and not one.references]
    return [one for one in typed if one.type in TEXT_TYPES or one.type in NUMBER_TYPES][:FORM] if kind.writable else []


async def _typed(request: Request, kind: ObjectType, *, empty_too: bool) -> dict[str, Any]:
    """What was typed into the form, as the interface takes it."""
    form, given = await request.form(), dict[str, Any]()
    for one in _writable(kind):
        text = str(form.get(one.name, "")).strip()
        if text:
            given[one.name] = float(text) if one.type in NUMBER_TYPES and _is_number(text) else text
        elif empty_too and one.name in form:
            given[one.name] = None
    return given


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


async def create(request: Request) -> Response:
    """The form "New record"."""
    kind, world = _object(request), request.state.world
    org, here = salesforce_of(world), f"{request.state.base}/salesforce/objects/{kind.name}/"
    given = await _typed(request, kind, empty_too=False)
    try:
        row = records.create(org, org.all_rows("User")[0].id, kind, given, world.clock())
    except Refusal as refusal:
        return see_other(f"{here}?refused={quote(refusal.message)}")
    return see_other(f"{here}{row.id}")


async def change(request: Request) -> Response:
    """The form "Change", or the button "Delete record"."""
    kind, world = _object(request), request.state.world
    row = _row(request, kind)
    here = f"{request.state.base}/salesforce/objects/{kind.name}/{row.id}"
    try:
        if "delete" in await request.form():
            records.delete(row, world.clock())
        else:
            records.update(salesforce_of(world), row, await _typed(request, kind, empty_too=True), world.clock())
    except Refusal as refusal:
        return see_other(f"{here}?refused={quote(refusal.message)}")
    return see_other(here)


routes = [
    Route("/", index),
    Route("/tokens/{index:int}/revoke", revoke, methods=["POST"]),
    Route("/objects/{object}/", rows),
    Route("/objects/{object}/", create, methods=["POST"]),
    Route("/objects/{object}/{id}", record),
    Route("/objects/{object}/{id}", change, methods=["POST"]),
]
