"""The emulated Slack, as the sandbox is told of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from integrations_app.sandbox.control_calls import WrongCall, body_of, checked
from integrations_app.sandbox.emulation import Emulation
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.slack import acting, api, inspector, oauth, tokens
from integrations_app.sandbox.slack.conversations import post_due
from integrations_app.sandbox.slack.events import verify_request_url
from integrations_app.sandbox.slack.seed import ACME, APP_ID, CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET, seed_slack
from integrations_app.sandbox.slack.settings import SlackSettings, slack_settings
from integrations_app.sandbox.slack.state import Team, Token, slack_of
from integrations_app.sandbox.slack.views import message_view
from integrations_app.sandbox.world import World

KEY = "slack"


def _apps(events_url: str) -> Sequence[App]:
    app = App(KEY, CLIENT_ID, CLIENT_SECRET, "Integrations", app_id=APP_ID, signing_secret=SIGNING_SECRET)
    app.request_url = events_url
    return (app,)


def _settings(_: str) -> VendorSettings:
    return SlackSettings()


def _registered(world: World, app: App) -> None:
    app.app_id = app.app_id or slack_of(world).next_id("A")
    app.signing_secret = app.signing_secret or SIGNING_SECRET
    verify_request_url(world, app)


def _changed(world: World, before: Any) -> None:
    """A new request URL is verified in the background."""
    if slack_settings(world).request_url != before.request_url:
        for app in [app for app in world.apps.values() if app.vendor == KEY][:1]:
            verify_request_url(world, app)


def _hand_out(world: World, account: str, scopes: list[str] | None) -> dict[str, str]:
    team = slack_of(world).teams.get(account or ACME)
    if team is None:
        raise WrongCall("no such workspace")
    return {"access_token": inspector.personal_token(world, team, scopes).value}


def _tokens(world: World) -> Iterable[Token]:
    return slack_of(world).tokens.values()


def _end_refresh(world: World, token: Token) -> None:
    slack_of(world).refresh_tokens.pop(token.refresh, None)


def _revoke(world: World, _: str, chosen: Sequence[Token], uninstall: bool) -> int:
    count = tokens.revoke(world, list(chosen))
    if uninstall:
        for key in {(token.client_id, token.team_id) for token in chosen}:
            tokens.uninstall(world, slack_of(world).installations[key])
    return count


def _team(world: World, name: str) -> Team:
    for team in slack_of(world).teams.values():
        if name in (team.id, team.name):
            return team
    raise WrongCall("no such workspace")


async def _messages(request: Request) -> Response:
    """Read a channel, or write into it as a person."""
    world: World = request.state.world
    post_due(world)
    if request.method == "POST":
        body = await body_of(request)
        team = _team(world, str(body.get("team", ACME)))
        values = [str(body.get(name, "")) for name in ("channel", "text", "thread_ts")]
        user = str(body.get("user", team.owner))
        message = acting.write_as(world, team, values[0], user, values[1], values[2])
        return JSONResponse({"ts": message.ts}, 201)
    query = request.query_params
    team = _team(world, query.get("team", ACME))
    name = query.get("channel", "").removeprefix("#")
    channels = [c for c in team.channels.values() if not name or name in (c.id, c.name)]
    views = [message_view(m, c, metadata=True) | {"channel": c.id} for c in channels for m in c.messages]
    return JSONResponse({"messages": views})


emulation = Emulation[Token](
    key=KEY,
    name="Slack",
    summary="Workspaces, channels, messages, tokens.",
    open_paths=("/oauth/", "/api/"),
    routes=(
        Route("/oauth/v2/authorize", oauth.authorize, methods=["GET", "POST"]),
        Mount("/api", routes=api.routes),
        *inspector.routes,
    ),
    seed=seed_slack,
    settings=_settings,
    apps=_apps,
    hand_out=_hand_out,
    tokens=_tokens,
    account_of=lambda token: token.team_id,
    end_refresh=_end_refresh,
    revoke=_revoke,
    bookkeeping=frozenset({"installations", "tokens", "refresh_tokens", "uploads", "deliveries", "calls"}),
    control=(Route("/messages", checked(_messages), methods=["GET", "POST"]),),
    app_registered=_registered,
    settings_changed=_changed,
)
