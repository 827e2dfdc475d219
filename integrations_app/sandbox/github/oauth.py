"""OAuth of the emulated GitHub: consent page, token endpoint, and the vendor's own token checks."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations_app.sandbox import consent
from integrations_app.sandbox.github.settings import github_settings
from integrations_app.sandbox.github.state import Token, github_of
from integrations_app.sandbox.github.views import account_view
from integrations_app.sandbox.oauth import MARK, App, basic_credentials, verifier_matches
from integrations_app.sandbox.world import World

Json = dict[str, Any]
SCOPES = {
    "repo": "Read and write all repositories, public and private",
    "public_repo": "Read and write public repositories",
    "repo:status": "Read and write commit statuses",
    "workflow": "Change workflow files",
    "admin:repo_hook": "Manage webhooks of repositories",
    "write:repo_hook": "Create webhooks of repositories",
    "read:repo_hook": "See webhooks of repositories",
    "admin:org": "Manage organisations",
    "admin:org_hook": "Manage webhooks of organisations",
    "read:org": "See organisations and teams",
    "user": "Read and write the profile",
    "read:user": "Read the profile",
    "user:email": "See email addresses",
    "notifications": "Read notifications",
    "gist": "Write gists",
    "delete_repo": "Delete repositories",
}
IMPLIED = {
    "repo": {"public_repo", "repo:status"},
    "admin:repo_hook": {"write:repo_hook", "read:repo_hook"},
    "write:repo_hook": {"read:repo_hook"},
    "user": {"read:user", "user:email"},
    "admin:org": {"read:org"},
}
TOKENS_PER_GRANT = 10
ERRORS = {
    "bad_verification_code": "The code passed is incorrect or expired.",
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
    "bad_refresh_token": "The refresh token passed is incorrect or expired.",
    "unsupported_grant_type": "The grant_type is not supported.",
}


class TokenRefused(Exception):
    """A token error, answered with HTTP 200."""


def split_scopes(text: str) -> list[str]:
    """Asked scopes without those that others imply and without unknown ones, as GitHub normalises them."""
    asked = [scope for scope in dict.fromkeys(text.replace(",", " ").split()) if scope in SCOPES]
    implied = {name for scope in asked for name in IMPLIED.get(scope, ())}
    return [scope for scope in asked if scope not in implied]


def _accounts(world: World) -> list[tuple[str, str]]:
    return [(account.login, account.login) for account in github_of(world).accounts.values() if account.type == "User"]


def _refuse(world: World, given: dict[str, str]) -> str | None:
    challenge = given.get("code_challenge", "")
    if challenge and given.get("code_challenge_method") != "S256":
        return "invalid_request"
    if github_settings(world).require_pkce and not challenge:
        return "invalid_request"
    return None


# GitHub redirects this very error to the registered callback (troubleshooting page).
SERVER = consent.Server(
    "github",
    "GitHub",
    "Account",
    _accounts,
    SCOPES,
    split_scopes,
    _refuse,
    tells_app="redirect_uri_mismatch",
)


async def authorize(request: Request) -> Response:
    """`GET|POST /github/login/oauth/authorize`."""
    return await consent.answer(request, SERVER)


def new_token(world: World, login: str, client_id: str, scopes: list[str], prefix: str = "gho_") -> Token:
    """A new token; of an app with expiring tokens it lives 8 hours and has a refresh token."""
    settings, now = github_settings(world), world.clock()
    if prefix != "ghp_":
        _make_room(world, login, client_id, scopes)
    expiring = settings.expiring_tokens and prefix != "ghp_"
    of_app = settings.github_app and prefix != "ghp_"
    value = f"{'ghu_' if expiring or of_app else prefix}{MARK}{world.new_token(36)}"
    token = Token(value, login, client_id, [] if of_app else scopes, now, of_app=of_app)
    if expiring:
        token.expires_at = now + settings.token_life
        token.refresh = f"ghr_{world.new_token(76)}"
        token.refresh_expires_at = now + settings.refresh_life
        github_of(world).refresh_tokens[token.refresh] = token
    github_of(world).tokens[token.value] = token
    return token


def _make_room(world: World, login: str, client_id: str, scopes: list[str]) -> None:
    """The eleventh token of the same person, app and scopes ends the oldest (authorizing-oauth-apps)."""
    wanted = (login, client_id, sorted(scopes))
    alike = [t for t in github_of(world).tokens.values() if (t.login, t.client_id, sorted(t.scopes)) == wanted]
    live = [token for token in alike if live_token(world, token.value)]
    revoke(world, live[: len(live) - TOKENS_PER_GRANT + 1] if len(live) >= TOKENS_PER_GRANT else [])


def revoke(world: World, tokens: list[Token]) -> int:
    """Revoke live tokens with their refresh tokens; returns how many."""
    live = [token for token in tokens if not token.revoked]
    for token in live:
        token.revoked = True
        github_of(world).refresh_tokens.pop(token.refresh, None)
    return len(live)


def live_token(world: World, value: str) -> Token | None:
    """The token when it is known, not revoked and not expired."""
    token = github_of(world).tokens.get(value)
    if token is None or token.revoked or (token.expires_at and token.expires_at <= world.clock()):
        return None
    return token


async def access_token(request: Request) -> Response:
    """`POST /github/login/oauth/access_token`: form-encoded unless JSON is asked for, errors in HTTP 200."""
    given = dict(request.query_params)
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            parsed = json.loads(body or b"{}")
        except ValueError:
            return JSONResponse({"message": "Problems parsing JSON"}, 400)
        given |= {name: str(value) for name, value in parsed.items()} if isinstance(parsed, dict) else {}
    else:
        given |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        answer = _exchange(request.state.world, given)
    except TokenRefused as error:
        code = str(error)
        uri = "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/"
        answer = {"error": code, "error_description": ERRORS[code], "error_uri": uri}
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})
    return Response(urlencode(answer), media_type="application/x-www-form-urlencoded")


def _exchange(world: World, given: dict[str, str]) -> Json:
    app = world.app("github", given.get("client_id", ""))
    if app is None or not app.secret_matches(given.get("client_secret", "")):
        raise TokenRefused("incorrect_client_credentials")
    grant = given.get("grant_type") or "authorization_code"
    if grant == "refresh_token":
        return _refresh(world, app, given.get("refresh_token", ""))
    if grant != "authorization_code":
        raise TokenRefused("unsupported_grant_type")
    code = world.codes.take(given.get("code", ""), app, world.clock())
    if code is None:
        raise TokenRefused("bad_verification_code")
    if given.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
        raise TokenRefused("redirect_uri_mismatch")
    if code.challenge and not verifier_matches(code.challenge, given.get("code_verifier", "")):
        raise TokenRefused("bad_verification_code")
    return _answer(world, new_token(world, code.account, app.client_id, code.scopes))


def _refresh(world: World, app: App, value: str) -> Json:
    old = github_of(world).refresh_tokens.get(value)
    if old is None or old.client_id != app.client_id or old.refresh_expires_at <= world.clock():
        raise TokenRefused("bad_refresh_token")
    revoke(world, [old])
    github_of(world).refresh_tokens.pop(value, None)
    return _answer(world, new_token(world, old.login, app.client_id, old.scopes, prefix="ghu_"))


def _answer(world: World, token: Token) -> Json:
    answer: Json = {"access_token": token.value, "scope": ",".join(token.scopes), "token_type": "bearer"}
    if token.expires_at:
        now = world.clock()
        answer |= {"expires_in": round(token.expires_at - now), "refresh_token": token.refresh}
        answer |= {"refresh_token_expires_in": round(token.refresh_expires_at - now)}
    return answer


async def applications(request: Request) -> Response:
    """`POST|DELETE /applications/{id}/token`, `DELETE …/grant`: Basic client credentials, JSON body."""
    world: World = request.state.world
    app = _basic_client(request)
    if app is None:
        return JSONResponse({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, 401)
    try:
        body = json.loads(await request.body())
        value = str(body["access_token"])
    except (ValueError, KeyError, TypeError):
        message = 'Invalid request.\n\n"access_token" wasn\'t supplied.'
        return JSONResponse({"message": message, "documentation_url": "https://docs.github.com/rest"}, 422)
    token = live_token(world, value)
    if token is None or token.client_id != app.client_id:
        return JSONResponse({"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, 404)
    if request.method == "POST":
        return JSONResponse(_authorization(request, app, token))
    doomed = [token]
    if request.path_params["what"] == "grant":
        everyone = github_of(world).tokens.values()
        doomed = [one for one in everyone if (one.login, one.client_id) == (token.login, token.client_id)]
    revoke(world, doomed)
    return Response(status_code=204)


def _basic_client(request: Request) -> App | None:
    world: World = request.state.world
    client_id, secret = basic_credentials(request.headers.get("authorization")) or ("", "")
    app = world.app("github", client_id)
    if app is None or client_id != request.path_params["client_id"] or not app.secret_matches(secret):
        return None
    return app


def _authorization(request: Request, app: App, token: Token) -> Json:
    account = github_of(request.state.world).accounts[token.login]
    return {
        "id": 1,
        "app": {"client_id": app.client_id, "name": app.name, "url": ""},
        "token": token.value,
        "token_last_eight": token.value[-8:],
        "scopes": token.scopes,
        "user": account_view(account, f"{request.state.base}/github"),
    }
