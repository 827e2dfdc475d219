"""HMAC-SHA256 signatures of deliveries: verify and sign, pure functions with the clock passed in."""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from integrations_app.errors import SignatureInvalid
from integrations_app.kit.secret import Secret

WINDOW_SECONDS = 300
MAX_TIMESTAMP_DIGITS = 12
STANDARD_PREFIX = "whsec_"
MIN_STANDARD_KEY_BYTES = 24
_DUMMY = Secret(b"\0" * 32)


def sign_hmac_sha256(secret: Secret, body: bytes, prefix: str = "") -> str:
    """`prefix` and the lower-case hex HMAC-SHA256 of the raw `body`."""
    return prefix + _digest(secret, (body,)).hexdigest()


def sign_hmac(
    secret: Secret,
    body: bytes,
    *,
    algorithm: Literal["sha256", "sha512"] = "sha256",
    encoding: Literal["hex", "base64"] = "hex",
    prefix: str = "",
    timestamp: int | None = None,
) -> str:
    """`prefix` and the HMAC of the raw `body`, or of `{timestamp}.{body}` when a time (Unix seconds) is signed too."""
    head = f"{timestamp}.".encode() if timestamp is not None else b""
    signed = _digest(secret, (head, body), algorithm).digest()
    return prefix + (signed.hex() if encoding == "hex" else base64.b64encode(signed).decode())


def verify_hmac_sha256(secret: Secret, body: bytes, signature: str | None, prefix: str = "") -> None:
    """Check `signature` (`prefix` and hex, as in `sha256=…`) over the raw bytes of `body`.

    SignatureInvalid `signature_invalid` when it is absent, malformed or wrong. Lower-case hex only.
    """
    _require_equal(sign_hmac_sha256(secret, body, prefix), signature)


def sign_timestamped(secret: Secret, body: bytes, timestamp: int, version: str = "v0") -> str:
    """`{version}=` and the hex HMAC-SHA256 of `{version}:{timestamp}:{body}`; `timestamp` in Unix seconds."""
    signed = _digest(secret, (f"{version}:{timestamp}:".encode(), body))
    return f"{version}={signed.hexdigest()}"


def verify_timestamped(
    secret: Secret, body: bytes, timestamp: str | None, signature: str | None, now: datetime, version: str = "v0"
) -> None:
    """Check a signature made as by `sign_timestamped`, at most WINDOW_SECONDS away from `now`.

    SignatureInvalid `signature_invalid`, or `timestamp_out_of_window` (a right signature does not help).
    """
    seconds = _parse_timestamp(timestamp)
    expected = sign_timestamped(secret, body, seconds or 0, version)
    _require_window(seconds, now)
    _require_equal(expected, signature)


def verify_dated(secret: Secret, body: bytes, timestamp: str | None, signatures: Iterable[str], now: datetime) -> None:
    """Check that one of `signatures` is the hex HMAC-SHA256 of `{timestamp}.{body}`, within WINDOW_SECONDS of `now`.

    Several, because a sender signs with the old and the new key while one is replaced. SignatureInvalid as for
    `verify_timestamped`.
    """
    seconds = _parse_timestamp(timestamp)
    expected = sign_hmac(secret, body, timestamp=seconds or 0)
    fits = [_equal(expected, one) for one in signatures]
    if seconds is None or not any(fits):
        raise _invalid()
    _require_window(seconds, now)


def parse_standard_secret(shown: Secret) -> Secret:
    """The key bytes of a Standard Webhooks secret `whsec_` and base64; ValueError when it is none."""
    text = shown.reveal("parse webhook secret")
    try:
        raw = base64.b64decode(text.removeprefix(STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not a Standard Webhooks secret") from None
    if len(raw) < MIN_STANDARD_KEY_BYTES:
        raise ValueError("a Standard Webhooks secret has at least 24 bytes")
    return Secret(raw)


def show_standard_secret(key: Secret) -> Secret:
    """The form of `key` that a person copies: `whsec_` and base64."""
    return Secret(STANDARD_PREFIX + base64.b64encode(key.reveal_bytes("show webhook secret")).decode())


def sign_standard(secret: Secret, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0.0 for one attempt at `now`.

    `secret` is in its shown form (`whsec_…`). ValueError for a message id that is empty or has a dot.
    """
    if not message_id or "." in message_id:
        raise ValueError("a message id is not empty and has no dot")
    timestamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": _standard_signature(parse_standard_secret(secret), message_id, timestamp, body),
    }


def verify_standard(secrets: Iterable[Secret], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Check a Standard Webhooks 1.0.0 delivery; gives its message id (the idempotency key).

    Any signature of the header may fit any of `secrets` (shown form), so that keys can be rotated.
    `headers` have lower-case names. SignatureInvalid as for `verify_timestamped`.
    """
    message_id = headers.get("webhook-id", "")
    seconds = _parse_timestamp(headers.get("webhook-timestamp"))
    given = headers.get("webhook-signature", "").split()[:16]
    matched = False
    for secret in secrets:
        expected = _standard_signature(parse_standard_secret(secret), message_id, seconds or 0, body)
        for signature in given:
            matched |= _equal(expected, signature)
    _require_window(seconds, now)
    if not (matched and message_id):
        raise _invalid()
    return message_id


def verify_shared(secret: Secret, given: str | None) -> None:
    """Compare a bearer token, password or API key in constant time; SignatureInvalid `signature_invalid`."""
    _require_equal(secret.reveal("verify shared secret"), given)


def spend_verification_time(body: bytes, signature: str | None) -> None:
    """Do the work of a verification against a dummy secret, so that an unknown endpoint takes as long."""
    _equal(sign_hmac_sha256(_DUMMY, body), signature or "")


def _digest(secret: Secret, parts: Iterable[bytes], algorithm: str = "sha256") -> "hmac.HMAC":
    keyed = hmac.new(secret.reveal_bytes("sign"), digestmod=algorithm)
    for part in parts:
        keyed.update(part)
    return keyed


def _standard_signature(key: Secret, message_id: str, timestamp: int, body: bytes) -> str:
    head = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass")
    return "v1," + base64.b64encode(_digest(key, (head, body)).digest()).decode()


def _parse_timestamp(text: str | None) -> int | None:
    """Unix seconds written in up to MAX_TIMESTAMP_DIGITS plain digits, as signers write them; None otherwise."""
    if not text or len(text) > MAX_TIMESTAMP_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)


def _require_window(seconds: int | None, now: datetime) -> None:
    if seconds is None:
        raise _invalid()
    if abs(now.timestamp() - seconds) > WINDOW_SECONDS:
        raise SignatureInvalid("timestamp_out_of_window", "The delivery's timestamp is too far from now.")


def _require_equal(expected: str, given: str | None) -> None:
    if not _equal(expected, given or "") or not expected:
        raise _invalid()


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass"))


def _invalid() -> SignatureInvalid:
    return SignatureInvalid("signature_invalid", "The signature does not match.")
