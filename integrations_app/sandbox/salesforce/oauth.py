"""OAuth of the emulated Salesforce: consent, token endpoint, revocation, introspection, identity."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from integrations_app.sandbox import consent
from integrations_app.sandbox.oauth import App, basic_credentials, verifier_matches
from integrations_app.sandbox.salesforce import tokens
from integrations_app.sandbox.salesforce.settings import salesforce_settings
from integrations_app.sandbox.salesforce.state import Row, Token, salesforce_of
from integrations_app.sandbox.salesforce.tokens import TokenRefused
from integrations_app.sandbox.world import World

Json = dict[str, Any]
PASSWORD = "sandbox-password"  # noqa: S105 - a documented constant of the emulation
SCOPES = {
    "api": "Read and change records with its programming interface",
    "refresh_token": "Act for you at any time, until you take it back",
    "offline_access": "Act for you at any time, until you take it back",
    "id": "See who you are",
    "openid": "See who you are",
    "profile": "See your profile",
    "email": "See your e-mail address",
    "full": "Everything you may do",
    "web": "Open pages in your name",
}
_NO_STORE = {"Cache-Control": "no-store"}


def _accounts(world: World) -> list[tuple[str, str]]:
    rows = [row.values for row in salesforce_of(world).all_rows("User") if row.values["IsActive"]]
    return [(values["Username"], f"{values['Name']} ({values['Username']})") for values in rows]


def _refuse(world: World, given: dict[str, str]) -> str | None:
    if given.get("response_type", "code") != "code":
        return "unsupported_response_type"
    if any(scope not in SCOPES for scope in given.get("scope", "").split()):
        return "invalid_scope"
    if salesforce_settings(world).require_pkce and not given.get("code_challenge"):
        return "invalid_request"
    # jsforce sends a challenge without its method: S256 is what is meant.
    return None if given.get("code_challenge_method", "S256") == "S256" else "invalid_request"


SERVER = consent.Server(
    "salesforce",
    "Salesforce",
    "Person",
    _accounts,
    SCOPES,
    str.split,
    _refuse,
    denied="end-user denied authorization",
    wrong_address="redirect_uri_mismatch",
)


async def authorize(request: Request) -> Response:
    """`GET|POST /services/oauth2/authorize`."""
    return await consent.answer(request, SERVER)


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(request.query_params) | dict(parse_qsl(body, keep_blank_values=True))


async def token(request: Request) -> Response:
    """`POST /services/oauth2/token`: every refusal is 400 with `error` and `error_description`."""
    world: World = request.state.world
    given = await _form(request)
    try:
        app = _client(world, request, given)
        granted, gives_refresh = _grant(world, app, given)
    except TokenRefused as refusal:
        error, description = refusal.args
        return JSONResponse({"error": error, "error_description": description}, 400, _NO_STORE)
    return JSONResponse(_answer(request, app, granted, gives_refresh), headers=_NO_STORE)


def _client(world: World, request: Request, given: dict[str, str]) -> App:
    client_id, secret = given.get("client_id", ""), given.get("client_secret", "")
    if basic := basic_credentials(request.headers.get("authorization")):
        client_id, secret = basic
    app = world.app("salesforce", client_id)
    if app is None:
        raise TokenRefused("invalid_client_id", "client identifier invalid")
    if not app.secret_matches(secret):
        raise TokenRefused("invalid_client", "invalid client credentials")
    return app


def _grant(world: World, app: App, given: dict[str, str]) -> tuple[Token, bool]:
    """A session, and whether a refresh token is told with it."""
    kind = given.get("grant_type", "")
    if kind == "authorization_code":
        return _by_code(world, app, given), True
    if kind == "refresh_token":
        if given.get("scope"):
            raise TokenRefused("invalid_request", "scope parameter not supported")
        return tokens.refresh(world, app.client_id, given.get("refresh_token", ""))
    if kind == "client_credentials":
        return _session_of(world, app, salesforce_of(world).all_rows("User")[0]), False
    if kind == "password":
        user = salesforce_of(world).user(given.get("username", ""))
        if user is None or given.get("password") != PASSWORD:
            raise TokenRefused("invalid_grant", "authentication failure")
        return _session_of(world, app, user), False
    raise TokenRefused("unsupported_grant_type", "grant type not supported")


def _session_of(world: World, app: App, user: Row) -> Token:
    return tokens.open_session(world, tokens.approve(world, user, app.client_id, ["api", "id"]))


def _by_code(world: World, app: App, given: dict[str, str]) -> Token:
    found = world.codes.find(given.get("code", ""))
    if found is not None and found.app is app and found.expires_at <= world.clock():
        raise TokenRefused("invalid_grant", "expired authorization code")
    code = world.codes.take(given.get("code", ""), app, world.clock())
    user = salesforce_of(world).user(code.account) if code else None
    if code is None or user is None:
        raise TokenRefused("invalid_grant", "invalid authorization code")
    if given.get("redirect_uri", "") != code.redirect_uri:
        raise TokenRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
    verifier = given.get("code_verifier", "")
    if (code.challenge or verifier) and not verifier_matches(code.challenge, verifier):
        raise TokenRefused("invalid_grant", "invalid code verifier")
    if not user.values["IsActive"]:
        raise TokenRefused("invalid_grant", "inactive user")
    return tokens.open_session(world, tokens.approve(world, user, app.client_id, code.scopes))


def place(request: Request) -> str:
    """The address of the emulated organisation, where its data and its identity addresses begin."""
    return f"{request.state.base}/salesforce"


def identity_url(request: Request, token: Token) -> str:
    """The `id` of a token answer."""
    return f"{place(request)}/id/{salesforce_of(request.state.world).org_id}/{token.user_id}"


def _answer(request: Request, app: App, token: Token, gives_refresh: bool) -> Json:
    """The success answer: no life is told, `issued_at` is milliseconds as text."""
    issued_at = str(int(token.created_at * 1000))
    identity = identity_url(request, token)
    signed = hmac.digest(app.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
    answer = {
        "access_token": token.value,
        "signature": base64.b64encode(signed).decode(),
        "scope": " ".join(token.scopes),
        "instance_url": place(request),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    return answer | ({"refresh_token": token.refresh} if gives_refresh and token.refresh else {})


async def revoke(request: Request) -> Response:
    """`GET|POST /services/oauth2/revoke`: a refresh token ends its sessions too; an unknown token is 400."""
    world: World = request.state.world
    value = (await _form(request)).get("token", "")
    if grant := tokens.find_grant(world, value):
        tokens.end(world, grant)
        return Response(status_code=200)
    if session := tokens.live(world, value):
        session.revoked = True
        return Response(status_code=200)
    return JSONResponse({"error": "invalid_token", "error_description": "the token is not valid"}, 400)


async def introspect(request: Request) -> Response:
    """`POST /services/oauth2/introspect`: RFC 7662, for the app's own tokens."""
    world: World = request.state.world
    given = await _form(request)
    try:
        app = _client(world, request, given)
    except TokenRefused as refusal:
        error, description = refusal.args
        return JSONResponse({"error": error, "error_description": description}, 401)
    found = tokens.live(world, given.get("token", ""))
    if found is None or found.client_id != app.client_id:
        return JSONResponse({"active": False})
    return JSONResponse(
        {
            "active": True,
            "scope": " ".join(found.scopes),
            "client_id": found.client_id,
            "username": found.username,
            "sub": identity_url(request, found),
            "token_type": "access_token",
            "exp": int(found.expires_at),
            "iat": int(found.created_at),
        }
    )


async def identity(request: Request) -> Response:
    """`/services/oauth2/userinfo` and `/id/{org}/{user}`: a bad token is 403 in plain text, not 401."""
    world: World = request.state.world
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if not value:
        return PlainTextResponse("Missing_OAuth_Token", 403)
    found = tokens.live(world, value.strip()) if kind.lower() in ("bearer", "oauth") else None
    asked = request.path_params.get("user", found.user_id if found else "")
    user = salesforce_of(world).row("User", asked)
    if found is None or user is None or user.id != found.user_id:
        return PlainTextResponse("Bad_OAuth_Token", 403)
    if not set(found.scopes) & {"id", "openid", "full", "api"}:
        return PlainTextResponse("Bad_OAuth_Token", 403)
    return JSONResponse(_person(request, found, user))


def _person(request: Request, token: Token, user: Row) -> Json:
    values = user.values
    data = f"{place(request)}/services/data/v{{version}}/"
    return {
        "id": identity_url(request, token),
        "sub": identity_url(request, token),
        "asserted_user": True,
        "user_id": user.id,
        "organization_id": salesforce_of(request.state.world).org_id,
        "username": values["Username"],
        "preferred_username": values["Username"],
        "nick_name": values["FirstName"],
        "display_name": values["Name"],
        "name": values["Name"],
        "email": values["Email"],
        "active": values["IsActive"],
        "user_type": "STANDARD",
        "urls": {
            "rest": data,
            "sobjects": f"{data}sobjects/",
            "query": f"{data}query/",
            "search": f"{data}search/",
            "custom_domain": place(request),
        },
    }
