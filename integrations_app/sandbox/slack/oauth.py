"""The consent page of the emulated Slack."""

import re

from starlette.requests import Request
from starlette.responses import Response

from integrations_app.sandbox import consent
from integrations_app.sandbox.slack.settings import slack_settings
from integrations_app.sandbox.slack.state import slack_of
from integrations_app.sandbox.world import World

SCOPES = {
    "chat:write": "Send messages as the app",
    "chat:write.public": "Send messages to public channels it has not joined",
    "chat:write.customize": "Send messages under another name and picture",
    "channels:read": "See public channels",
    "channels:history": "Read messages in public channels it is in",
    "channels:join": "Join public channels",
    "channels:manage": "Manage public channels",
    "groups:read": "See private channels it is in",
    "groups:history": "Read messages in private channels it is in",
    "groups:write": "Manage private channels it is in",
    "im:read": "See its direct messages",
    "im:write": "Start direct messages with people",
    "im:history": "Read its direct messages",
    "mpim:read": "See its group direct messages",
    "mpim:write": "Start group direct messages",
    "mpim:history": "Read its group direct messages",
    "users:read": "See people in the workspace",
    "users:read.email": "See people's email addresses",
    "reactions:read": "See reactions to messages",
    "reactions:write": "React to messages",
    "files:read": "See files shared where it is",
    "files:write": "Upload files",
    "team:read": "See the name of the workspace",
    "app_mentions:read": "Read messages that mention it",
    "metadata.message:read": "Read the metadata of messages",
    "commands": "Add slash commands that people can use",
}


def split_scopes(text: str) -> list[str]:
    """Slack separates scopes with commas and also takes spaces."""
    return [scope for scope in dict.fromkeys(re.split(r"[,\s]+", text)) if scope]


def _accounts(world: World) -> list[tuple[str, str]]:
    return [(team.id, team.name) for team in slack_of(world).teams.values()]


def _refuse(world: World, given: dict[str, str]) -> str | None:
    scopes = split_scopes(given.get("scope", "")) + split_scopes(given.get("user_scope", ""))
    if not scopes:
        return "no_scopes"
    if set(scopes) - set(SCOPES):
        return "invalid_scope"
    challenge = given.get("code_challenge", "")
    if challenge and given.get("code_challenge_method") != "S256":
        return "invalid_request"
    if slack_settings(world).pkce == "required" and not challenge:
        return "invalid_request"
    return None


SERVER = consent.Server("slack", "Slack", "Workspace", _accounts, SCOPES, split_scopes, _refuse)


async def authorize(request: Request) -> Response:
    """`GET|POST /slack/oauth/v2/authorize`."""
    return await consent.answer(request, SERVER)
