"""Deliveries of Stripe, verified and read: for endpoints whose secret Stripe shows in its dashboard.

https://docs.stripe.com/webhooks (verify manually): `Stripe-Signature: t=<seconds>,v1=<hex>,v0=<hex>`, the hex
HMAC-SHA256 of `{t}.{body}` under the endpoint's secret `whsec_…` as it is written; other schemes than v1 are ignored,
and several v1 may stand there while a secret is replaced.
"""

from datetime import datetime

import orjson

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import verify_dated
from integrations_app.sdk.samples import Sample
from integrations_app.sdk.triggers import Events, Headers, Inbound, Preset

_MOST_PARTS = 20


def verify(secret: Secret, headers: Headers, body: bytes, now: datetime) -> None:
    """Check `Stripe-Signature` over timestamp and raw body; raises SignatureInvalid."""
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")[:_MOST_PARTS]]
    dates = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    verify_dated(secret, body, dates[0] if len(dates) == 1 else None, signatures, now)


def parse(_headers: Headers, body: bytes) -> Inbound:
    """Read an event: its type, and its id, by which Stripe's repeats are known. Raises InvalidInput."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidInput({"body": "is not JSON"}) from None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str) or not event["id"]:
        raise InvalidInput({"id": "is missing"})
    return Inbound(str(event.get("type", "")), event["id"], event)


_SAMPLE = Sample(
    {"Stripe-Signature": "t={time},v1={signature}"},
    '{"id": "evt_{id}", "object": "event", "type": "integrations.test"}',
    "{time}.{body}",
)
STRIPE = Preset("stripe", "Stripe", Events(verify, parse, sample=_SAMPLE))
