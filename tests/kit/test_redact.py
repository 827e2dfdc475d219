"""No secret reaches a log line or a recorded value, in any common spelling; one event is one line."""

import base64
import gc
import io
import json
import logging
import pickle
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.kit.redact import (
    MAX_LINE,
    REDACTED,
    RedactingFilter,
    Redactor,
    escape_controls,
)
from integrations_app.kit.secret import Secret
from integrations_app.kit.spellings import Spellings, spell

Log = tuple[logging.Logger, io.StringIO]

CANARY = 'CNRY_redact_0123"4567/89+ä'
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


@pytest.fixture
def revealed() -> Secret:
    secret = Secret(CANARY)
    secret.reveal("test")
    return secret


def alone(value: bytes | str) -> Redactor:
    """A redactor that knows one secret value."""
    return Redactor(values=lambda: [value if isinstance(value, bytes) else value.encode()])


@pytest.mark.usefixtures("revealed")
@pytest.mark.parametrize(
    "write",
    [
        str,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        quote_plus,
        repr,
        lambda text: repr(text.encode()),
        lambda text: text.encode().hex(),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.b64encode(f"a:{text}".encode()).decode(),
        lambda text: base64.urlsafe_b64encode(f"ab{text}c".encode()).decode(),
    ],
)
def test_revealed_values_go_in_every_spelling(write: Callable[[str], str]) -> None:
    written = f"before {write(CANARY)} after"
    clean = Redactor().scrub(written)
    assert clean != written
    assert REDACTED in clean
    assert "CNRY" not in clean
    assert clean.startswith("before")
    assert clean.endswith("after")


def test_a_secret_never_revealed_or_gone_is_not_searched_for() -> None:
    kept = Secret("CNRY_not_revealed")
    Secret("CNRY_gone_already").reveal("test")
    gc.collect()
    redactor = Redactor()
    assert redactor.scrub("CNRY_not_revealed CNRY_gone_already") == "CNRY_not_revealed CNRY_gone_already"
    kept.reveal("test")
    assert redactor.scrub("CNRY_not_revealed") == REDACTED


def test_spellings_of_gone_secrets_are_dropped() -> None:
    redactor = Redactor()
    secret = Secret("CNRY_short_lived")
    secret.reveal("test")
    redactor.scrub("x")
    assert b"CNRY_short_lived" in redactor._spellings.values()
    del secret
    gc.collect()
    redactor.scrub("x")
    assert b"CNRY_short_lived" not in redactor._spellings.values()


@given(st.binary(min_size=6, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_base64_of_a_text_around_a_secret_is_found_at_any_alignment(value: bytes, before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + value + after).decode()
    assert alone(value).scrub(encoded) != encoded


@given(st.text(min_size=4, max_size=40), st.text(max_size=10))
def test_the_value_itself_never_stays(value: str, around: str) -> None:
    if len(value.encode()) >= 4 and value not in REDACTED:
        assert value not in alone(value).scrub(f"{around}\x00{value}\x00{around}").replace(REDACTED, "\x00")


def test_very_short_values_do_not_blank_out_words() -> None:
    assert alone("a").scrub("a cat") == "a cat"
    assert all(len(each) >= 4 for each in spell(b"abcd"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdefgh12", "Authorization: [redacted]"),
        ("authorization: token xyz\nHost: a", "authorization: [redacted]\nHost: a"),
        ("{'Authorization': 'Bearer abcdef12', 'X-A': 'b'}", "{'Authorization': '[redacted]', 'X-A': 'b'}"),
        ("(b'Authorization', b'Bearer abcdef12')", "(b'Authorization', b'[redacted]')"),
        ("got Bearer abc.def-ghi~1 back", "got Bearer [redacted] back"),
        ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        ("basic information about it", "basic information about it"),
        ("GET /x?access_token=abc&b=1", "GET /x?access_token=[redacted]&b=1"),
        ("client_secret=s3cr3t&grant_type=x", "client_secret=[redacted]&grant_type=x"),
        ("/callback?code=abc123&state=1", "/callback?code=[redacted]&state=1"),
        ("code=abc&x=1", "code=[redacted]&x=1"),
        ("exit code=78", "exit code=78"),
        ("?token=abc", "?token=[redacted]"),
        ('{"access_token": "abc", "ok": true}', '{"access_token": "[redacted]", "ok": true}'),
        (r'"{\"refresh_token\": \"abc\"}"', r'"{\"refresh_token\": \"[redacted]\"}"'),
        ("postgresql://user:pa:ss@host/db", "postgresql://[redacted]@host/db"),
        (f"jwt {JWT}.", "jwt [redacted]."),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "[redacted]"),
        (f"the token integrations_{'0a' * 32} of", "the token [redacted] of"),
        ("a plain sentence: nothing here", "a plain sentence: nothing here"),
    ],
)
def test_generic_shapes(text: str, expected: str) -> None:
    redactor = Redactor(values=tuple)
    clean = redactor.scrub(text)
    assert clean == expected
    assert redactor.scrub(clean) == clean


def test_vendor_shapes_are_handed_in() -> None:
    redactor = Redactor([r"\bvend-[0-9a-z]{8,}"], values=tuple)
    assert redactor.scrub("got vend-0123abcd.") == f"got {REDACTED}."
    assert Redactor(values=tuple).scrub("got vend-0123abcd.") == "got vend-0123abcd."


@pytest.mark.usefixtures("revealed")
def test_values_are_walked() -> None:
    value = {
        "access_token": "anything",
        "Authorization": ["x"],
        "token": None,
        "list": [f"a {CANARY}", 1, True, 2.5, (CANARY,)],
        "nested": {"password": "p", CANARY: "key"},
        "secret_object": Secret("x"),
        "bytes": CANARY.encode(),
    }
    clean: Any = Redactor().scrub_value(value)
    assert clean["access_token"] == clean["Authorization"] == clean["secret_object"] == REDACTED
    assert clean["token"] is None
    assert clean["list"] == [f"a {REDACTED}", 1, True, 2.5, [REDACTED]]
    assert clean["nested"] == {"password": REDACTED, REDACTED: "key"}
    assert "CNRY" not in json.dumps(clean)
    assert value["access_token"] == "anything"


def test_deep_values_end() -> None:
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    assert "nested too deeply" in json.dumps(Redactor().scrub_value(deep))


class Kept(logging.Handler):
    """Keeps the records it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def log() -> Iterator[Log]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(RedactingFilter(Redactor()))
    logger = logging.getLogger("tests.redact")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.usefixtures("revealed")
def test_messages_arguments_and_tracebacks_are_scrubbed(log: Log) -> None:
    logger, stream = log
    logger.warning("calling %s with %r", f"https://x/?k={quote_plus(CANARY)}", {"h": CANARY})
    try:
        raise ValueError(f"refused {CANARY}") from KeyError(CANARY)
    except ValueError:
        logger.exception("it failed: %s", CANARY, stack_info=True)
    written = stream.getvalue()
    assert "CNRY" not in written
    assert len(written.splitlines()) == 2
    assert "ValueError: refused [redacted]" in written
    assert "KeyError" in written


def test_one_event_is_one_line(log: Log) -> None:
    logger, stream = log
    logger.info("agent %s", 'x\nINFO root {"fake": 1}\r\x1b[31m\u2028\u202e\x00\x85 \ud800é')
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert len(written.splitlines()) == 1
    assert r"x\nINFO root" in written
    assert r"\r\x1b[31m\u2028\u202e\x00\x85 \ud800é" in written


@pytest.mark.usefixtures("revealed")
def test_lines_are_cut(log: Log) -> None:
    logger, stream = log
    logger.info("%s %s", "x" * 100_000, CANARY)
    logger.info("%s%s", "y" * (MAX_LINE - 8), CANARY)
    try:
        raise RuntimeError("the cause " + "z" * 500)
    except RuntimeError:
        logger.exception("w" * 5000)
    lines = stream.getvalue().splitlines()
    assert [len(line) <= MAX_LINE + len("ERROR tests.redact ") for line in lines] == [True] * 3
    assert "CNRY" not in stream.getvalue()
    assert lines[2].endswith("zzz")


@pytest.mark.usefixtures("revealed")
def test_arguments_that_do_not_fit_are_not_lost_and_not_shown(log: Log) -> None:
    logger, stream = log
    logger.log(logging.INFO, *("one %s %s", CANARY))
    assert stream.getvalue() == "INFO tests.redact one %s %s (arguments not shown: TypeError)\n"


@pytest.mark.usefixtures("revealed")
def test_extra_fields_and_second_handlers_see_clean_records(log: Log) -> None:
    logger, _ = log
    seen = Kept()
    seen.addFilter(RedactingFilter(Redactor()))
    logger.addHandler(seen)
    logger.info("hello\n%s", CANARY, extra={"detail": {"a": CANARY}, "count": 5})
    logger.removeHandler(seen)
    record = seen.records[0]
    assert record.getMessage() == rf"hello\n{REDACTED}"
    assert record.detail == {"a": REDACTED}
    assert record.count == 5
    assert b"CNRY" not in pickle.dumps(record.__dict__)


@given(st.text(max_size=200))
def test_escaped_text_is_one_line_and_stays_so(text: str) -> None:
    escaped = escape_controls(text)
    assert len(f"x{escaped}".splitlines()) == 1
    assert escape_controls(escaped) == escaped
    assert escaped.encode().decode() == escaped


@pytest.mark.parametrize(
    "text",
    [
        "://" + "a" * 30000,
        "eyJ" * 20000,
        "eyJ-" * 20000,
        "authorization" * 5000,
        "Bearer " * 9000,
        "basic " * 9000,
        '"token' * 9000,
    ],
)
def test_long_odd_texts_take_little_time(text: str) -> None:
    started = time.thread_time()
    Redactor().scrub(text)
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize("text", ["CNRY", "a" * 2000])
def test_many_secrets_take_little_time(text: str) -> None:
    secrets = [Secret(f"secret-number-{number:06}") for number in range(1000)]
    for secret in secrets:
        secret.reveal("test")
    redactor = Redactor()
    redactor.scrub(text)
    started = time.thread_time()
    for _ in range(10):
        redactor.scrub(text)
    assert (time.thread_time() - started) / 10 < 0.1


def test_sealed_documents_are_not_spelled_out() -> None:
    assert alone("x" * 100_000).scrub("x" * 100_000) == "x" * 100_000


@given(st.lists(st.text("ab", min_size=4, max_size=8), max_size=8), st.text("ab", max_size=60))
def test_both_ways_of_searching_find_the_same(values: list[str], text: str) -> None:
    few = Spellings(lambda: [value.encode() for value in values])
    many = Spellings(lambda: [value.encode() for value in (*values, *(f"filler-{n}" for n in range(20)))])
    few.refresh()
    many.refresh()
    assert set(few.find(text)) == set(many.find(text)) >= {value for value in values if value in text}


def test_a_spelling_of_two_secrets_stays_until_both_are_gone() -> None:
    alive = [b"same-value", b"same-value".hex().encode()]
    spellings = Spellings(lambda: alive)
    written = b"same-value".hex()
    spellings.refresh()
    assert written in spellings.find(written)
    alive.pop()
    spellings.refresh()
    assert spellings.find(written) == [written]
    alive.pop()
    spellings.refresh()
    assert spellings.find(written) == []
