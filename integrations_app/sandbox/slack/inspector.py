"""Pages where a person looks into the emulated Slack, writes as somebody, and manages tokens."""

from collections.abc import Awaitable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.pages import render, see_other
from integrations_app.sandbox.slack import acting, tokens
from integrations_app.sandbox.slack.acting import WrongMessage, buttons_of
from integrations_app.sandbox.slack.conversations import post_due
from integrations_app.sandbox.slack.oauth import SCOPES
from integrations_app.sandbox.slack.people import EMOJI
from integrations_app.sandbox.slack.seed import SIGNING_SECRET
from integrations_app.sandbox.slack.state import Channel, Team, Token, slack_of
from integrations_app.sandbox.slack.views import replies_of
from integrations_app.sandbox.world import World

PERSONAL_CLIENT = "sandbox-slack-personal"


def personal_token(world: World, team: Team, scopes: list[str] | None = None) -> Token:
    """A bot token to paste: of an app made inside the workspace, installed with all scopes by default."""
    app = world.apps.setdefault(
        ("slack", PERSONAL_CLIENT),
        App("slack", PERSONAL_CLIENT, world.new_token(24), "Pasted token", ["urn:none"], "A0PASTED1", SIGNING_SECRET),
    )
    installation = tokens.install(world, app, team, team.owner, scopes or list(SCOPES))
    return tokens.issue_bot_token(world, installation)


def _team(request: Request) -> Team:
    world: World = request.state.world
    team = slack_of(world).teams.get(request.path_params["team"])
    if team is None:
        raise HTTPException(404)
    return team


def _channel(request: Request, team: Team) -> Channel:
    channel = team.channels.get(request.path_params["channel"])
    if channel is None:
        raise HTTPException(404)
    return channel


def _place(request: Request, team: Team, rest: str = "") -> str:
    return f"{request.state.base}/slack/workspaces/{team.id}{rest}"


async def workspaces(request: Request) -> Response:
    """Every workspace."""
    return render(request, "slack_workspaces.html", teams=list(slack_of(request.state.world).teams.values()))


async def workspace(request: Request) -> Response:
    """One workspace: channels, tokens, event deliveries."""
    return _workspace_page(request, _team(request), "")


def _workspace_page(request: Request, team: Team, handed_out: str) -> Response:
    world: World = request.state.world
    post_due(world)
    granted = [token for token in slack_of(world).tokens.values() if token.team_id == team.id]
    names = {client_id: app.name for (vendor, client_id), app in world.apps.items() if vendor == "slack"}
    return render(
        request,
        "slack_workspace.html",
        team=team,
        channels=sorted(team.channels.values(), key=lambda c: (c.is_im, c.name)),
        tokens=list(enumerate(granted)),
        names=names,
        now=world.clock(),
        handed_out=handed_out,
        deliveries=list(reversed(slack_of(world).deliveries))[:50],
    )


async def channel(request: Request) -> Response:
    """One conversation with its messages."""
    world: World = request.state.world
    post_due(world)
    team = _team(request)
    found = _channel(request, team)
    tops = [m for m in found.messages if m.thread_ts in ("", m.ts)]
    threads = [(message, replies_of(found, message)) for message in tops]
    people = [user for user in team.users.values() if not user.is_bot and not user.deleted]
    buttons = {message.ts: buttons_of(message) for message in found.messages}
    return render(
        request,
        "slack_channel.html",
        team=team,
        channel=found,
        threads=threads,
        people=people,
        emoji=sorted(EMOJI),
        buttons=buttons,
    )


async def write(request: Request) -> Response:
    """A person writes into a conversation; a text that begins with a slash is a command."""
    world: World = request.state.world
    team = _team(request)
    found = _channel(request, team)
    user, text, thread_ts = await _given(request, "user", "text", "thread_ts")
    if text.startswith("/"):
        return await _acted(request, team, found, acting.command(world, team, found, user, text))
    try:
        acting.write_as(world, team, found.id, user, text, thread_ts)
    except WrongMessage as error:
        raise HTTPException(400, str(error)) from error
    return _back(request, team, found)


async def react(request: Request) -> Response:
    """A person adds a reaction to a message, or takes it back."""
    team = _team(request)
    found = _channel(request, team)
    user, ts, name, change = await _given(request, "user", "ts", "name", "change")
    try:
        acting.react(request.state.world, team, found, user, ts, name, added=change != "remove")
    except WrongMessage as error:
        raise HTTPException(400, str(error)) from error
    return _back(request, team, found)


async def press(request: Request) -> Response:
    """A person presses a button of a message."""
    world: World = request.state.world
    team = _team(request)
    found = _channel(request, team)
    user, ts, block_id, action_id = await _given(request, "user", "ts", "block_id", "action_id")
    pressed = acting.Pressed(ts, block_id, action_id)
    return await _acted(request, team, found, acting.press(world, team, found, user, pressed))


async def _given(request: Request, *names: str) -> list[str]:
    form = await request.form()
    return [str(form.get(name, "")) for name in names]


async def _acted(request: Request, team: Team, channel: Channel, act: Awaitable[None]) -> Response:
    try:
        await act
    except WrongMessage as error:
        raise HTTPException(400, str(error)) from error
    return _back(request, team, channel)


def _back(request: Request, team: Team, channel: Channel) -> Response:
    return see_other(_place(request, team, f"/channels/{channel.id}"))


async def hand_out(request: Request) -> Response:
    """Show a personal token once."""
    team = _team(request)
    return _workspace_page(request, team, personal_token(request.state.world, team).value)


async def revoke(request: Request) -> Response:
    """Revoke one token, chosen by its place in the list of the workspace."""
    world: World = request.state.world
    team = _team(request)
    granted = [token for token in slack_of(world).tokens.values() if token.team_id == team.id]
    number = request.path_params["number"]
    if number >= len(granted):
        raise HTTPException(404)
    tokens.revoke(world, [granted[number]])
    return see_other(_place(request, team))


routes = [
    Route("/", workspaces),
    Route("/workspaces/{team}/", workspace),
    Route("/workspaces/{team}/tokens", hand_out, methods=["POST"]),
    Route("/workspaces/{team}/tokens/{number:int}/revoke", revoke, methods=["POST"]),
    Route("/workspaces/{team}/channels/{channel}", channel, methods=["GET"]),
    Route("/workspaces/{team}/channels/{channel}", write, methods=["POST"]),
    Route("/workspaces/{team}/channels/{channel}/reactions", react, methods=["POST"]),
    Route("/workspaces/{team}/channels/{channel}/buttons", press, methods=["POST"]),
]
