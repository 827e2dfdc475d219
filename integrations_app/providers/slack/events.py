"""Deliveries from Slack: the v0 signature, and events, interactions and commands read into one shape."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import verify_timestamped
from integrations_app.providers.slack.messages import operation_of
from integrations_app.sdk.samples import Sample
from integrations_app.sdk.triggers import Events, Headers, Inbound
from integrations_app.sdk.waiting import Answer

SILENCE = ""
"""The answer to what a person did: Slack takes nothing but a 200 within three seconds, and shows them its text."""
FORM = "application/x-www-form-urlencoded"
_CHALLENGE_LIMIT = 4096


def verify(secret: Secret, headers: Headers, body: bytes, now: datetime) -> None:
    """Check `X-Slack-Signature` over timestamp and raw body, at most 300 s old; raises SignatureInvalid."""
    verify_timestamped(
        secret, body, headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature"), now, "v0"
    )


def parse(headers: Headers, body: bytes) -> Inbound:
    """Read an event callback, an interaction (`payload=` in a form) or a slash command; raises InvalidInput."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        return _parse_form(body)
    payload = _object(body)
    kind = str(payload.get("type", ""))
    if kind == "url_verification":
        return _challenge(payload, body)
    if kind == "event_callback":
        return _event(payload, body)
    return Inbound(kind=kind or "unknown", delivery_id=_digest(body), payload=payload, account_id=_team(payload))


def _event(payload: Mapping[str, Any], body: bytes) -> Inbound:
    event = payload.get("event")
    if not isinstance(event, Mapping):
        raise InvalidInput({"event": "is missing"})
    kind = str(event.get("type", ""))
    tokens = event.get("tokens")
    bots = tokens.get("bot") if isinstance(tokens, Mapping) else None
    return Inbound(
        kind=kind,
        delivery_id=str(payload.get("event_id") or _digest(body)),
        payload=payload,
        account_id=_team(payload),
        revoked=kind == "app_uninstalled" or (kind == "tokens_revoked" and bool(bots)),
    )


def _challenge(payload: Mapping[str, Any], body: bytes) -> Inbound:
    challenge = payload.get("challenge")
    if not isinstance(challenge, str) or len(challenge) > _CHALLENGE_LIMIT:
        raise InvalidInput({"challenge": "is missing"})
    return Inbound("url_verification", _digest(body), payload, ignore=True, reply=challenge)


def _parse_form(body: bytes) -> Inbound:
    try:
        fields = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=200))
    except ValueError as error:
        raise InvalidInput({"body": "is not a form"}) from error
    if "payload" in fields:
        payload = _object(fields["payload"].encode())
        return Inbound(str(payload.get("type", "")), _digest(body), payload, _team(payload), reply=SILENCE)
    if not fields.get("command"):
        raise InvalidInput({"body": "has neither a payload nor a command"})
    return Inbound("slash_command", _digest(body), fields, fields.get("team_id", ""), reply=SILENCE)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"body": "is not JSON"}) from error
    if not isinstance(value, dict):
        raise InvalidInput({"body": "is not a JSON object"})
    return value


def _team(payload: Mapping[str, Any]) -> str:
    team = payload.get("team")
    return str(payload.get("team_id") or (team.get("id", "") if isinstance(team, Mapping) else ""))


def _digest(body: bytes) -> str:
    """For deliveries without an id of their own: the same bytes are the same delivery."""
    return hashlib.sha256(body).hexdigest()


def answer(inbound: Inbound) -> Answer | None:
    """The press of a button that a message of ours waits for."""
    if inbound.kind != "block_actions":
        return None
    payload = inbound.payload
    pressed = payload.get("actions")
    first = pressed[0] if isinstance(pressed, list) and pressed and isinstance(pressed[0], dict) else {}
    operation = operation_of(str(first.get("block_id", "")))
    user = payload.get("user")
    if not operation or not isinstance(user, Mapping):
        return None
    says = {"choice": str(first.get("value", "")), "user": str(user.get("id", "")), "name": str(user.get("name", ""))}
    return Answer(operation, says)


_SAMPLE = Sample(
    {"X-Slack-Request-Timestamp": "{time}", "X-Slack-Signature": "v0={signature}"},
    '{"type": "url_verification", "challenge": "{id}"}',
    "v0:{time}:{body}",
)
EVENTS = Events(verify=verify, parse=parse, answer=answer, content_types=("application/json", FORM), sample=_SAMPLE)
