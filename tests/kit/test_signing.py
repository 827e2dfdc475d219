"""Signatures follow the published vectors, and nothing unsigned, altered or old passes."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.errors import SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import (
    parse_standard_secret,
    show_standard_secret,
    sign_hmac,
    sign_hmac_sha256,
    sign_standard,
    sign_timestamped,
    spend_verification_time,
    verify_hmac_sha256,
    verify_shared,
    verify_standard,
    verify_timestamped,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STAMP = int(NOW.timestamp())
KEY = Secret("CNRY_signing_key")
BODY = b'{"a": 1}'

# docs.github.com "Validating webhook deliveries"
PUBLISHED_SECRET = Secret("It's a Secret to Everybody")
PUBLISHED = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

# standard-webhooks/standard-webhooks, the vector of its reference libraries
STANDARD_SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
STANDARD_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STANDARD_NOW = datetime.fromtimestamp(1614265330, UTC)
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def code_of(call: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SignatureInvalid) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_published_vector_of_the_prefixed_scheme() -> None:
    assert sign_hmac_sha256(PUBLISHED_SECRET, b"Hello, World!", "sha256=") == PUBLISHED
    verify_hmac_sha256(PUBLISHED_SECRET, b"Hello, World!", PUBLISHED, prefix="sha256=")


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        PUBLISHED[:-1],
        PUBLISHED + "0",
        PUBLISHED.removeprefix("sha256="),
        "sha1=" + PUBLISHED[7:],
        PUBLISHED.upper(),
        "sha256=" + "é" * 64,
        "\ud800",
    ],
)
def test_anything_else_is_refused(signature: str | None) -> None:
    assert code_of(verify_hmac_sha256, PUBLISHED_SECRET, b"Hello, World!", signature, "sha256=") == "signature_invalid"


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf{}", b'"\\u00e9"', b"{}\n", b"{}\r\n", b"", b"\0\xff"])
def test_the_raw_bytes_are_signed(body: bytes) -> None:
    signature = sign_hmac_sha256(KEY, body)
    verify_hmac_sha256(KEY, body, signature)
    assert code_of(verify_hmac_sha256, KEY, body + b" ", signature) == "signature_invalid"
    assert code_of(verify_hmac_sha256, Secret("other"), body, signature) == "signature_invalid"


def test_a_body_written_anew_does_not_verify() -> None:
    signature = sign_hmac_sha256(KEY, BODY)
    again = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    assert code_of(verify_hmac_sha256, KEY, again, signature) == "signature_invalid"


def test_timestamped_scheme_follows_the_published_vector() -> None:
    # api.slack.com "Verifying requests": its example secret, timestamp, body and signature
    secret = Secret("8f742231b10e8888abcd99yyyzzz85a5")
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign_timestamped(secret, body, 1531420618) == expected
    verify_timestamped(secret, body, "1531420618", expected, datetime.fromtimestamp(1531420618, UTC))


@pytest.mark.parametrize("away", [-300, 0, 300])
def test_the_window_is_closed_at_its_ends(away: int) -> None:
    stamp = STAMP + away
    verify_timestamped(KEY, BODY, str(stamp), sign_timestamped(KEY, BODY, stamp), NOW)


@pytest.mark.parametrize("away", [-301, 301, -86400])
def test_a_right_signature_does_not_help_an_old_timestamp(away: int) -> None:
    stamp = STAMP + away
    signature = sign_timestamped(KEY, BODY, stamp)
    assert code_of(verify_timestamped, KEY, BODY, str(stamp), signature, NOW) == "timestamp_out_of_window"


@pytest.mark.parametrize("stamp", [None, "", "abc", "-5", "1e9", "9" * 5000, "١٢٣", " 1", "+1"])
def test_a_timestamp_is_plain_digits(stamp: str | None) -> None:
    signature = sign_timestamped(KEY, BODY, STAMP)
    assert code_of(verify_timestamped, KEY, BODY, stamp, signature, NOW) == "signature_invalid"


def test_timestamp_and_version_are_signed() -> None:
    signature = sign_timestamped(KEY, BODY, STAMP)
    assert code_of(verify_timestamped, KEY, BODY, str(STAMP + 1), signature, NOW) == "signature_invalid"
    assert code_of(verify_timestamped, KEY, BODY, str(STAMP), signature, NOW, "v1") == "signature_invalid"


def standard_headers(**changes: str) -> dict[str, str]:
    headers = {
        "webhook-id": STANDARD_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": STANDARD_SIGNATURE,
    }
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


def test_standard_webhooks_published_vector() -> None:
    assert sign_standard(STANDARD_SECRET, STANDARD_ID, STANDARD_BODY, STANDARD_NOW) == standard_headers()
    assert verify_standard([STANDARD_SECRET], standard_headers(), STANDARD_BODY, STANDARD_NOW) == STANDARD_ID


def test_the_timestamp_follows_the_instant_not_the_zone() -> None:
    local = STANDARD_NOW.astimezone(tz=datetime.now().astimezone().tzinfo)
    assert sign_standard(STANDARD_SECRET, STANDARD_ID, STANDARD_BODY, local) == standard_headers()


def test_several_signatures_and_several_secrets() -> None:
    headers = standard_headers(webhook_signature=f"v1a,abc v1,AAAA {STANDARD_SIGNATURE}")
    old = show_standard_secret(Secret(b"o" * 24))
    assert verify_standard([old, STANDARD_SECRET], headers, STANDARD_BODY, STANDARD_NOW) == STANDARD_ID
    assert code_of(verify_standard, [old], headers, STANDARD_BODY, STANDARD_NOW) == "signature_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_id": "msg_other"},
        {"webhook_id": ""},
        {"webhook_timestamp": "1614265331"},
        {"webhook_timestamp": ""},
        {"webhook_signature": ""},
        {"webhook_signature": STANDARD_SIGNATURE.removeprefix("v1,")},
        {"webhook_signature": "v2," + STANDARD_SIGNATURE[3:]},
        {"webhook_signature": " ".join(["v1,AAAA"] * 5000)},
    ],
)
def test_standard_webhooks_refuses_changed_headers(changes: dict[str, str]) -> None:
    headers = standard_headers(**changes)
    assert code_of(verify_standard, [STANDARD_SECRET], headers, STANDARD_BODY, STANDARD_NOW) == "signature_invalid"


def test_standard_webhooks_refuses_what_is_absent_altered_or_old() -> None:
    late = STANDARD_NOW + timedelta(seconds=301)
    assert code_of(verify_standard, [STANDARD_SECRET], {}, STANDARD_BODY, STANDARD_NOW) == "signature_invalid"
    assert code_of(verify_standard, [], standard_headers(), STANDARD_BODY, STANDARD_NOW) == "signature_invalid"
    assert code_of(verify_standard, [STANDARD_SECRET], standard_headers(), b"{}", STANDARD_NOW) == "signature_invalid"
    code = code_of(verify_standard, [STANDARD_SECRET], standard_headers(), STANDARD_BODY, late)
    assert code == "timestamp_out_of_window"


@pytest.mark.parametrize("message_id", ["", "a.b"])
def test_a_message_id_cannot_shift_the_signed_text(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        sign_standard(STANDARD_SECRET, message_id, BODY, NOW)


@given(st.binary(min_size=24, max_size=64))
def test_standard_secrets_round_trip(raw: bytes) -> None:
    shown = show_standard_secret(Secret(raw))
    assert shown.reveal("test").startswith("whsec_")
    assert parse_standard_secret(shown) == Secret(raw)


@pytest.mark.parametrize("shown", ["whsec_", "whsec_!!!", "whsec_" + "QUFB", "é"])
def test_malformed_standard_secrets_are_refused_unseen(shown: str) -> None:
    with pytest.raises(ValueError, match="Standard Webhooks") as caught:
        parse_standard_secret(Secret(shown))
    assert shown not in str(caught.value)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_fits_one_body_only(one: bytes, other: bytes) -> None:
    signature = sign_hmac_sha256(KEY, one)
    if one == other:
        verify_hmac_sha256(KEY, other, signature)
    else:
        assert code_of(verify_hmac_sha256, KEY, other, signature) == "signature_invalid"


def test_shared_secrets_compare_whole() -> None:
    verify_shared(Secret("päss"), "päss")
    for given_text in (None, "", "päs", "pässs"):
        assert code_of(verify_shared, Secret("päss"), given_text) == "signature_invalid"
    assert code_of(verify_shared, Secret(""), "") == "signature_invalid"


@pytest.mark.parametrize("signature", [None, "", "abc", "\ud800"])
def test_unknown_endpoints_do_the_same_work_and_answer_nothing(signature: str | None) -> None:
    spend_verification_time(BODY, signature)  # raises nothing: the caller answers as for a wrong signature


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("timestamp", [None, 1_700_000_000])
def test_signatures_as_receivers_want_them(algorithm: Literal["sha256", "sha512"], timestamp: int | None) -> None:
    body = b'{"a": 1}'
    signed = body if timestamp is None else f"{timestamp}.".encode() + body
    raw = hmac.new(b"key", signed, algorithm).digest()
    more: dict[str, Any] = {"algorithm": algorithm, "timestamp": timestamp}
    assert sign_hmac(Secret(b"key"), body, prefix="v=", **more) == f"v={raw.hex()}"
    assert sign_hmac(Secret(b"key"), body, encoding="base64", **more) == base64.b64encode(raw).decode()
