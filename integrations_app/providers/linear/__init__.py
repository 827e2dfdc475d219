"""Linear: issues and comments, read and written by GraphQL."""

from pathlib import Path

from integrations_app.providers.linear import actions
from integrations_app.providers.linear.client import check, open_client
from integrations_app.providers.linear.errors import ERRORS
from integrations_app.providers.linear.events import EVENTS
from integrations_app.providers.linear.limits import LIMITS
from integrations_app.providers.linear.oauth import OAUTH
from integrations_app.providers.linear.triggers import TRIGGERS
from integrations_app.sdk.auth import pasted_token
from integrations_app.sdk.provider import BaseAddress, Provider, SandboxApp, Settings


class LinearSettings(Settings):
    """Nothing to set: Linear has one address."""


provider = Provider(
    key="linear",
    name="Linear",
    summary="Create, change, find and comment on issues; start on new and changed ones.",
    docs_url="https://linear.app/developers",
    logo="logo.svg",
    folder=Path(__file__).parent,
    auth=(OAUTH, pasted_token("Personal API key", "lin_api_…: in Linear under Settings, Security & access.")),
    settings=LinearSettings,
    open_client=open_client,
    check=check,
    actions=(
        actions.create_issue,
        actions.update_issue,
        actions.comment_issue,
        actions.get_issue,
        actions.search_issues,
        actions.graphql,
    ),
    triggers=TRIGGERS,
    events=EVENTS,
    bases={"web": BaseAddress("https://linear.app"), "api": BaseAddress("https://api.linear.app")},
    hosts=("linear.app", "api.linear.app"),
    sandbox=SandboxApp("sandbox-linear-client", "sandbox-linear-secret", {"web": "/linear", "api": "/linear/api"}),
    secret_patterns=(r"lin_api_[A-Za-z0-9]{30,}", r"lin_oauth_[A-Za-z0-9]{30,}", r"lin_refresh_[A-Za-z0-9]{30,}"),
    reconnect_codes=frozenset({"invalid_grant"}),
    app_codes=frozenset({"invalid_client"}),
    expired_codes=frozenset({"authentication_error"}),
    errors=ERRORS,
    limits=LIMITS,
)
