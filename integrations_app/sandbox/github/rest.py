"""The HTTP side of the emulated REST API: who asks, limits, ETags, refusals."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations_app.sandbox.github import (
    actions,
    archives,
    assets,
    contents,
    graphql,
    happenings,
    history,
    hooks,
    installations,
    issue_marks,
    issues,
    oauth,
    objects,
    pulls,
    refs,
    releases,
    repositories,
    reviews,
    runs,
    search,
)
from integrations_app.sandbox.github.calls import DOCS, ENDPOINTS, Call, Endpoint, Json, Refusal, Reply
from integrations_app.sandbox.github.settings import github_settings
from integrations_app.sandbox.github.state import Token, github_of
from integrations_app.sandbox.world import World

MODULES = (
    *(actions, archives, assets, contents, graphql, happenings, history, hooks, installations, issue_marks, issues),
    *(objects, pulls, refs, releases, repositories, reviews, runs, search),
)
HOUR = 3600
GRAPHQL = "/graphql"


def _error(status: int, message: str, headers: dict[str, str], errors: list[Any] | None = None) -> Response:
    body: Json = {"message": message}
    if errors is not None:
        body["errors"] = errors
    return JSONResponse(body | {"documentation_url": DOCS, "status": str(status)}, status, headers)


def _token(request: Request) -> Token | None:
    """The token of a call, None without one; raises 401 for a bad one."""
    world: World = request.state.world
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if not kind:
        return None
    token = oauth.live_token(world, value.strip()) if kind.lower() in ("token", "bearer") else None
    if token is None:
        raise Refusal(401, "Bad credentials")
    return token


def _rate_headers(world: World, token: Token | None, cost: int) -> dict[str, str]:
    """Count a call against the hour and write the rate headers; raises the primary limit."""
    now = world.clock()
    window = int(now // HOUR)
    key = ("core", token.login if token else "", window)
    used = github_of(world).calls.get(key, 0)
    limit = github_settings(world).primary_limit if token else 60
    over = cost > 0 and used >= limit
    used = min(used + cost, limit)
    github_of(world).calls[key] = used
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(limit - used),
        "X-RateLimit-Used": str(used),
        "X-RateLimit-Reset": str((window + 1) * HOUR),
        "X-RateLimit-Resource": "core",
    }
    if over:
        who = f"user ID {github_of(world).accounts[token.login].id}" if token else "127.0.0.1"
        message = f"API rate limit exceeded for {who}."
        raise Refusal(github_settings(world).limit_status, message, headers=headers)
    return headers


def _check_secondary(world: World, token: Token | None, method: str) -> None:
    limit = github_settings(world).secondary_limit_per_minute
    if not limit or method not in ("POST", "PUT", "PATCH", "DELETE"):
        return
    key = ("writes", token.login if token else "", int(world.clock() // 60))
    github_of(world).calls[key] = github_of(world).calls.get(key, 0) + 1
    if github_of(world).calls[key] > limit:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        settings = github_settings(world)
        raise Refusal(settings.limit_status, message, headers={"Retry-After": str(settings.retry_after)})


def _body(request: Request, raw: bytes) -> Json:
    if not raw:
        return {}
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-www-form-urlencoded") and not kind.endswith("+json"):
        raise Refusal(415, f"Media type {kind} is not supported")
    try:
        parsed = json.loads(raw)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if isinstance(parsed, list):
        return {"": parsed}
    if not isinstance(parsed, dict):
        raise Refusal(400, "Body should be a JSON object")
    return parsed


def _call(request: Request, token: Token | None, raw: bytes) -> Call:
    world: World = request.state.world
    web = f"{request.state.base}/github"
    viewer = github_of(world).accounts[token.login] if token else None
    version = request.headers.get("x-github-api-version", "2022-11-28")
    url = f"{request.state.base}{request.state.path}"
    query = dict(request.query_params)
    given = dict(request.path_params)
    if "/api/uploads/" in url:
        kind = request.headers.get("content-type", "")
        return Call(world, web, token, viewer, given, query, {}, version, url, raw, kind)
    return Call(world, web, token, viewer, given, query, _body(request, raw), version, url)


def _handler(choices: dict[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        world: World = request.state.world
        headers = {"X-GitHub-Media-Type": "github.v3; format=json", "X-GitHub-Request-Id": world.new_token(9)}
        if not request.headers.get("user-agent"):
            return Response("Request forbidden by administrative rules. Please send a User-Agent header.", 403)
        try:
            endpoint = choices.get("GET" if request.method == "HEAD" else request.method)
            if endpoint is None:
                raise Refusal(404, "Not Found")
            return _serve(request, endpoint, await request.body(), headers)
        except Refusal as error:
            return _error(error.status, error.message, headers | error.headers, error.errors)

    return handle


def _serve(request: Request, endpoint: Endpoint, raw: bytes, headers: dict[str, str]) -> Response:
    world: World = request.state.world
    token = _token(request)
    if token is not None:
        headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
        headers["X-Accepted-OAuth-Scopes"] = ", ".join(endpoint.scopes)
        if world.app("github", token.client_id):
            headers["X-OAuth-Client-Id"] = token.client_id
    free = endpoint.path == "/rate_limit"
    headers |= _rate_headers(world, token, 0 if free else 1)
    _check_secondary(world, token, request.method)
    reply = endpoint.act(_call(request, token, raw))
    return _respond(request, reply, headers, world, token)


def _respond(request: Request, reply: Reply, headers: dict[str, str], world: World, token: Token | None) -> Response:
    headers |= reply.headers
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    answer = JSONResponse(reply.body, reply.status, headers)
    if request.method == "GET" and reply.status == HTTPStatus.OK:
        etag = f'W/"{hashlib.sha256(bytes(answer.body)).hexdigest()}"'
        given = request.headers.get("if-none-match", "")
        if etag in [one.strip() for one in given.split(",")]:
            # A 304 is free: give back what was counted.
            key = ("core", token.login if token else "", int(world.clock() // HOUR))
            github_of(world).calls[key] -= 1
            return Response(status_code=304, headers=headers | _rate_headers(world, token, 0) | {"ETag": etag})
        answer.headers["ETag"] = etag
    return answer


def _routes() -> list[BaseRoute]:
    grouped: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        grouped.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    # Longer literal paths first, so that {path:path} does not swallow them.
    ordered = sorted(grouped, key=lambda path: (":path}" in path, path.count("{")))
    apart = (GRAPHQL, assets.UPLOADS)
    return [Route(path, _handler(grouped[path]), methods=methods) for path in ordered if path not in apart]


async def unknown(_request: Request) -> Response:
    """Every address that is no endpoint."""
    return _error(404, "Not Found", {})


graphql_route = Route(
    f"/api{GRAPHQL}", _handler({one.method: one for one in ENDPOINTS if one.path == GRAPHQL}), methods=["POST"]
)
uploads_route = Route(
    f"/api{assets.UPLOADS}",
    _handler({one.method: one for one in ENDPOINTS if one.path == assets.UPLOADS}),
    methods=["POST"],
)
routes: list[BaseRoute] = [
    Route("/applications/{client_id}/{what}", oauth.applications, methods=["POST", "DELETE"]),
    *_routes(),
    Route("/{rest:path}", unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
