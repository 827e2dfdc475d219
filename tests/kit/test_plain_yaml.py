"""JSON values travel unharmed as YAML, and hostile documents are refused before anything is built from them."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.errors import InvalidInput
from integrations_app.kit.plain_yaml import read_plain, read_plain_json, to_yaml
from tests.examples import many

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


@given(st.dictionaries(texts, values, max_size=5))
@settings(max_examples=many(200), deadline=None)
def test_what_is_written_reads_the_same(definition):
    assert read_plain(to_yaml(definition).encode()) == definition
    assert read_plain(json.dumps(definition).encode()) == definition


@pytest.mark.parametrize(
    "text", ["on", "yes", "2026-01-01", "0123", "1e3", "1.5e3", "null", "~", "<<", "=", "1_000", ""]
)
def test_texts_that_look_like_something_else_stay_texts(text):
    assert read_plain(to_yaml({"a": text, text: 1}).encode()) == {"a": text, text: 1}


def test_yaml_words_of_old_are_texts_and_json_is_read_too():
    assert read_plain(b"when: yes\nat: 2026-01-01\nmode: 0644\n") == {
        "when": "yes",
        "at": "2026-01-01",
        "mode": "0644",
    }
    assert read_plain(rb'{"a": "\ud83d\ude80 \/"}') == {"a": "🚀 /"}
    assert read_plain(b"{a: [b, {c: 1}]}") == {"a": ["b", {"c": 1}]}
    assert read_plain(b'{"a": [1, 2.5, true, null, "x"]}') == {"a": [1, 2.5, True, None, "x"]}


BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (BOMB, "anchors"),
        (b"a: !!python/object/apply:os.system [id]", "tags"),
        (b"a: !!binary aGk=", "tags"),
        (b"[" * 5000, "levels"),
        (b"a:\n" + b"".join(b"  " * n + b"- a:\n" for n in range(1, 200)), "levels"),
        (b"a: 1\na: 2", "twice"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": 1e999}', "cannot be read"),
        (b'{"a": NaN}', "cannot be read"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "levels"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "levels"),
        (b"1: a", "no text"),
        (b"[a]: b", "no text"),
        (b"a: 1e999", "cannot be read"),
        (b"---\na: 1\n---\nb: 2\n", "one document"),
        (b"", "one document"),
        (b"- a", "object"),
        (b"a: [" + b"[]," * 110_000 + b"]", "too many"),
        (b"plain", "object"),
        (b"a: [", "not YAML"),
        (b"a: \x00", "not YAML"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_hostile_documents_are_refused(raw, why):
    with pytest.raises(InvalidInput, match=why):
        read_plain(raw)


def test_json_alone_is_read_with_the_place_of_what_is_wrong():
    assert read_plain_json('{"a": [1, 2.5, true, null, "x"]}') == {"a": [1, 2.5, True, None, "x"]}
    with pytest.raises(InvalidInput, match=r"is not JSON: expecting ',' delimiter in line 3, column 1"):
        read_plain_json('{\n"a": 1\n"b": 2}')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1", "is not JSON: expecting value in line 1"),
        ("", "is not JSON"),
        ('{"a": 1} {}', "is not JSON: extra data"),
        ("[1]", "object"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": Infinity}', "cannot be read"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"a":' * 100 + "1" + "}" * 100, "levels"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "levels"),
    ],
)
def test_hostile_json_is_refused(text, why):
    with pytest.raises(InvalidInput, match=why):
        read_plain_json(text)


def test_a_refusal_does_not_show_the_line(tmp_path: Path):
    with pytest.raises(InvalidInput) as refused:
        read_plain(b"password: 'planted-marker-value\n  [")
    assert "planted-marker" not in str(refused.value)
