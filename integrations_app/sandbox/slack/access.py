"""The token endpoint of the emulated Slack and the methods that end a grant."""

from typing import Any

from integrations_app.sandbox.oauth import App, Code, basic_credentials, verifier_matches
from integrations_app.sandbox.slack import tokens
from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method
from integrations_app.sandbox.slack.settings import slack_settings
from integrations_app.sandbox.slack.state import Token, slack_of
from integrations_app.sandbox.world import World


def oauth_v2_access(world: World, authorization: str | None, args: Json) -> Json:
    """`oauth.v2.access`: a code or a refresh token for tokens; raises SlackError with the vendor's codes."""
    app = _client(world, authorization, args)
    grant = str(args.get("grant_type") or "authorization_code")
    if grant == "refresh_token":
        return _refreshed(world, app, str(args.get("refresh_token", "")))
    if grant != "authorization_code":
        raise SlackError("invalid_grant_type")
    code = world.codes.take(str(args.get("code", "")), app, world.clock())
    if code is None:
        raise SlackError("invalid_code")
    if str(args.get("redirect_uri", "")) != code.redirect_uri:
        raise SlackError("bad_redirect_uri")
    _check_verifier(world, code, str(args.get("code_verifier", "")))
    return _granted(world, code)


def _client(world: World, authorization: str | None, args: Json) -> App:
    client_id, secret = (str(args.get("client_id", "")), str(args.get("client_secret", "")))
    if basic := basic_credentials(authorization):
        client_id, secret = basic
    app = world.app("slack", client_id)
    if app is None:
        raise SlackError("invalid_client_id")
    if not app.secret_matches(secret):
        raise SlackError("bad_client_secret")
    return app


def _check_verifier(world: World, code: Code, verifier: str) -> None:
    if (verifier or code.challenge) and slack_settings(world).pkce == "refused":
        raise SlackError("pkce_not_allowed")
    if code.challenge and not verifier_matches(code.challenge, verifier):
        raise SlackError("invalid_code_verifier")
    if verifier and not code.challenge:
        raise SlackError("invalid_code_verifier")


def _granted(world: World, code: Code) -> Json:
    team = slack_of(world).teams[code.account]
    installation = tokens.install(world, code.app, team, team.owner, code.scopes)
    authed: Json = {"id": team.owner}
    if code.user_scopes:
        user = tokens.new_token(world, "user", installation, team.owner, code.user_scopes)
        authed |= {"scope": ",".join(user.scopes), "access_token": user.value, "token_type": "user"}
        authed |= _life(world, user)
    answer: Json = {"ok": True, "app_id": installation.app_id, "authed_user": authed, "enterprise": None}
    answer |= {"team": {"id": team.id, "name": team.name}, "is_enterprise_install": False}
    if code.scopes:
        bot = tokens.issue_bot_token(world, installation)
        answer |= {"scope": ",".join(bot.scopes), "token_type": "bot", "access_token": bot.value}
        answer |= {"bot_user_id": installation.bot_user_id} | _life(world, bot)
    return answer


def _life(world: World, token: Token) -> dict[str, Any]:
    if not token.expires_at:
        return {}
    return {"expires_in": round(token.expires_at - world.clock()), "refresh_token": token.refresh}


def _refreshed(world: World, app: App, refresh: str) -> Json:
    old = slack_of(world).refresh_tokens.pop(refresh, None)
    if old is None or old.client_id != app.client_id or old.revoked:
        raise SlackError("invalid_refresh_token")
    installation = slack_of(world).installations[(old.client_id, old.team_id)]
    token = tokens.new_token(world, old.kind, installation, old.user_id, old.scopes)
    team = slack_of(world).teams[old.team_id]
    answer: Json = {"ok": True, "app_id": app.app_id, "enterprise": None, "is_enterprise_install": False}
    answer |= {"access_token": token.value, "token_type": token.kind, "scope": ",".join(token.scopes)}
    answer |= {"team": {"id": team.id, "name": team.name}} | _life(world, token)
    if token.kind == "bot":
        answer |= {"bot_user_id": installation.bot_user_id, "authed_user": {"id": installation.installer}}
    return answer


@method("auth.test")
def auth_test(call: Call) -> Json:
    """Who the token belongs to."""
    user = call.team.users[call.token.user_id]
    answer: Json = {"url": f"{call.base}/slack/workspaces/{call.team.id}/", "team": call.team.name}
    answer |= {"team_id": call.team.id, "user": user.name, "user_id": user.id, "is_enterprise_install": False}
    if call.token.kind == "bot":
        answer["bot_id"] = call.installation.bot_id
    if call.token.expires_at:
        answer["expires_in"] = round(call.token.expires_at - call.now)
    return answer


@method("auth.revoke")
def auth_revoke(call: Call) -> Json:
    """Revoke the token of this very call."""
    if call.flag("test"):
        return {"revoked": False}
    tokens.revoke(call.world, [call.token])
    return {"revoked": True}


@method("apps.uninstall")
def apps_uninstall(call: Call) -> Json:
    """Remove the app from the workspace; the client must prove itself too."""
    app = call.world.app("slack", call.required("client_id", "invalid_client_id"))
    if app is None:
        raise SlackError("invalid_client_id")
    if app.client_id != call.token.client_id:
        raise SlackError("client_id_token_mismatch")
    if not app.secret_matches(call.text("client_secret")):
        raise SlackError("bad_client_secret")
    tokens.uninstall(call.world, call.installation)
    return {}
