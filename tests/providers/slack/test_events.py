"""Slack's signature and the shapes of its deliveries."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations_app.errors import InvalidInput, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_timestamped
from integrations_app.providers.slack.events import parse, verify

# Published by Slack, "Verifying requests from Slack".
SECRET = Secret("8f742231b10e8888abcd99yyyzzz85a5")
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
SENT = datetime.fromtimestamp(1531420618, UTC)
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json; charset=utf-8"}


def headers(signature: str = SIGNATURE, timestamp: str = "1531420618") -> dict[str, str]:
    return {"x-slack-signature": signature, "x-slack-request-timestamp": timestamp, **FORM}


def test_the_published_vector() -> None:
    verify(SECRET, headers(), BODY, SENT + timedelta(seconds=299))


@pytest.mark.parametrize(
    ("given", "body", "late", "code"),
    [
        (headers(), BODY, 301, "timestamp_out_of_window"),
        (headers(), BODY, -301, "timestamp_out_of_window"),
        (headers(), BODY + b" ", 0, "signature_invalid"),
        (headers(signature=SIGNATURE[:-1]), BODY, 0, "signature_invalid"),
        (headers(timestamp="yesterday"), BODY, 0, "signature_invalid"),
        (FORM, BODY, 0, "signature_invalid"),
        (headers(), b"\xff\xfe", 0, "signature_invalid"),
    ],
)
def test_what_is_not_from_slack(given: dict[str, str], body: bytes, late: int, code: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        verify(SECRET, given, body, SENT + timedelta(seconds=late))
    assert refused.value.code == code


def test_a_challenge_is_answered_exactly() -> None:
    found = parse(JSON, json.dumps({"type": "url_verification", "challenge": "<script>"}).encode())
    assert (found.kind, found.ignore, found.reply) == ("url_verification", True, "<script>")


def event(**of: Any) -> bytes:
    return json.dumps(
        {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1", "event": of}
    ).encode()


def test_an_event() -> None:
    found = parse(JSON, event(type="message", channel="C1", text="hi"))
    assert (found.kind, found.delivery_id, found.account_id, found.ignore) == ("message", "Ev1", "T1", False)
    assert found.payload["event"]["text"] == "hi"


@pytest.mark.parametrize(
    ("of", "revoked"),
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["UB"]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, False),
        ({"type": "message"}, False),
    ],
)
def test_notices_of_a_lost_grant(of: dict[str, Any], revoked: bool) -> None:
    assert parse(JSON, event(**of)).revoked is revoked


def test_a_command_and_an_interaction() -> None:
    command = parse(FORM, BODY)
    assert (command.kind, command.account_id) == ("slash_command", "T1DC2JH3J")
    assert command.delivery_id == parse(FORM, BODY).delivery_id
    payload = json.dumps({"type": "block_actions", "team": {"id": "T2"}})
    pressed = parse(FORM, urlencode({"payload": payload}).encode())
    assert (pressed.kind, pressed.account_id) == ("block_actions", "T2")
    assert (command.reply, pressed.reply) == ("", "")


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (JSON, b"[1]"),
        (JSON, b"{"),
        (JSON, b"[" * 100_000),
        (JSON, b'{"type": "event_callback"}'),
        (JSON, b'{"type": "url_verification"}'),
        (FORM, b"a=b"),
        (FORM, b"\xff"),
        (FORM, b"payload=%5B1%5D"),
    ],
)
def test_what_cannot_be_read_is_refused(given: dict[str, str], body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(given, body)


def test_our_own_signature_is_accepted() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    body = event(type="message")
    signature = sign_timestamped(SECRET, body, int(now.timestamp()))
    verify(SECRET, {"x-slack-signature": signature, "x-slack-request-timestamp": str(int(now.timestamp()))}, body, now)
