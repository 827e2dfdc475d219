"""A secret shows nothing, travels nowhere, and compares in constant time."""

import copy
import gc
import json
import pickle
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from integrations_app.kit import secret as module
from integrations_app.kit.secret import MASK, REVEALED_LIMIT, Secret, revealed_values

CANARY = "CNRY_secret_0123456789abcdef0123456789abcdef"


def test_every_rendering_is_the_mask() -> None:
    secret = Secret(CANARY)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>99}",
        f"{secret:>50}",
        " ".join(map(format, (secret, secret))),
    ]
    assert not any("CNRY" in text for text in shown)
    assert str(secret) == MASK


@pytest.mark.parametrize(
    "use",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        orjson.dumps,
        iter,
        list,
        hash,
        len,
        vars,
        dict,
        lambda secret: secret.__getstate__(),
        lambda secret: secret.__reduce__(),
        lambda secret: "C" in secret,
        lambda secret: secret[0],
        lambda secret: secret + "x",
    ],
)
def test_refuses_to_travel(use: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as caught:
        use(Secret(CANARY))
    assert "CNRY" not in str(caught.value)


def test_reveals_what_was_put_in() -> None:
    assert Secret(CANARY).reveal("test") == CANARY
    assert Secret(b"\xff\x00").reveal_bytes("test") == b"\xff\x00"
    assert Secret("\ud800é").reveal("test") == "\ud800é"


def test_revealing_needs_a_purpose() -> None:
    with pytest.raises(ValueError, match="purpose"):
        Secret("x").reveal("")


def test_bytes_that_are_no_text_do_not_show_in_the_error() -> None:
    with pytest.raises(ValueError, match="not text") as caught:
        Secret(b"CNRY\xff").reveal("test")
    assert caught.value.__context__ is None


def test_equality_is_between_secrets_only() -> None:
    assert Secret("a") == Secret(b"a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_truth_tells_emptiness_only() -> None:
    assert not Secret("")
    assert Secret("x")


def test_wraps_only_text_and_bytes() -> None:
    with pytest.raises(TypeError, match="not int"):
        Secret(7)  # type: ignore[arg-type]


class Form(BaseModel):
    token: Secret


def test_pydantic_accepts_text_and_dumps_the_mask() -> None:
    form = Form(token=CANARY)
    assert form.token.reveal("test") == CANARY
    assert Form(token=form.token).token is form.token
    assert form.model_dump() == {"token": MASK}
    assert form.model_dump_json() == '{"token":"********"}'
    assert "CNRY" not in repr(form)
    assert Form.model_json_schema()["properties"]["token"]["format"] == "password"
    with pytest.raises(ValidationError):
        Form(token=5)


def test_registry_lists_revealed_and_forgets_the_dead() -> None:
    kept, unseen = Secret("CNRY_kept"), Secret("CNRY_unseen")
    kept.reveal("test")
    Secret("CNRY_dead").reveal("test")
    gc.collect()
    values = revealed_values()
    assert b"CNRY_kept" in values
    assert b"CNRY_dead" not in values
    assert b"CNRY_unseen" not in values
    assert unseen


def test_registry_is_bounded_and_keeps_the_newest() -> None:
    secrets = [Secret(f"value-{number}") for number in range(REVEALED_LIMIT + 50)]
    for secret in secrets:
        secret.reveal("test")
    values = revealed_values()
    assert len(values) <= REVEALED_LIMIT
    assert len(module._revealed) <= REVEALED_LIMIT
    assert values[-1] == f"value-{REVEALED_LIMIT + 49}".encode()
