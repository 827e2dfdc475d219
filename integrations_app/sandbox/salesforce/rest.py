"""The HTTP side of the emulated data API: versions, sessions, the daily limit, refusals."""

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations_app.sandbox.salesforce import composite, describe, reading, sobjects, tokens
from integrations_app.sandbox.salesforce.calls import Call, Refusal, Reply, dispatch, not_found
from integrations_app.sandbox.salesforce.settings import salesforce_settings
from integrations_app.sandbox.salesforce.state import Token, salesforce_of
from integrations_app.sandbox.world import World

MODULES = (composite, describe, reading, sobjects)
OLDEST, NEWEST = 31, 68
WINTER_25 = 62
_SEASONS = ("Winter", "Spring", "Summer")
_VERSION = re.compile(r"v(\d{2})\.0")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


async def versions(_request: Request) -> Response:
    """`GET /services/data`: needs no session and is not counted."""
    found = [
        {"label": _release(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]
    return JSONResponse(found)


def _release(number: int) -> str:
    years, season = divmod(number - WINTER_25, len(_SEASONS))
    return f"{_SEASONS[season]} '{25 + years}"


def _session(request: Request) -> Token:
    world: World = request.state.world
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    found = tokens.live(world, value.strip(), used=True) if kind.lower() in ("bearer", "oauth") else None
    if found is None:
        raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if not set(found.scopes) & {"api", "full"}:
        raise Refusal(403, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")
    return found


def _count(world: World) -> None:
    if salesforce_of(world).calls >= salesforce_settings(world).api_limit:
        raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    salesforce_of(world).calls += 1


def _body(request: Request, raw: bytes) -> Any:
    if not raw:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        message = f"Content-Type header specified in HTTP request is not supported: {kind}"
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", message)
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Refusal(400, "JSON_PARSER_ERROR", f"Unexpected character: {error} at [line:1, column:1]") from error


def _path(request: Request) -> str:
    """The path with its percent signs: a slash inside an external id is none."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    return str(raw.partition(b"?")[0].decode("ascii", "replace"))


async def serve(request: Request) -> Response:
    """Every address below a version."""
    world: World = request.state.world
    raw = await request.body()
    try:
        reply = _serve(request, raw)
    except Refusal as refusal:
        reply = Reply(refusal.status, refusal.body())
    usage = f"api-usage={salesforce_of(world).calls}/{salesforce_settings(world).api_limit}"
    headers = {"Sforce-Limit-Info": usage, "Cache-Control": "no-cache,must-revalidate"} | reply.headers
    if reply.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Token"
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    return JSONResponse(reply.body, reply.status, headers)


def _serve(request: Request, raw: bytes) -> Reply:
    world: World = request.state.world
    session = _session(request)
    _count(world)
    version, _, below = _path(request).partition("/services/data/")[2].partition("/")
    match = _VERSION.fullmatch(version)
    if match is None or not OLDEST <= int(match.group(1)) <= NEWEST:
        raise not_found()
    headers = {name.lower(): value for name, value in request.headers.items()}
    data = f"/services/data/{version}"
    call = Call(world, session, data, {}, dict(request.query_params), _body(request, raw), headers)
    return dispatch(call, request.method, below)


routes: list[BaseRoute] = [
    Route("/services/data", versions),
    Route("/services/data/", versions),
    Route("/services/data/{rest:path}", serve, methods=METHODS),
]
