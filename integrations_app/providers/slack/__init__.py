"""Slack: write, read and schedule messages, share files, manage channels; start on what people do there."""

from pathlib import Path

from integrations_app.providers.slack.actions import ACTIONS
from integrations_app.providers.slack.client import check, open_client
from integrations_app.providers.slack.errors import ERRORS
from integrations_app.providers.slack.events import EVENTS
from integrations_app.providers.slack.limits import LIMITS
from integrations_app.providers.slack.oauth import OAUTH
from integrations_app.providers.slack.triggers import TRIGGERS
from integrations_app.sdk.auth import pasted_token
from integrations_app.sdk.provider import BaseAddress, Provider, SandboxApp, Settings


class SlackSettings(Settings):
    """Slack needs no settings beside the workspace itself."""


provider = Provider(
    key="slack",
    name="Slack",
    summary="Write and read messages, share files, manage channels; start on what people do there.",
    docs_url="https://docs.slack.dev/",
    logo="logo.svg",
    folder=Path(__file__).parent,
    auth=(
        OAUTH,
        pasted_token("Bot token", "Starts with xoxb-. In the Slack app: OAuth & Permissions, Bot User OAuth Token."),
    ),
    settings=SlackSettings,
    open_client=open_client,
    check=check,
    actions=ACTIONS,
    triggers=TRIGGERS,
    events=EVENTS,
    bases={
        "web": BaseAddress("https://slack.com", "URL"),
        "api": BaseAddress("https://slack.com/api", derive="{web}/api"),
    },
    hosts=("slack.com", "*.slack.com", "slack-gov.com", "*.slack-gov.com"),
    sandbox=SandboxApp(
        "sandbox-slack-client",
        "sandbox-slack-secret",
        {"web": "/slack", "api": "/slack/api"},
        "sandbox-slack-signing-secret",
    ),
    secret_patterns=(r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9_-]{10,}", r"xapp-[A-Za-z0-9-]{10,}"),
    reconnect_codes=frozenset(
        {"invalid_refresh_token", "invalid_grant", "token_revoked", "invalid_auth", "account_inactive"}
    ),
    app_codes=frozenset({"bad_client_secret", "invalid_client_id"}),
    expired_codes=frozenset({"token_expired"}),
    errors=ERRORS,
    limits=LIMITS,
)
