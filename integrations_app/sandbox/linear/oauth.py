"""OAuth of the emulated Linear: consent page, token endpoint, revocation."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations_app.sandbox import consent
from integrations_app.sandbox.linear import tokens
from integrations_app.sandbox.linear.settings import linear_settings
from integrations_app.sandbox.linear.state import Token, linear_of
from integrations_app.sandbox.oauth import App, basic_credentials, verifier_matches
from integrations_app.sandbox.world import World

SCOPES = {
    "read": "Read what you can read",
    "write": "Change what you can change",
    "issues:create": "Create issues",
    "comments:create": "Comment on issues",
    "timeSchedule:write": "Change schedules",
    "admin": "Do what an admin can do",
}
_NO_STORE = {"Cache-Control": "no-store"}


class TokenRefused(Exception):
    """A refusal of the token endpoint: `(error, error_description)`."""


def split_scopes(text: str) -> list[str]:
    """Linear separates scopes with commas."""
    return [scope for scope in dict.fromkeys(text.split(",")) if scope]


def _accounts(world: World) -> list[tuple[str, str]]:
    return [(one.email, f"{one.name} ({one.email})") for one in linear_of(world).people if one.active]


def _refuse(world: World, given: dict[str, str]) -> str | None:
    if given.get("response_type", "code") != "code":
        return "unsupported_response_type"
    if set(split_scopes(given.get("scope", ""))) - set(SCOPES):
        return "invalid_scope"
    challenge = given.get("code_challenge", "")
    if challenge and given.get("code_challenge_method") not in ("S256", "plain"):
        return "invalid_request"
    return "invalid_request" if linear_settings(world).require_pkce and not challenge else None


SERVER = consent.Server("linear", "Linear", "Person", _accounts, SCOPES, split_scopes, _refuse)


async def authorize(request: Request) -> Response:
    """`GET|POST /oauth/authorize`."""
    return await consent.answer(request, SERVER)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


async def token(request: Request) -> Response:
    """`POST /api/oauth/token`: a form; every refusal is 400 with `error` and `error_description`."""
    world: World = request.state.world
    given = await _form(request)
    try:
        granted = _grant(world, _client(world, request, given), given)
    except TokenRefused as refusal:
        error, description = refusal.args
        return JSONResponse({"error": error, "error_description": description}, 400, _NO_STORE)
    answer = {
        "access_token": granted.value,
        "token_type": "Bearer",
        "expires_in": round(granted.expires_at - world.clock()),
        "scope": " ".join(granted.scopes),
        "refresh_token": granted.refresh,
    }
    return JSONResponse(answer, headers=_NO_STORE)


def _client(world: World, request: Request, given: dict[str, str]) -> App:
    pair = basic_credentials(request.headers.get("authorization"))
    client_id, secret = pair or (given.get("client_id", ""), given.get("client_secret", ""))
    app = world.app("linear", client_id)
    if app is None or not app.secret_matches(secret):
        raise TokenRefused("invalid_client", "Client credentials are invalid")
    return app


def _grant(world: World, app: App, given: dict[str, str]) -> Token:
    kind = given.get("grant_type", "")
    if kind == "refresh_token":
        renewed = tokens.renew(world, app.client_id, given.get("refresh_token", ""))
        if renewed is None:
            raise TokenRefused("invalid_grant", "Token has been expired or revoked.")
        return renewed
    if kind != "authorization_code":
        raise TokenRefused("unsupported_grant_type", "Grant type is not supported")
    code = world.codes.take(given.get("code", ""), app, world.clock())
    if code is None or given.get("redirect_uri", "") != code.redirect_uri:
        raise TokenRefused("invalid_grant", "Authorization code is invalid")
    verifier = given.get("code_verifier", "")
    if (code.challenge or verifier) and not verifier_matches(code.challenge, verifier):
        raise TokenRefused("invalid_grant", "Code verifier is invalid")
    return tokens.give(world, code.account, app.client_id, code.scopes)


async def revoke(request: Request) -> Response:
    """`POST /api/oauth/revoke`: a token of either kind; 400 when it is dead already."""
    world: World = request.state.world
    value = (await _form(request)).get("token", "")
    held = linear_of(world).refresh_tokens.get(value) or tokens.live(world, value)
    if held is None:
        return JSONResponse({"error": "invalid_token", "error_description": "Token is not valid"}, 400)
    tokens.end(world, [held])
    return JSONResponse({"success": True})
