"""How Slack's authorization differs from the standard: nested answers, comma scopes, https only, a manifest."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations_app.errors import Rejected
from integrations_app.kit.secret import Secret
from integrations_app.providers.slack.client import revoke
from integrations_app.providers.slack.errors import OAUTH_ADVICE
from integrations_app.sdk.auth import Grant, OAuth2, Pkce, lifetime

# The least that the core actions and the pickers need; reading messages is not among it. The rest is optional.
DEFAULT_SCOPES = ("chat:write", "im:write", "reactions:write", "channels:read", "groups:read", "users:read")

_LOOK = "Read messages, start workflows on them, and look after a lost answer whether a message arrived"
OPTIONAL_SCOPES = {
    "channels:history": f"{_LOOK}: public channels the app is in.",
    "groups:history": f"{_LOOK}: private channels the app is in.",
    "im:history": f"{_LOOK}: direct messages with the app.",
    "chat:write.public": "Post in public channels without being invited first.",
    "chat:write.customize": "Post under another name and picture.",
    "mpim:history": "Read group direct messages the app is in.",
    "channels:manage": "Create, rename and archive public channels, invite and remove people, set topics and purposes.",
    "groups:write": "The same in private channels.",
    "channels:join": "Join public channels.",
    "files:write": "Upload files.",
    "users:read.email": "Find people by e-mail, and write to them by their address.",
    "app_mentions:read": "Start workflows when somebody mentions the app.",
    "reactions:read": "Start workflows when somebody reacts to a message.",
    "commands": "Start workflows by a slash command.",
}

APP_HELP = """\
1. Open <https://api.slack.com/apps>, choose **Create New App**, then **From a manifest**, and pick the workspace.
2. Paste this manifest and create the app.
3. Under **Basic Information**, copy **Client ID**, **Client Secret** and **Signing Secret** into the fields here.
4. Once they are saved here, open **Event Subscriptions** in the Slack app and let it verify the Request URL again.
5. For slash commands, private channels and direct messages, take the **#** off their lines in the manifest, add
   the permissions in brackets to its scopes, save it, and reconnect with them.

```yaml
display_information:
  name: Integrations
features:
  bot_user:
    display_name: integrations
    always_online: true
  # your own slash commands
  # slash_commands:
  #   - command: /deploy
  #     description: Starts a workflow
  #     url: {events_url}
oauth_config:
  redirect_urls:
    - {callback_url}
  scopes:
    bot: [{scopes}]
    # and those in brackets below, for the lines that you take in
settings:
  event_subscriptions:
    request_url: {events_url}
    bot_events:
      - app_uninstalled
      - tokens_revoked
      - message.channels
      - app_mention
      - reaction_added
      - reaction_removed
      # private channels and direct messages
      # - message.groups   (groups:history)
      # - message.im       (im:history)
      # - message.mpim     (mpim:history)
  interactivity:
    is_enabled: true
    request_url: {events_url}
  org_deploy_enabled: false
  socket_mode_enabled: false
  token_rotation_enabled: false
```

Slack takes https addresses only. Leave PKCE off: turning it on makes the app a public client for good.
"""


def parse_grant(answer: Mapping[str, Any]) -> Grant:
    """Read the answer of `oauth.v2.access`: the bot's token at the top, public facts beside it.

    Raises Rejected with Slack's code for `ok: false`, and `no_bot_token` when only a user token came back.
    """
    if not answer.get("ok", True) or answer.get("error"):
        code = str(answer.get("error", "unknown_error"))
        raise Rejected(code, OAUTH_ADVICE.get(code, f"Slack refused the sign-in: {code}."))
    token = answer.get("access_token")
    # Authlib refuses the type "bot" on use; a caller may have turned it into "bearer".
    if not isinstance(token, str) or not token or answer.get("token_type") == "user":
        raise Rejected("no_bot_token", "Slack gave no bot token: the app needs bot scopes.")
    refresh = answer.get("refresh_token")
    expires_in = answer.get("expires_in")
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        expires_in=lifetime(expires_in),
        scopes=tuple(scope for scope in str(answer.get("scope", "")).replace(" ", "").split(",") if scope),
        extra=_public_facts(answer),
    )


def _public_facts(answer: Mapping[str, Any]) -> dict[str, str]:
    team, enterprise = answer.get("team") or {}, answer.get("enterprise") or {}
    facts = {
        "team_id": team.get("id"),
        "team_name": team.get("name"),
        "enterprise_id": enterprise.get("id"),
        "bot_user_id": answer.get("bot_user_id"),
        "app_id": answer.get("app_id"),
    }
    return {name: str(value) for name, value in facts.items() if value}


def redirect_refusal(callback_url: str, bases: Mapping[str, str]) -> str | None:
    """Why Slack will refuse this callback: it takes https only. An emulator on http takes what it is given."""
    if urlsplit(callback_url).scheme == "https" or bases.get("web", "").startswith("http://"):
        return None
    return (
        "Slack sends people back to https addresses only, and this installation is published at an http address. "
        "Set INTEGRATIONS_PUBLIC_URL to an https address (a reverse proxy or a tunnel will do), or paste a bot token."
    )


OAUTH = OAuth2(
    authorize_path="/oauth/v2/authorize",
    token_path="/api/oauth.v2.access",  # noqa: S106 - a path
    parse_grant=parse_grant,
    default_scopes=DEFAULT_SCOPES,
    optional_scopes=OPTIONAL_SCOPES,
    scope_separator=",",
    pkce=Pkce.OFF,
    client_auth="client_secret_basic",
    revoke=revoke,
    redirect_refusal=redirect_refusal,
    app_help=APP_HELP,
    title="Sign in with Slack",
)
