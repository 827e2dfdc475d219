"""How GitHub's authorization differs from the standard: errors in a 200 answer, comma scopes in answers."""

from collections.abc import Mapping
from typing import Any

from integrations_app.errors import Rejected
from integrations_app.kit.secret import Secret
from integrations_app.providers.github.client import revoke
from integrations_app.sdk.auth import Grant, OAuth2, Pkce, lifetime

_ADVICE = {
    "bad_verification_code": "The sign-in at GitHub took too long or was used twice. Try again.",
    "incorrect_client_credentials": "The client id or the client secret of the GitHub app is wrong.",
    "redirect_uri_mismatch": "The callback address is not registered in the GitHub app.",
    "unverified_user_email": "Verify the account's e-mail address at GitHub, then try again.",
    "bad_refresh_token": "The refresh token is not valid any more.",
    "application_suspended": "The app is suspended at GitHub.",
}

OPTIONAL_SCOPES = {
    "workflow": "Write files below .github/workflows.",
    "read:org": "See the organisations the account belongs to.",
    "admin:org_hook": "Listen to all repositories of an organisation by one webhook.",
}

# GitHub names only the broad scope: docs "Scopes for OAuth apps", normalized scopes.
IMPLIED_SCOPES = {
    "repo": ("repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"),
    "admin:repo_hook": ("write:repo_hook", "read:repo_hook"),
    "write:repo_hook": ("read:repo_hook",),
    "admin:org": ("write:org", "read:org"),
    "write:org": ("read:org",),
    "user": ("read:user", "user:email", "user:follow"),
}

APP_HELP = """\
1. Open <https://github.com/settings/applications/new> (for an organisation: its **Settings**, **Developer
   settings**, **OAuth apps**).
2. Give it a name and a home page, and as **Authorization callback URL** enter `{callback_url}`.
3. Choose **Register application**, then **Generate a new client secret**, and copy both values into the fields here.

The permissions that may be asked for when someone connects: `{scopes}`.

A GitHub App does too (<https://github.com/settings/apps/new>), and its events start workflows without a webhook per
repository: enter `{events_url}` as **Webhook URL**, and its **Webhook secret** as the signing secret here; choose the
permissions and events that workflows need, and install it on the repositories.
"""


def parse_grant(answer: Mapping[str, Any]) -> Grant:
    """Read the token answer; raises Rejected with GitHub's code, which comes with status 200."""
    code = answer.get("error")
    if code:
        said = str(answer.get("error_description") or f"GitHub refused the sign-in: {code}.")
        raise Rejected(str(code), _ADVICE.get(str(code), said[:300]))
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise Rejected("no_token", "GitHub gave no token.")
    refresh, expires_in = answer.get("refresh_token"), answer.get("expires_in")
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        expires_in=lifetime(expires_in),
        scopes=tuple(scope.strip() for scope in str(answer.get("scope") or "").split(",") if scope.strip()),
    )


OAUTH = OAuth2(
    authorize_path="/login/oauth/authorize",
    token_path="/login/oauth/access_token",  # noqa: S106 - a path
    parse_grant=parse_grant,
    default_scopes=("repo",),
    optional_scopes=OPTIONAL_SCOPES,
    implied_scopes=IMPLIED_SCOPES,
    pkce=Pkce.ON,
    client_auth="client_secret_post",
    revoke=revoke,
    app_help=APP_HELP,
    title="Sign in with GitHub",
)
