"""What looks like a secret is found at its place, and harmless texts and templates are not."""

from typing import Any

import pytest

from integrations_app.kit.secret_shapes import SecretShapes

SHAPES = SecretShapes([r"CNRY_[a-z]+_[0-9a-f]{8,}"])
HARMLESS = (
    "Bearer {{ steps.login.output.token }}",
    "Authorization: Bearer {{ trigger.token }}",
    "https://example.org/?token={{ trigger.token }}&page=2",
    "A basic internationalization question",
    "The bearer of good news",
    "password: ask Ada",
    "Reset your password at https://example.org:8443/reset?code=DE",
    "steps.tell.output.next_page_token",
    '{"token": "{{ trigger.token }}"}',
)


@pytest.mark.parametrize(
    "text",
    [
        "xx CNRY_token_0123456789abcdef yy",
        "Authorization: Bearer abcdefghij0123456789",
        "Basic dXNlcjpwYXNzd29yZDEyMw==",
        "https://ada:s3cret@example.org/x",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        "https://example.org/?access_token=0123456789abcdef",
        '{"client_secret": "0123456789abcdef"}',
    ],
)
def test_secrets_are_found_and_masked(text: str) -> None:
    document: dict[str, Any] = {"steps": [{"inputs": {"text": text}}, {"inputs": {"labels": ["x", text]}}]}
    assert SHAPES.places(document) == ["steps.0.inputs.text", "steps.1.inputs.labels.1"]
    masked = SHAPES.without(document)
    assert "[redacted]" in masked["steps"][0]["inputs"]["text"]
    assert SHAPES.places(masked) == []
    assert document["steps"][0]["inputs"]["text"] == text


@pytest.mark.parametrize("text", HARMLESS)
def test_templates_and_plain_words_are_not(text: str) -> None:
    document = {"text": text, "list": [text]}
    assert SHAPES.places(document) == []
    assert SHAPES.without(document) == document


def test_a_literal_below_a_telling_name_is_a_secret() -> None:
    assert SHAPES.places({"headers": {"X-Api-Key": "anything", "X-Other": "anything"}}) == ["headers.X-Api-Key"]
    assert SHAPES.places({"headers": {"authorization": "Bearer {{ steps.a.output.token }}"}}) == []
    assert SHAPES.without({"password": "anything", "n": 1}) == {"password": "[redacted]", "n": 1}


def test_a_long_text_takes_no_long_time() -> None:
    for piece in ("token_", "://a", "eyJaa.", "eyJ-", "-----BEGIN ", "basic A", "secret: "):
        assert SHAPES.places({"a": piece * 50_000}) == []
