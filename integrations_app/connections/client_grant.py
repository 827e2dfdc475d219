"""Access tokens that a client's own secret buys: where, and how the answer is read."""

from collections.abc import Mapping
from typing import Any

from integrations_app.connections.app_choice import App
from integrations_app.connections.credentials import stored_settings
from integrations_app.connections.models import AppKind, Connection
from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.sdk.auth import CLIENT_SECRET, Grant, OAuth2, lifetime
from integrations_app.sdk.certificates import certificate_of
from integrations_app.sdk.provider import Provider


def client_terms(provider: Provider, row: Connection, secrets: Mapping[str, Secret]) -> tuple[OAuth2, App] | None:
    """How the row's token is bought; None for a connection whose secrets are used as they are.

    Raises Conflict `settings_invalid`.
    """
    request_of = next((one.token for one in provider.typed if one.kind == row.auth_kind), None)
    secret = secrets.get(CLIENT_SECRET)
    if request_of is None or secret is None:
        return None
    try:
        asked = request_of(stored_settings(provider, row))
    except InvalidInput as error:
        raise Conflict("settings_invalid", f"The settings of {row.name} must be saved again.") from error
    oauth = OAuth2(
        authorize_path="",
        token_path=asked.url,
        parse_grant=_parse,
        default_scopes=tuple(asked.scope.split()),
        client_auth=asked.client_auth,
        ca_pem=asked.ca_pem,
        certificate=certificate_of(secrets, asked.certificate_url) if asked.certificate_url else None,
    )
    return oauth, App(AppKind.NONE, None, asked.client_id, secret, "")


def _parse(answer: Mapping[str, Any]) -> Grant:
    """The answer of RFC 6749 section 5.1; a refresh token has no use here (section 4.4.3)."""
    token, scope = answer["access_token"], answer.get("scope")
    if not isinstance(token, str):
        raise TypeError("the access token is no text")
    scopes = tuple(scope.split()) if isinstance(scope, str) else ()
    return Grant(Secret(token), None, lifetime(answer.get("expires_in")), scopes)
