"""Inbound deliveries judged and read: pure functions of secret, headers, raw body and time."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from integrations_app.errors import InvalidInput, SignatureInvalid
from integrations_app.kit import signing
from integrations_app.kit.jwt import USUAL, TokenRule, token_id, verify_token
from integrations_app.kit.secret import Secret
from integrations_app.sdk.registry import Registry
from integrations_app.sdk.triggers import Events, Headers, Inbound

HMAC_SHA256, STANDARD_WEBHOOKS, BEARER, BASIC, API_KEY, JWT, NONE = (
    "hmac_sha256", "standard_webhooks", "bearer", "basic", "api_key", "jwt", "none",
)  # fmt: skip
GENERIC_KINDS = (HMAC_SHA256, STANDARD_WEBHOOKS, BEARER, BASIC, API_KEY, JWT, NONE)
GENERIC_TYPES = ("application/json",)
GENERIC_MAX_BODY = 1024 * 1024
MAX_DELIVERY_ID = 200
SIGNATURE_INVALID = "signature_invalid"
_BOM = b"\xef\xbb\xbf"
_BASIC_USER = "integrations"
_MAX_HEADERS, _MAX_HEADER_CHARS = 60, 1000
_EXCERPT_HEADERS, _EXCERPT_CHARS = 20, 200
_TELLING = ("auth", "cookie", "signature", "secret", "token", "api-key", "apikey", "password")

Check = Callable[[Secret, Headers, bytes, datetime], None]


def preset_of(registry: Registry, kind: str) -> Events | None:
    """How the sender that an endpoint's kind names signs its deliveries; None for a generic kind."""
    return registry.events(kind)


def limits_of(registry: Registry, kind: str) -> tuple[tuple[str, ...], int]:
    """Content types that an endpoint takes, and the largest body in bytes."""
    preset = preset_of(registry, kind)
    return (preset.content_types, preset.max_body) if preset else (GENERIC_TYPES, GENERIC_MAX_BODY)


def verify(
    registry: Registry,
    kind: str,
    secret: Secret | None,
    headers: Headers,
    body: bytes,
    now: datetime,
    rule: TokenRule = USUAL,
) -> None:
    """Check that the delivery is from whom it says; raises SignatureInvalid. `headers` in lower case.

    `rule` is what the token must be, of the kind `jwt`.
    """
    if kind == NONE:
        return
    if kind == JWT and secret:
        verify_token(rule, secret, _bearer(headers), now)
        return
    preset = preset_of(registry, kind)
    check = preset.verify if preset is not None else _CHECKS.get(kind)
    if check is None or not secret:
        raise SignatureInvalid(SIGNATURE_INVALID, "The signature does not match.")
    check(secret, headers, body, now)


def verify_any(
    registry: Registry,
    kind: str,
    secrets: Sequence[Secret | None],
    headers: Headers,
    body: bytes,
    now: datetime,
    rule: TokenRule = USUAL,
) -> None:
    """Check that one of the secrets fits; each is tried, so that no answer's time tells which. As `verify`."""
    refusals: list[SignatureInvalid] = []
    for secret in secrets:
        try:
            verify(registry, kind, secret, headers, body, now, rule)
        except SignatureInvalid as error:
            refusals.append(error)
    if len(refusals) == len(secrets):
        raise next((one for one in refusals if one.code != SIGNATURE_INVALID), refusals[0])


def read(registry: Registry, kind: str, headers: Headers, body: bytes) -> Inbound:
    """What the delivery says; InvalidInput when the body is not what its headers say."""
    preset = preset_of(registry, kind)
    if preset is None and kind in registry:
        inbound = polled(headers, body)
    elif preset is None:
        token = _bearer(headers) if kind == JWT else None
        inbound = Inbound("webhook", (token_id(token) if token else "") or _delivery_id(headers), _object(body))
    else:
        inbound = preset.parse(headers, body.removeprefix(_BOM))
    try:
        orjson.dumps(dict(inbound.payload))
    except (orjson.JSONEncodeError, TypeError):
        raise InvalidInput({"body": "is nested too deeply or not plain JSON"}) from None
    return inbound


POLLED_KIND, POLLED_ID = "x-integrations-kind", "x-integrations-delivery"
"""Stand in place of a sender's headers for what we asked for ourselves."""


def polled(headers: Headers, body: bytes) -> Inbound:
    """What a poll has found, read again for a replay."""
    return Inbound(headers.get(POLLED_KIND, ""), headers.get(POLLED_ID, ""), _object(body))


def fit_delivery_id(given: str) -> str:
    """The sender's id, or its hash when it is too long to keep."""
    readable = given.isprintable() and 0 < len(given) <= MAX_DELIVERY_ID
    return given if readable else hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def kept_headers(headers: Headers) -> dict[str, str]:
    """The headers that may be kept and shown: none that authenticates."""
    return _cut(headers, _MAX_HEADERS, _MAX_HEADER_CHARS)


def excerpt_of_headers(headers: Headers) -> dict[str, str]:
    """The little that is kept of the headers of a sender who did not prove who it is."""
    return _cut(headers, _EXCERPT_HEADERS, _EXCERPT_CHARS)


def _cut(headers: Headers, most: int, chars: int) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if not any(word in name for word in _TELLING)}
    shown = list(kept.items())[:most]
    return {name[:chars]: value[:chars].replace("\x00", "") for name, value in shown}


def new_secret(kind: str) -> Secret | None:
    """A secret for a new endpoint in the form its sender needs; None where there is none."""
    if kind == NONE:
        return None
    if kind == STANDARD_WEBHOOKS:
        return signing.show_standard_secret(Secret(secrets.token_bytes(32)))
    if kind == BASIC:
        return Secret(f"{_BASIC_USER}:{secrets.token_urlsafe(32)}")
    return Secret(secrets.token_hex(32))


def _object(body: bytes) -> Mapping[str, Any]:
    """The JSON of a generic delivery; what is no object stands under `value`."""
    try:
        value = orjson.loads(body.removeprefix(_BOM) or b"{}")
    except orjson.JSONDecodeError:
        raise InvalidInput({"body": "is not JSON"}) from None
    return value if isinstance(value, dict) else {"value": value}


def _delivery_id(headers: Headers) -> str:
    return headers.get("webhook-id") or headers.get("idempotency-key") or secrets.token_hex(16)


def _bearer(headers: Headers) -> str | None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def _check_hmac(secret: Secret, headers: Headers, body: bytes, _now: datetime) -> None:
    signing.verify_hmac_sha256(secret, body, headers.get("x-hub-signature-256"), "sha256=")


def _check_standard(secret: Secret, headers: Headers, body: bytes, now: datetime) -> None:
    signing.verify_standard([secret], headers, body, now)


def _check_bearer(secret: Secret, headers: Headers, _body: bytes, _now: datetime) -> None:
    signing.verify_shared(secret, _bearer(headers))


def _check_basic(secret: Secret, headers: Headers, _body: bytes, _now: datetime) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(given.strip(), validate=True).decode() if scheme.lower() == "basic" else None
    except (binascii.Error, ValueError):
        decoded = None
    signing.verify_shared(secret, decoded)


def _check_api_key(secret: Secret, headers: Headers, _body: bytes, _now: datetime) -> None:
    signing.verify_shared(secret, headers.get("x-api-key"))


_CHECKS: dict[str, Check] = {
    HMAC_SHA256: _check_hmac,
    STANDARD_WEBHOOKS: _check_standard,
    BEARER: _check_bearer,
    BASIC: _check_basic,
    API_KEY: _check_api_key,
}
