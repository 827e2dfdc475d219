"""The OAuth round trip's own words: the vendor's consent page, and what sealing an attempt needs."""

from typing import Any

from sqlmodel import Session

from integrations_app.connections.addresses import reach
from integrations_app.connections.app_choice import App, require_oauth
from integrations_app.connections.models import OAuthAttempt
from integrations_app.connections.token_endpoint import oauth_client
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import Pkce
from integrations_app.sdk.provider import Provider

ATTEMPT_KIND = "oauth_attempt"
"""Kind of record in the place a verifier is sealed to; record is the hash of the state."""
VERIFIER = "verifier"


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


def authorize_url(hub: Hub, provider: Provider, app: App, attempt: OAuthAttempt, state: str, verifier: str) -> str:
    """The vendor's consent page for one attempt, whose state and verifier are known only here and now."""
    oauth = require_oauth(provider)
    reached = reach(hub.settings, provider, app.kind.value, app.moved)
    more: dict[str, Any] = {"scope": oauth.scope_separator.join(attempt.scopes) or None}
    challenge = {"code_verifier": verifier} if oauth.pkce is Pkce.ON else {}
    if challenge:
        more["code_challenge_method"] = "S256"
    client = oauth_client(hub, attempt.organization_id, app, oauth, reached, **more)
    url, _ = client.create_authorization_url(
        reached.bases["web"] + oauth.authorize_path, state=state, **challenge, **oauth.authorize_extra
    )
    return str(url)
