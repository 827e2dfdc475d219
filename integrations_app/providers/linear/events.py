"""Deliveries from Linear: the signature over the raw body, and the time that the body itself tells.

Source: linear.app/developers/webhooks: `Linear-Signature` is the hex HMAC-SHA256 of the body, `Linear-Delivery` a UUID
of the delivery, `Linear-Event` the kind of thing; `webhookTimestamp` (milliseconds) should be at most a minute old.
"""

import json
from datetime import datetime
from typing import Any

from integrations_app.errors import InvalidInput, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import verify_hmac_sha256
from integrations_app.sdk.samples import Sample
from integrations_app.sdk.triggers import Events, Headers, Inbound

WINDOW = 60.0
"""Seconds a delivery may be away from now."""


def verify(secret: Secret, headers: Headers, body: bytes, now: datetime) -> None:
    """Check `Linear-Signature`, then the signed time. Raises SignatureInvalid."""
    verify_hmac_sha256(secret, body, headers.get("linear-signature"))
    told = _payload(body).get("webhookTimestamp")
    if not isinstance(told, int | float) or abs(told / 1000 - now.timestamp()) > WINDOW:
        raise SignatureInvalid("timestamp_out_of_window", "The delivery's timestamp is too far from now.")


def parse(headers: Headers, body: bytes) -> Inbound:
    """Read a delivery; its id is `Linear-Delivery`. Raises InvalidInput."""
    delivery_id, payload = headers.get("linear-delivery", ""), _payload(body)
    kind = payload.get("type")
    if not delivery_id or not isinstance(kind, str) or not kind:
        raise InvalidInput({"headers": "Linear-Delivery, and a type in the body, are needed"})
    return Inbound(kind=kind, delivery_id=delivery_id, payload=payload)


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"body": "is not JSON"}) from error
    if not isinstance(payload, dict):
        raise InvalidInput({"body": "is not a JSON object"})
    return payload


_SAMPLE = Sample(
    {"Linear-Delivery": "{id}", "Linear-Event": "Issue", "Linear-Signature": "{signature}"},
    body='{"action": "create", "type": "Issue", "webhookTimestamp": {time}000, "data": {"title": "A test"}}',
    signed="{body}",
)
EVENTS = Events(verify=verify, parse=parse, sample=_SAMPLE)
