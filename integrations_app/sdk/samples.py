"""Samples: how a sender signs what it delivers, as a recipe that we and a shell can follow alike."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from integrations_app.kit.jwt import sign_token
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import parse_standard_secret, sign_hmac

TOKEN_SECONDS = 300
"""How long a token of a sample lives."""
TEST_BODY = '{"test": true}'


@dataclass(frozen=True, slots=True)
class Sample:
    """A harmless delivery of JSON, and where its proof stands.

    In `headers` stand `{id}`, `{time}` (Unix seconds), `{secret}`, `{basic}` (the secret in base64), `{signature}` and
    `{token}` for what is filled in; `body` may hold `{id}` and `{time}`, and `signed` these and `{body}`.
    """

    headers: Mapping[str, str]
    body: str = TEST_BODY
    signed: str = ""
    """What the HMAC-SHA256 is taken of; empty when nothing is signed."""
    encoding: Literal["hex", "base64"] = "hex"
    key: Literal["text", "standard"] = "text"
    """`standard`: the key is what stands in base64 behind `whsec_`."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """What `{token}`, a JSON Web Token, says; `exp` is filled in, and texts may be `{id}`."""
    algorithm: str = "HS256"
    """What the token is signed with."""


def fill(sample: Sample, secret: Secret, delivery_id: str, now: datetime) -> tuple[dict[str, str], bytes]:
    """Headers (names in lower case) and raw body of the sample, signed at `now`; ValueError for an unfit secret."""
    known = {"id": delivery_id, "time": str(int(now.timestamp()))}
    body = _filled(sample.body, known)
    if sample.signed:
        key = parse_standard_secret(secret) if sample.key == "standard" else secret
        known["signature"] = sign_hmac(
            key, _filled(sample.signed, {**known, "body": body}).encode(), encoding=sample.encoding
        )
    if sample.claims:
        claims = {name: delivery_id if value == "{id}" else value for name, value in sample.claims.items()}
        known["token"] = sign_token(sample.algorithm, secret, claims | {"exp": int(now.timestamp()) + TOKEN_SECONDS})
    text = secret.reveal("prove who sends a test delivery")
    known |= {"secret": text, "basic": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    headers = {name.lower(): _filled(value, known) for name, value in sample.headers.items()}
    return {"content-type": "application/json", **headers}, body.encode()


def curl(sample: Sample, url: str) -> str:
    """Lines for a shell that send the sample to `url`, the secret as `$SECRET`; they need curl and openssl."""
    texts = [*sample.headers.values(), sample.body, sample.signed]
    lines = [f"{name}={made}" for name, made in _MADE.items() if any(f"{{{name.lower()}}}" in text for text in texts)]
    lines.append(f"BODY={_quoted(sample.body)}")
    if sample.signed:
        signed = _filled(sample.signed, {"id": "$ID", "time": "$TIME", "body": "$BODY"})
        lines.append(
            f'SIGNATURE=$(printf %s "{signed}" | openssl dgst -sha256 {_KEYS[sample.key]} {_OUT[sample.encoding]})'
        )
    lines += _token(sample)
    headers = {"Content-Type": "application/json", **sample.headers}
    shown = [f'-H "{name}: {_filled(value, _IN_SHELL)}"' for name, value in headers.items()]
    return "\n".join([*lines, " \\\n  ".join([f"curl -X POST '{url}'", *shown, '--data-binary "$BODY"'])])


def _token(sample: Sample) -> list[str]:
    """Lines that make `$TOKEN`."""
    if not sample.claims:
        return []
    head = json.dumps({"alg": sample.algorithm, "typ": "JWT"})
    named = json.dumps({name: value for name, value in sample.claims.items() if name != "exp" and value != "{id}"})
    ids = "".join(f'"{name}": "%s", ' for name, value in sample.claims.items() if value == "{id}")
    count = '"test-$(date +%s)" ' * ids.count("%s")
    rest = f", {named[1:]}" if named != "{}" else "}"
    shape = _shell_quoted(f'{{{ids}"exp": %s%s')
    bits = sample.algorithm.removeprefix("HS")
    return [
        "b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }",
        f"CLAIMS=$(printf {shape} {count}$(($(date +%s) + {TOKEN_SECONDS})) {_shell_quoted(rest)})",
        f'SIGNED=$(printf %s {_shell_quoted(head)} | b64url).$(printf %s "$CLAIMS" | b64url)',
        f'TOKEN=$SIGNED.$(printf %s "$SIGNED" | openssl dgst -sha{bits} -hmac "$SECRET" -binary | b64url)',
    ]


_MADE = {"ID": "test-$(date +%s)", "TIME": "$(date +%s)"}
_IN_SHELL = {
    "id": "$ID",
    "time": "$TIME",
    "secret": "$SECRET",
    "basic": '$(printf %s "$SECRET" | openssl base64 -A)',
    "signature": "$SIGNATURE",
    "token": "$TOKEN",
}
_KEYS = {
    "text": '-hmac "$SECRET"',
    "standard": '-mac HMAC -macopt "hexkey:$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | '
    "od -An -v -tx1 | tr -d ' \\n')\"",
}
_OUT = {"hex": "| sed 's/.*= //'", "base64": "-binary | openssl base64 -A"}


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _quoted(body: str) -> str:
    """The body in single quotes for a shell, what is made there outside of them."""
    return _filled(_shell_quoted(body), {"id": "'\"$ID\"'", "time": "'\"$TIME\"'"})


def _shell_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
