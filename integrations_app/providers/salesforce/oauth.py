"""How Salesforce's authorization differs: no life is told, the data's address comes with the token."""

from collections.abc import Mapping
from typing import Any

from integrations_app.errors import Rejected
from integrations_app.kit.secret import Secret
from integrations_app.providers.salesforce.client import revoke
from integrations_app.providers.salesforce.errors import OAUTH_ADVICE
from integrations_app.sdk.auth import Grant, OAuth2, Pkce

IMPLIED_SCOPES = {
    "full": ("api", "id", "web", "openid", "profile", "email"),
    "offline_access": ("refresh_token",),
    "openid": ("id",),
}

USUAL_LIFE = 7200
"""Seconds of a session without use: the default of an organisation; its policy may say 15 minutes to 24 hours."""

APP_HELP = """\
1. In Salesforce, open **Setup**, **External Client App Manager** and choose **New External Client App**. (An existing
   connected app works as well; new ones can no longer be made.)
2. Under **API (Enable OAuth Settings)**, tick **Enable OAuth** and enter `{callback_url}` as **Callback URL**.
3. Add these permissions: `{scopes}` (*Manage user data via APIs*, *Perform requests at any time*, *Access the identity
   URL service*).
4. Leave **Require Proof Key for Code Exchange** and **Require Secret for Web Server Flow** on. Refresh token rotation
   may be on.
5. Create it, open **Settings**, **Consumer Key and Secret**, and copy both values into the fields here.

Salesforce keeps five approvals per person and app: the sixth ends the oldest.
"""


def parse_grant(answer: Mapping[str, Any]) -> Grant:
    """Read the token answer; the address of the data and of the identity are public facts beside it.

    An answer without them (a refresh may leave them out) gives none, so that those known before stay. Raises
    Rejected with Salesforce's code.
    """
    code = answer.get("error")
    if code:
        said = str(answer.get("error_description") or "")
        advice = OAUTH_ADVICE.get(said.replace(" ", "_"), OAUTH_ADVICE.get(str(code).lower(), ""))
        raise Rejected(str(code), advice or f"Salesforce refused the sign-in: {said or code}"[:300])
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise Rejected("no_token", "Salesforce gave no token.")
    refresh = answer.get("refresh_token")
    known = {name: answer.get(name) for name in ("instance_url", "id")}
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        scopes=tuple(str(answer.get("scope") or "").split()),
        extra={name: value for name, value in known.items() if isinstance(value, str) and value},
    )


OAUTH = OAuth2(
    authorize_path="/services/oauth2/authorize",
    token_path="/services/oauth2/token",  # noqa: S106 - a path
    parse_grant=parse_grant,
    identity_scopes=("id",),
    default_scopes=("api", "refresh_token"),
    implied_scopes=IMPLIED_SCOPES,
    pkce=Pkce.ON,
    client_auth="client_secret_post",
    revoke=revoke,
    usual_life=USUAL_LIFE,
    app_help=APP_HELP,
    title="Sign in with Salesforce",
)
