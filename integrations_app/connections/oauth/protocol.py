"""The OAuth protocol as Authlib speaks it, every byte through the door, and what sealing an attempt needs."""

import re
from collections.abc import Mapping
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from sqlmodel import Session

from integrations_app.connections.addresses import Reach, reach
from integrations_app.connections.app_choice import App, require_oauth
from integrations_app.connections.models import OAuthAttempt
from integrations_app.errors import Rejected
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import Grant, OAuth2, Pkce
from integrations_app.sdk.provider import Provider

ATTEMPT_KIND = "oauth_attempt"
"""Kind of record in the place a verifier is sealed to; record is the hash of the state."""
VERIFIER = "verifier"
TOKEN_SECONDS = 10.0
TOKEN_BYTES = 64 * 1024
_HEADERS = {"User-Agent": "integrations-app", "Accept-Encoding": "identity"}
_SERVER_ERROR = 500
_NO_SUCCESS = 300


def seal_verifier(hub: Hub, session: Session, attempt: OAuthAttempt, verifier: str) -> bytes:
    """Seal the PKCE verifier to its attempt."""
    return hub.keyring.seal(
        session,
        attempt.organization_id,
        record=attempt.state_hash,
        kind=ATTEMPT_KIND,
        field=VERIFIER,
        version=1,
        secret=Secret(verifier),
    )


def open_verifier(hub: Hub, session: Session, attempt: OAuthAttempt) -> Secret | None:
    """Open the PKCE verifier, when the attempt has one."""
    if attempt.verifier is None:
        return None
    return hub.keyring.open(
        session,
        attempt.organization_id,
        record=attempt.state_hash,
        kind=ATTEMPT_KIND,
        field=VERIFIER,
        version=1,
        envelope=attempt.verifier,
    )


def _client(hub: Hub, organization_id: str, app: App, oauth: OAuth2, reached: Reach, **more: Any) -> AsyncOAuth2Client:
    """Authlib as the protocol's voice; every byte goes through the door."""
    transport = hub.door.transport(
        pool=organization_id,
        passport=reached.passport,
        deadline=TOKEN_SECONDS,
        max_response_bytes=TOKEN_BYTES,
    )
    return AsyncOAuth2Client(
        client_id=app.client_id,
        token_endpoint_auth_method=oauth.client_auth,
        redirect_uri=app.callback_url,
        transport=transport,
        headers=_HEADERS,
        timeout=None,
        trust_env=False,
        follow_redirects=False,
        **more,
    )


def authorize_url(hub: Hub, provider: Provider, app: App, attempt: OAuthAttempt, state: str, verifier: str) -> str:
    """The vendor's consent page for one attempt, whose state and verifier are known only here and now."""
    oauth = require_oauth(provider)
    reached = reach(hub.settings, provider, app.kind.value)
    more: dict[str, Any] = {"scope": oauth.scope_separator.join(attempt.scopes) or None}
    challenge = {"code_verifier": verifier} if oauth.pkce is Pkce.ON else {}
    if challenge:
        more["code_challenge_method"] = "S256"
    client = _client(hub, attempt.organization_id, app, oauth, reached, **more)
    url, _ = client.create_authorization_url(
        reached.bases["web"] + oauth.authorize_path, state=state, **challenge, **oauth.authorize_extra
    )
    return str(url)


async def exchange(
    hub: Hub, organization_id: str, provider: Provider, oauth: OAuth2, app: App, code: Secret, verifier: Secret | None
) -> Grant:
    """Turn the one-time code into a grant, with one request that is never repeated.

    Raises Rejected with the vendor's code, and the door's errors.
    """
    reached = reach(hub.settings, provider, app.kind.value)
    secret = app.client_secret.reveal("token request")
    more: dict[str, Any] = {"client_secret": secret}
    sent: dict[str, str] = {"code": code.reveal("token request")}
    if verifier is not None:
        sent["code_verifier"] = verifier.reveal("token request")
    async with _client(hub, organization_id, app, oauth, reached, **more) as client:
        client.register_compliance_hook("access_token_response", _refuse_odd_answer)
        try:
            answer = await client.fetch_token(
                reached.bases["web"] + oauth.token_path, grant_type="authorization_code", **sent
            )
        except OAuthError as error:
            raise Rejected(vendor_code(error.error), "The vendor refused the exchange.") from None
    return read_grant(oauth, answer)


def _refuse_odd_answer(response: Any) -> Any:
    """Authlib takes any JSON for a token; refuse what cannot be one before it looks."""
    if response.status_code >= _SERVER_ERROR:
        raise Rejected(f"http_{response.status_code}", "The vendor failed.")
    try:
        body = response.json()
    except (ValueError, RecursionError):
        raise Rejected("not_json", "The vendor's answer is not JSON.") from None
    if not isinstance(body, dict) or ("error" in body and not isinstance(body["error"], str)):
        raise Rejected("malformed_answer", "The vendor's answer has another form than expected.")
    if response.status_code >= _NO_SUCCESS and "error" not in body:
        raise Rejected(f"http_{response.status_code}", "The vendor refused the exchange.")
    return response


def read_grant(oauth: OAuth2, answer: Mapping[str, Any]) -> Grant:
    """The provider's reading of a token answer, with its type checked. Raises Rejected."""
    try:
        grant = oauth.parse_grant(answer)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Rejected("malformed_answer", "The vendor's answer has another form than expected.") from None
    if not isinstance(grant.access_token, Secret) or not grant.access_token:
        raise Rejected("no_access_token", "The vendor gave no access token.")
    return grant


def vendor_code(code: object) -> str:
    """A vendor's error code, made safe to keep: short, one word."""
    text = str(code)
    return text if re.fullmatch(r"[A-Za-z0-9_.\-]{1,80}", text) else "unknown_error"
