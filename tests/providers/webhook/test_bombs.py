"""Answers that are small on the wire and within the cap, but large once they are read: in time and in little memory."""

import gzip
import time
from contextlib import suppress
from typing import Any

import pytest

from integrations_app.errors import IntegrationsError
from tests.kit.egress.test_bounds import little_memory
from tests.receiver import Receiver, reply

BOMBS = {
    "lists": lambda: b"[" + b"[]," * 3_400_000 + b"[]]",
    "texts": lambda: b"[" + b'"a",' * 2_500_000 + b'"a"]',
    "objects": lambda: b"[" + b'{"":0},' * 1_400_000 + b"0]",
    "depth": lambda: b"[" * 10_000_000,
    "blanks": lambda: b" " * 10_000_000,
}


SHORT = {
    "elements": ("xml", lambda: b"<a>" + b"<b/>" * 131_000 + b"</a>"),
    "attributes": ("xml", lambda: b"<a>" + b'<b c=""/>' * 58_000 + b"</a>"),
    "namespaces": ("xml", lambda: b"<a>" + b'<b xmlns:c=""/>' * 30_000 + b"</a>"),
    "deep": ("xml", lambda: b"<a>" * 170_000),
    "fields": ("form", lambda: b"a=&" * 170_000),
}
"""Within the size that is read at all."""
MOST_SECONDS = 8.0
"""Of the processor, so that a busy machine does not count: the longest takes two."""


@pytest.mark.parametrize("kind", SHORT)
async def test_xml_and_forms_take_neither_memory_nor_time(webhook: Any, receiver: Receiver, kind: str) -> None:
    parse_as, made_of = SHORT[kind]
    answer = reply(200, gzip.compress(made_of()), Content_Encoding="gzip")
    receiver.answer = lambda _r: answer
    made = webhook(token="CNRY_token_0123456789")
    call = made.provider.action("call")
    began = time.process_time()
    with little_memory(), suppress(IntegrationsError):
        await call.run(call.params(method="GET", parse_as=parse_as), made.context())
    assert time.process_time() - began < MOST_SECONDS


@pytest.mark.parametrize("parse_as", ["auto", "json"])
@pytest.mark.parametrize("kind", BOMBS)
async def test_what_unfolds_takes_neither_memory_nor_time(
    webhook: Any, receiver: Receiver, kind: str, parse_as: str
) -> None:
    answer = reply(200, gzip.compress(BOMBS[kind]()), Content_Type="application/json", Content_Encoding="gzip")
    receiver.answer = lambda _r: answer
    made = webhook(token="CNRY_token_0123456789")
    call = made.provider.action("call")
    params = call.params(method="GET", parse_as=parse_as)
    began = time.process_time()
    with little_memory(), suppress(IntegrationsError):
        await call.run(params, made.context())
    assert time.process_time() - began < MOST_SECONDS
