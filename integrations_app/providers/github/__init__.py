"""GitHub: issues, pull requests, files, releases and workflows; starts on what happens in a repository."""

from pathlib import Path

from pydantic import Field

from integrations_app.providers.github.actions import ACTIONS
from integrations_app.providers.github.client import check, open_client
from integrations_app.providers.github.errors import ERRORS
from integrations_app.providers.github.events import EVENTS
from integrations_app.providers.github.limits import LIMITS
from integrations_app.providers.github.oauth import OAUTH
from integrations_app.providers.github.triggers import TRIGGERS
from integrations_app.sdk.auth import pasted_token
from integrations_app.sdk.provider import BaseAddress, Provider, SandboxApp, Settings


class GitHubSettings(Settings):
    """What steps may leave out."""

    default_repository: str = Field(
        default="",
        title="Default repository",
        description="owner/name, used by steps that name none.",
        pattern=r"^\s*([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)?\s*$",
        json_schema_extra={"placeholder": "octo-org/hello-world"},
    )


provider = Provider(
    key="github",
    name="GitHub",
    summary="Work on issues and pull requests, write files, release, and run workflows.",
    docs_url="https://docs.github.com/en/rest",
    logo="logo.svg",
    folder=Path(__file__).parent,
    auth=(
        OAUTH,
        pasted_token(
            "Personal access token", "Fine-grained (github_pat_) or classic (ghp_): github.com/settings/tokens."
        ),
    ),
    settings=GitHubSettings,
    open_client=open_client,
    check=check,
    actions=ACTIONS,
    triggers=TRIGGERS,
    events=EVENTS,
    bases={
        "web": BaseAddress("https://github.com", "URL"),
        "api": BaseAddress("https://api.github.com", "API_URL", derive="{web}/api/v3"),
    },
    hosts=("github.com", "*.github.com", "*.ghe.com"),
    sandbox=SandboxApp(
        "sandbox-github-client",
        "sandbox-github-secret",
        {"web": "/github", "api": "/github/api/v3"},
        "sandbox-github-webhook-secret",
    ),
    secret_patterns=(r"gh[pousr]_[A-Za-z0-9_-]{20,255}", r"github_pat_[A-Za-z0-9_]{22,255}"),
    reconnect_codes=frozenset({"bad_refresh_token", "unauthorized_client", "invalid_grant"}),
    app_codes=frozenset({"incorrect_client_credentials", "application_suspended"}),
    expired_codes=frozenset({"bad_credentials"}),
    errors=ERRORS,
    limits=LIMITS,
)
