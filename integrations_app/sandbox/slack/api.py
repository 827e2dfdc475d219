"""The HTTP side of the emulated Web API: arguments in, `ok` out."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from integrations_app.sandbox.slack import access, channels, chat, conversations, files, people, scheduled
from integrations_app.sandbox.slack.calls import METHODS, Call, Json, SlackError, find_token, read_arguments
from integrations_app.sandbox.slack.settings import slack_settings
from integrations_app.sandbox.slack.state import Token, slack_of
from integrations_app.sandbox.world import World

MODULES = (access, channels, chat, conversations, files, people, scheduled)


class _RateLimited(Exception):
    """The method was called too often in this minute."""


async def api_call(request: Request) -> Response:
    """Any `GET|POST /slack/api/<method>`."""
    world: World = request.state.world
    name: str = request.path_params["method"]
    headers: dict[str, str] = {}
    try:
        answer = _act(world, request, name, await request.body(), headers)
    except SlackError as error:
        answer = {"ok": False, "error": error.code} | error.more
    except _RateLimited:
        headers["Retry-After"] = str(slack_settings(world).retry_after)
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
    return JSONResponse(answer, headers=headers)


def _act(world: World, request: Request, name: str, body: bytes, headers: dict[str, str]) -> Json:
    conversations.post_due(world)
    args = read_arguments(request.url.query, request.headers.get("content-type", ""), body)
    authorization = request.headers.get("authorization")
    if name == "oauth.v2.access":
        return access.oauth_v2_access(world, authorization, args)
    method = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    token = find_token(world, authorization, args)
    headers["X-OAuth-Scopes"] = ",".join(token.scopes)
    if method.scopes:
        headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
    _count(world, token, name)
    call = Call(world, request.state.base, args, token, slack_of(world).teams[token.team_id])
    if method.scopes:
        call.needs(*method.scopes)
    return {"ok": True} | method.act(call)


def _count(world: World, token: Token, name: str) -> None:
    limit = slack_settings(world).rate_limit_per_minute
    if not limit:
        return
    key = (token.team_id, name, int(world.clock() // 60))
    slack_of(world).calls[key] = slack_of(world).calls.get(key, 0) + 1
    if slack_of(world).calls[key] > limit:
        raise _RateLimited


async def upload(request: Request) -> Response:
    """`POST` the bytes of a file to the address `files.getUploadURLExternal` gave."""
    world: World = request.state.world
    waiting = slack_of(world).uploads.get(request.path_params["secret"])
    if waiting is None or waiting.completed:
        return PlainTextResponse("not found", 404)
    content = await request.body()
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form() as form:
            parts = [part for part in form.values() if not isinstance(part, str)]
            content = await parts[0].read() if parts else b""
    if len(content) != waiting.length:
        return PlainTextResponse("length mismatch", 400)
    waiting.content = content
    return PlainTextResponse(f"OK - {len(content)}")


routes = [Route("/upload/{secret}", upload, methods=["POST"]), Route("/{method}", api_call, methods=["GET", "POST"])]
