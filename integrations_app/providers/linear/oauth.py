"""How Linear's authorization differs: comma scopes, and tokens are given where the API is.

Source: linear.app/developers/oauth-2-0-authentication. Since 1 April 2026 every app gets access tokens that end after a
day and refresh tokens that are replaced at each use; how long the replaced one is still taken is not relied on.
"""

from collections.abc import Mapping
from typing import Any

from integrations_app.errors import Rejected
from integrations_app.kit.secret import Secret
from integrations_app.providers.linear.client import revoke
from integrations_app.providers.linear.errors import OAUTH_ADVICE
from integrations_app.sdk.auth import Grant, OAuth2, Pkce, lifetime

APP_HELP = """\
1. In Linear, open **Settings**, **API**, **OAuth applications** and choose **New OAuth application**. Linear advises a
   workspace of its own for it: every admin there has access to the app.
2. Enter `{callback_url}` as **Callback URL**.
3. Leave **Public** off unless other workspaces shall connect too.
4. Create it and copy **Client ID** and **Client secret** into the fields here.

The permissions (`{scopes}`) are asked for when somebody connects. Triggers need `admin`, which only an admin of the
workspace can allow.
"""


def parse_grant(answer: Mapping[str, Any]) -> Grant:
    """Read the token answer; the scopes come as a list or as text. Raises Rejected with Linear's code."""
    code = answer.get("error")
    if code:
        said = str(answer.get("error_description") or code)
        raise Rejected(str(code), OAUTH_ADVICE.get(str(code), f"Linear refused the sign-in: {said}"[:300]))
    token, refresh, told = answer.get("access_token"), answer.get("refresh_token"), answer.get("scope")
    if not isinstance(token, str) or not token:
        raise Rejected("no_token", "Linear gave no token.")
    names = told if isinstance(told, list) else str(told or "").replace(",", " ").split()
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        expires_in=lifetime(answer.get("expires_in")),
        scopes=tuple(str(name) for name in names),
    )


OAUTH = OAuth2(
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",  # noqa: S106 - a path
    token_base="api",  # noqa: S106 - the name of an address
    parse_grant=parse_grant,
    identity_scopes=("read",),
    default_scopes=("issues:create", "comments:create"),
    optional_scopes={
        "write": "Change issues, and whatever else the account may change.",
        "admin": "Register the webhooks that triggers need.",
    },
    implied_scopes={
        "write": ("issues:create", "comments:create"),
        "admin": ("write", "issues:create", "comments:create"),
    },
    scope_separator=",",
    pkce=Pkce.ON,
    client_auth="client_secret_post",
    authorize_extra={"prompt": "consent"},
    revoke=revoke,
    app_help=APP_HELP,
    title="Sign in with Linear",
)
