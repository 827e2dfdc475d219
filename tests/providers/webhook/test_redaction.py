"""Every spelling in which a receiver may repeat a secret."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.providers.webhook.redaction import REDACTED, redact, spellings_of
from tests.examples import many

SECRET = 's3cr3t/+=&"<ö> value'
WRITTEN = {
    "plain": SECRET,
    "percent": quote(SECRET, safe=""),
    "percent, lower case": re.sub("%..", lambda code: code[0].lower(), quote(SECRET, safe="")),
    "form": quote_plus(SECRET),
    "json": json.dumps(SECRET),
    "json as text": json.dumps(SECRET, ensure_ascii=False),
    "html": html.escape(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 with a user": base64.b64encode(f"ada:{SECRET}".encode()).decode(),
    "hex": SECRET.encode().hex(),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_it_is_found(how: str) -> None:
    seen = redact(f"You said {WRITTEN[how]}!", spellings_of([SECRET, f"ada:{SECRET}"]))
    assert REDACTED in seen
    assert "s3cr3t" not in seen


def test_nothing_else_is_touched() -> None:
    assert redact("an ordinary text", spellings_of([SECRET])) == "an ordinary text"
    assert redact("an ordinary text", spellings_of([])) == "an ordinary text"
    assert redact("an ordinary text", spellings_of([""])) == "an ordinary text"


@settings(deadline=None, max_examples=many(50))
@given(st.text(min_size=8, max_size=200), st.text(max_size=50), st.text(max_size=50))
def test_no_plain_secret_remains(secret: str, before: str, after: str) -> None:
    assert secret not in redact(before + secret + after, spellings_of([secret]))
