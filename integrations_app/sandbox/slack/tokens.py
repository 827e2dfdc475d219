"""Installing apps in the emulated Slack and the life of their tokens."""

from integrations_app.sandbox.oauth import MARK, App
from integrations_app.sandbox.slack import events
from integrations_app.sandbox.slack.settings import slack_settings
from integrations_app.sandbox.slack.state import Installation, Team, Token, User, slack_of
from integrations_app.sandbox.world import World

CLOSED_TO_BOTS = ("C0OPS0001",)


def install(world: World, app: App, team: Team, installer: str, scopes: list[str]) -> Installation:
    """Install or re-install an app; scopes are added to those it had while it stayed installed.

    A new bot joins the public channels except #ops.
    """
    key = (app.client_id, team.id)
    found = slack_of(world).installations.get(key)
    if found is None:
        bot = User(slack_of(world).next_id("U"), team.id, "integrations", app.name, "", is_bot=True)
        team.users[bot.id] = bot
        found = Installation(app.client_id, app.app_id, team.id, bot.id, slack_of(world).next_id("B"), installer)
        slack_of(world).installations[key] = found
    if not found.active:
        found.scopes, found.active = [], True
    found.scopes = list(dict.fromkeys([*found.scopes, *scopes]))
    for channel in team.channels.values():
        is_open = channel.kind == "public_channel" and not channel.is_archived and channel.id not in CLOSED_TO_BOTS
        if is_open and found.bot_user_id not in channel.members:
            channel.members.append(found.bot_user_id)
    return found


def issue_bot_token(world: World, installation: Installation) -> Token:
    """The bot token of an installation: the same one again unless tokens rotate or it was revoked."""
    rotates = slack_settings(world).rotation
    for token in slack_of(world).tokens.values():
        same = (token.client_id, token.team_id, token.kind) == (installation.client_id, installation.team_id, "bot")
        if same and not token.revoked and not token.expires_at and not rotates:
            token.scopes = list(installation.scopes)
            return token
    return new_token(world, "bot", installation, installation.bot_user_id, list(installation.scopes))


def new_token(world: World, kind: str, installation: Installation, user_id: str, scopes: list[str]) -> Token:
    """A new token; with rotation on it expires and has a single-use refresh token."""
    short = "xoxb" if kind == "bot" else "xoxp"
    now = world.clock()
    token = Token(
        f"{short}-{slack_of(world).next_id('1')[4:]}000001-{MARK}{world.new_token(24)}",
        kind,
        installation.client_id,
        installation.team_id,
        user_id,
        scopes,
        now,
    )
    if slack_settings(world).rotation:
        token.value = f"xoxe.{token.value}"
        token.expires_at = now + slack_settings(world).token_life
        token.refresh = f"xoxe-1-{world.new_token(48)}"
        slack_of(world).refresh_tokens[token.refresh] = token
    slack_of(world).tokens[token.value] = token
    return token


def revoke(world: World, tokens: list[Token]) -> int:
    """Revoke live tokens and push `tokens_revoked`, one event per app and workspace; returns how many."""
    live = [token for token in tokens if not token.revoked]
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    for token in live:
        token.revoked = True
        slack_of(world).refresh_tokens.pop(token.refresh, None)
        group = groups.setdefault((token.client_id, token.team_id), {"oauth": [], "bot": []})
        group["bot" if token.kind == "bot" else "oauth"].append(token.user_id)
    for (client_id, team_id), users in groups.items():
        event = {"type": "tokens_revoked", "tokens": {kind: sorted(set(ids)) for kind, ids in users.items()}}
        events.push(world, team_id, event, only=client_id)
    return len(live)


def uninstall(world: World, installation: Installation) -> None:
    """Remove an app from a workspace: its tokens die and `app_uninstalled` is pushed."""
    mine = (installation.client_id, installation.team_id)
    revoke(world, [token for token in slack_of(world).tokens.values() if (token.client_id, token.team_id) == mine])
    installation.active = False
    for channel in slack_of(world).teams[installation.team_id].channels.values():
        if installation.bot_user_id in channel.members and not channel.is_im:
            channel.members.remove(installation.bot_user_id)
    events.push(world, installation.team_id, {"type": "app_uninstalled"}, only=installation.client_id)
