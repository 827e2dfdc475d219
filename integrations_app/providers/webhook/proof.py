"""What the secret of a connection puts on a call: a header, a query parameter, or a signature over the body."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from integrations_app.errors import InvalidInput, ReconnectRequired
from integrations_app.kit.egress import fits_digest
from integrations_app.kit.secret import MASK, Secret
from integrations_app.kit.signing import sign_hmac, sign_standard
from integrations_app.providers.webhook.settings import WebhookSettings
from integrations_app.sdk.auth import ACCESS_TOKEN, CLIENT_SECRET
from integrations_app.sdk.certificates import judge_certificate

API_KEY, TOKEN, PASSWORD, DIGEST_PASSWORD = "api_key", "token", "password", "digest_password"
SIGNING_SECRET, STANDARD_SECRET = "signing_secret", "standard_secret"
_PURPOSE = "webhook call"


@dataclass(frozen=True, slots=True)
class Proof:
    """Headers and query parameters that carry the secret, or were made with it.

    `shown` is how people see the headers; one that stands only there answers a challenge later.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)


def prove(
    settings: WebhookSettings, secrets: Mapping[str, Secret], body: bytes, message_id: str, now: datetime
) -> Proof:
    """Make the proof of one call; it is no proof for another body, message or time.

    Raises ReconnectRequired when the secret cannot be used: `secret_invalid`, or `token_missing` before a token came.
    """
    if key := secrets.get(API_KEY):
        pair, shown = {settings.api_key_name: key.reveal(_PURPOSE).strip()}, {settings.api_key_name: MASK}
        return Proof(pair, {}, shown) if settings.api_key_in == "header" else Proof({}, pair)
    if token := secrets.get(TOKEN):
        return _bearer(token)
    if password := secrets.get(PASSWORD):
        named = base64.b64encode(f"{settings.username}:{password.reveal(_PURPOSE)}".encode()).decode()
        return Proof({"Authorization": f"Basic {named}"}, {}, {"Authorization": f"Basic {MASK}"})
    if DIGEST_PASSWORD in secrets:
        return Proof(shown={"Authorization": f"Digest {MASK}"})
    if secret := secrets.get(SIGNING_SECRET):
        return _signed(settings, secret, body, now)
    if secret := secrets.get(STANDARD_SECRET):
        return _standard(secret, message_id, body, now)
    return _bought(secrets) if CLIENT_SECRET in secrets else Proof()


def judge(settings: BaseModel, secrets: Mapping[str, Secret], now: datetime) -> Mapping[str, Secret]:
    """The secrets with a client certificate's key opened. Raises InvalidInput if it proves nothing at the base URL."""
    if not isinstance(settings, WebhookSettings):
        raise TypeError("a webhook connection has WebhookSettings")
    return judge_certificate(secrets, settings.base_url, "base_url", now)


def judge_digest(settings: BaseModel, secrets: Mapping[str, Secret], now: datetime) -> Mapping[str, Secret]:
    """As `judge`; raises also for a user name that the answer to a Digest challenge cannot name."""
    kept = judge(settings, secrets, now)
    username = settings.username if isinstance(settings, WebhookSettings) else ""
    if not fits_digest(username):
        why = "may hold ASCII characters only, no quotation mark and no backslash" if username else "is needed"
        raise InvalidInput({"settings.username": why})
    return kept


def _bearer(token: Secret) -> Proof:
    value = f"Bearer {token.reveal(_PURPOSE).strip()}"
    return Proof({"Authorization": value}, {}, {"Authorization": f"Bearer {MASK}"})


def _bought(secrets: Mapping[str, Secret]) -> Proof:
    granted = secrets.get(ACCESS_TOKEN)
    if granted is None:
        raise ReconnectRequired("There is no access token yet: test the connection.", "token_missing")
    return _bearer(granted)


def _signed(settings: WebhookSettings, secret: Secret, body: bytes, now: datetime) -> Proof:
    seconds = int(now.timestamp()) if settings.timestamp_header else None
    signature = sign_hmac(
        secret,
        body,
        algorithm=settings.signature_algorithm,
        encoding=settings.signature_encoding,
        prefix=settings.signature_prefix,
        timestamp=seconds,
    )
    dated = {settings.timestamp_header: str(seconds)} if seconds is not None else {}
    name = settings.signature_header
    return Proof({name: signature, **dated}, {}, {name: settings.signature_prefix + MASK, **dated})


def _standard(secret: Secret, message_id: str, body: bytes, now: datetime) -> Proof:
    try:
        headers = sign_standard(secret, message_id, body, now)
    except ValueError as error:
        message = "The signing secret is not one of Standard Webhooks: whsec_ and at least 24 bytes in base64."
        raise ReconnectRequired(message, "secret_invalid") from error
    return Proof(headers, {}, headers | {"webhook-signature": f"v1,{MASK}"})
