"""Deliveries from GitHub: the SHA-256 signature over the raw body, and JSON or form bodies read into one shape."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import verify_hmac_sha256
from integrations_app.sdk.samples import Sample
from integrations_app.sdk.triggers import EVERY_PLACE, Events, Headers, Inbound

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 25 * 1024 * 1024
_HANDSHAKES = frozenset({"ping"})
_UNINSTALLED = frozenset({("installation", "deleted"), ("installation", "suspend")})
_ENDED = _UNINSTALLED | {("github_app_authorization", "revoked")}
"""Event and action that say that the account's access is gone ("Webhook events and payloads")."""
_ABOUT_REACH = frozenset(
    {"installation", "installation_repositories", "repository", "member", "membership", "organization", "team"}
)
"""Events after which an App, or a person, may reach other repositories than before. An App hears the first two always,
the others when it listens to them."""


def verify(secret: Secret, headers: Headers, body: bytes, now: datetime) -> None:  # noqa: ARG001 - the SDK's signature
    """Check `X-Hub-Signature-256`; the SHA-1 header is ignored. No time is signed, so `now` plays no part."""
    verify_hmac_sha256(secret, body, headers.get("x-hub-signature-256"), "sha256=")


def parse(headers: Headers, body: bytes) -> Inbound:
    """Read a delivery; its id is `X-GitHub-Delivery`, which a manual redelivery repeats. Raises InvalidInput."""
    kind, delivery_id = headers.get("x-github-event", ""), headers.get("x-github-delivery", "")
    if not kind or not delivery_id:
        raise InvalidInput({"headers": "X-GitHub-Event and X-GitHub-Delivery are needed"})
    payload = _payload(headers, body)
    return Inbound(
        kind=kind,
        delivery_id=delivery_id,
        payload=payload,
        account_id=_account(kind, payload),
        ignore=kind in _HANDSHAKES,
        revoked=(kind, payload.get("action")) in _ENDED,
        source=_id_of(payload.get("installation")),
        place=_id_of(payload.get("repository")),
        lost=_lost(kind, payload),
        reach_changed=kind in _ABOUT_REACH,
    )


def _payload(headers: Headers, body: bytes) -> dict[str, Any]:
    text: str | bytes = body
    if headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        text = _form_payload(body)
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"body": "is not JSON"}) from error
    if not isinstance(payload, dict):
        raise InvalidInput({"body": "is not a JSON object"})
    return payload


def _form_payload(body: bytes) -> str:
    try:
        fields = dict(parse_qsl(body.decode("utf-8"), max_num_fields=10))
    except ValueError as error:
        raise InvalidInput({"body": "is not a form"}) from error
    if "payload" not in fields:
        raise InvalidInput({"body": "has no payload"})
    return fields["payload"]


def _account(kind: str, payload: dict[str, Any]) -> str:
    """The account that an app's own notices are about: who revoked it, or where its installation was."""
    if kind == "github_app_authorization":
        return _id_of(payload.get("sender"))
    installation = payload.get("installation")
    if kind == "installation" and isinstance(installation, dict):
        return _id_of(installation.get("account"))
    return ""


def _lost(kind: str, payload: dict[str, Any]) -> tuple[str, ...]:
    """The repositories that an App's installation has lost."""
    if (kind, payload.get("action")) in _UNINSTALLED:
        return (EVERY_PLACE,)
    removed = payload.get("repositories_removed") if kind == "installation_repositories" else None
    return tuple(filter(None, map(_id_of, removed))) if isinstance(removed, list) else ()


def _id_of(thing: Any) -> str:
    return str(thing.get("id", "")) if isinstance(thing, dict) else ""


_SAMPLE = Sample(
    {
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": "{id}",
        "X-Hub-Signature-256": "sha256={signature}",
    },
    '{"zen": "Keep it logically awesome.", "hook_id": 1}',
    "{body}",
)
EVENTS = Events(verify=verify, parse=parse, content_types=("application/json", FORM), max_body=MAX_BODY, sample=_SAMPLE)
