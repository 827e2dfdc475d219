"""curl commands: read without a shell and without secrets, written so that a shell gives the very same call."""

import contextlib
import shlex
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.errors import InvalidInput
from integrations_app.providers.webhook import provider
from integrations_app.providers.webhook.curl import inputs_from_curl, settings_from_curl
from tests.examples import many
from tests.receiver import Receiver

CALL = provider.actions[0]


@pytest.mark.parametrize(
    ("command", "values"),
    [
        ("curl https://x.test/a", {"method": "GET", "path_or_url": "https://x.test/a"}),
        ("curl -XPUT 'https://x.test/a?b=1%202'", {"method": "PUT", "query": {"b": "1 2"}}),
        ("curl x.test -d a=1 -d b=2", {"method": "POST", "path_or_url": "http://x.test", "form": {"a": "1", "b": "2"}}),
        ("curl -G x.test -d a=1", {"method": "GET", "query": {"a": "1"}}),
        ("curl -I x.test", {"method": "HEAD"}),
        ("curl -sSL x.test", {"redirects": 3}),
        ("curl --json '{\"a\": [1]}' x.test", {"body_kind": "json", "body": {"a": [1]}, "content_type": ""}),
        (
            "curl x.test \\\n  -H 'Content-Type: application/json' \\\n  --data-raw $'{\"a\": \"it\\'s\\\\n\\u00fc\"}'",
            {"method": "POST", "body": {"a": "it's\nü"}, "headers": {}},
        ),
        ("curl x.test -H 'Content-Type: text/xml' -d '<a/>'", {"body_kind": "text", "text": "<a/>"}),
        ("curl x.test --data-urlencode 'q=a&b'", {"form": {"q": "a&b"}}),
        (
            "curl x.test -F 'f=hello;type=text/plain;filename=a.txt' -F a=b",
            {
                "body_kind": "multipart",
                "parts": [
                    {"name": "f", "text": "hello", "content_type": "text/plain", "filename": "a.txt"},
                    {"name": "a", "text": "b"},
                ],
            },
        ),
        ("/usr/bin/curl -A me x.test --compressed -o out", {"headers": {"User-Agent": "me"}}),
    ],
)
def test_what_is_read(command: str, values: dict[str, Any]) -> None:
    found = inputs_from_curl(command).values
    assert {name: found.get(name) for name in values} == values
    CALL.params.model_validate(dict(found))


@pytest.mark.parametrize(
    "command",
    [
        "curl x.test -H 'Authorization: Bearer CNRY-1'",
        "curl x.test -u me:CNRY-1",
        "curl x.test -b session=CNRY-1",
        "curl x.test -E cert.pem:CNRY-1 --pass CNRY-1 --key CNRY-1.pem",
        "curl x.test -H 'X-API-Key: CNRY-1'",
        "curl 'x.test/?access_token=CNRY-1'",
        "curl 'https://me:CNRY-1@x.test/'",
    ],
)
def test_secrets_are_left_out(command: str) -> None:
    for found in (inputs_from_curl(command), settings_from_curl(command)):
        assert "CNRY" not in str(found)


@pytest.mark.parametrize(
    ("command", "way", "values"),
    [
        ("curl https://x.test/a/b?c", "none", {"base_url": "https://x.test"}),
        ("curl https://x.test:8443/ -u me:pw", "basic", {"username": "me"}),
        ("curl https://x.test --digest -u me:pw", "digest", {"username": "me"}),
        ("curl https://x.test --cert me.pem:CNRY-1 --key me.key --pass CNRY-1 --cacert a.pem", "certificate", {}),
        ("curl https://x.test -E me.pem -u me:pw", "basic", {"username": "me"}),
        ("curl https://x.test -H 'authorization: Digest username=\"me\"'", "digest", {}),
        ("curl https://x.test -H 'authorization: bearer abc'", "bearer", {}),
        ("curl https://x.test -H 'X-Token: abc'", "api_key", {"api_key_name": "X-Token", "api_key_in": "header"}),
    ],
)
def test_the_form_of_a_connection(command: str, way: str, values: dict[str, str]) -> None:
    found = settings_from_curl(command)
    assert found.way == way
    assert values.items() <= found.values.items()
    assert way == "none" or found.notes


@pytest.mark.parametrize(
    "command",
    [
        "",
        "wget x.test",
        "curl",
        "curl 'x.test",
        "curl x.test y.test",
        "curl x.test --proxy y",
        "curl x.test -d @/etc/passwd",
        "curl x.test -F f=@/etc/passwd",
        "curl x.test -F 'f=<secret'",
        "curl -X TRACE x.test",
        "curl x.test -d",
        "curl x.test; rm -rf /",
        "curl " + "x" * 200_001,
    ],
)
def test_what_is_refused(command: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        inputs_from_curl(command)
    assert refused.value.code == "curl_invalid"


def test_certificates_are_not_taken_over() -> None:
    for found in (inputs_from_curl("curl -E a.pem --cacert b.pem x.test"), settings_from_curl("curl -E a.pem x.test")):
        assert any("client certificate" in note for note in found.notes)
    assert any("--cacert" in note for note in inputs_from_curl("curl --cacert b.pem x.test").notes)


def test_no_verification_is_not_taken_over() -> None:
    assert any("-k" in note for note in inputs_from_curl("curl -k https://x.test").notes)


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        ({}, {"token": "CNRY-1"}),
        ({"username": "me"}, {"password": "CNRY-1"}),
        ({"username": "it's me"}, {"digest_password": "CNRY-1"}),
        ({"api_key_name": "X-K"}, {"api_key": "CNRY-1"}),
        ({"api_key_in": "query", "api_key_name": "k"}, {"api_key": "CNRY-1"}),
        ({"timestamp_header": "X-T"}, {"signing_secret": "CNRY-1"}),
        ({}, {"standard_secret": "whsec_Q05SWS1DTlJZLUNOUlktQ05SWS1DTlJZ"}),
        ({}, {"client_secret": "CNRY-1", "access_token": "CNRY-2"}),
    ],
)
async def test_a_preview_shows_the_call_and_no_secret(
    webhook: Any, receiver: Receiver, settings: dict[str, Any], secrets: dict[str, str]
) -> None:
    assert CALL.preview is not None
    connection = webhook(settings, **secrets)
    inputs = {"path_or_url": "a'c", "query": {"q": "1"}, "body": {"it's": "$(x) `y`"}}
    shown = CALL.preview(CALL.params(**inputs), connection.context())
    assert not any(value in str(shown) for value in secrets.values())
    assert "********" in shown.command
    await connection.run("call", **inputs)
    sent = receiver.last
    words = shlex.split(shown.command.replace("\\\n", " "))
    assert words[:3] == ["curl", "-X", "POST"]
    assert words[-1].encode() == sent.body == shown.body.encode()
    names = {word.partition(":")[0].lower() for flag, word in pairwise(words) if flag == "-H"}
    assert names <= set(sent.headers)
    assert sent.target.partition("?")[0] in words[3]


def test_digest_is_copied_as_curl_writes_it(webhook: Any) -> None:
    assert CALL.preview is not None
    shown = CALL.preview(CALL.params(), webhook({"username": "it's me"}, digest_password="CNRY-1").context())
    assert "--digest -u 'it'\"'\"'s me:********'" in shown.command
    assert "Authorization" not in shown.command
    assert ("Authorization", "Digest ********") in shown.headers
    assert settings_from_curl(shown.command).way == "digest"


def test_what_was_copied_can_be_pasted(webhook: Any) -> None:
    assert CALL.preview is not None
    inputs = {"method": "PATCH", "path_or_url": "a", "body": {"n": [1, "ö"]}, "headers": {"X-A": "b"}}
    params = CALL.params.model_validate(inputs)
    command = CALL.preview(params, webhook(token="CNRY-1").context()).command
    found = inputs_from_curl(command).values
    assert (found["method"], found["body"], found["headers"]["X-A"]) == ("PATCH", {"n": [1, "ö"]}, "b")


OPTIONS = [
    "-X",
    "-H",
    "-d",
    "--data-urlencode",
    "-F",
    "-u",
    "-G",
    "--json",
    "-b",
    "--url",
    "-XPOST",
    "-sSd",
    "-k",
    "-L",
]
ADDRESSES = ("http://[", "http://a:b@[::1", "https://e.org/p?q=1", "https://e.org:99999999/", "http://a\x00b/")
PIECES = ("@x", "a=b", "$'\\ud800'", "$'\\x00'", "'", '"', "{", "[1]", "x: y", "\\\n", "é")
WORDS = st.sampled_from((*OPTIONS, *ADDRESSES, *PIECES))


@settings(max_examples=many(300), deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=8))
def test_any_text_is_read_or_refused_in_words(words: list[str]) -> None:
    for read in (inputs_from_curl, settings_from_curl):
        with contextlib.suppress(InvalidInput):
            read("curl " + " ".join(words))


def test_characters_that_a_browser_escaped_in_two_halves() -> None:
    read = inputs_from_curl(r"curl http://e.org --data-raw $'\ud83d\ude00 it\'s' -H 'content-type: text/plain'")
    assert read.values["text"] == "😀 it's"
