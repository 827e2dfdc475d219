"""Definitions travel unharmed as YAML, and hostile documents are refused before anything is built from them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.cli.exchange import read_definition, to_yaml, with_names
from integrations_app.errors import InvalidInput
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


@given(st.dictionaries(texts, values, max_size=5))
@settings(max_examples=200, deadline=None)
def test_what_is_written_reads_the_same(definition):
    assert read_definition(to_yaml(definition).encode()) == definition


@pytest.mark.parametrize(
    "text", ["on", "yes", "2026-01-01", "0123", "1e3", "1.5e3", "null", "~", "<<", "=", "1_000", ""]
)
def test_texts_that_look_like_something_else_stay_texts(text):
    assert read_definition(to_yaml({"a": text, text: 1}).encode()) == {"a": text, text: 1}


def test_yaml_words_of_old_are_texts_and_json_is_read_too():
    assert read_definition(b"when: yes\nat: 2026-01-01\nmode: 0644\n") == {
        "when": "yes",
        "at": "2026-01-01",
        "mode": "0644",
    }
    assert read_definition(b'{"a": [1, 2.5, true, null, "x"]}') == {"a": [1, 2.5, True, None, "x"]}


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
        (b"1: a", "no text"),
        (b"[a]: b", "no text"),
        (b"a: 1e999", "cannot be read"),
        (b"---\na: 1\n---\nb: 2\n", "one document"),
        (b"", "one document"),
        (b"- a", "object"),
        (b"plain", "object"),
        (b"a: [", "not YAML"),
        (b"a: \x00", "not YAML"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_hostile_documents_are_refused(raw, why):
    with pytest.raises(InvalidInput, match=why):
        read_definition(raw)


def test_a_refusal_does_not_show_the_line(tmp_path: Path):
    with pytest.raises(InvalidInput) as refused:
        read_definition(b"password: 'planted-marker-value\n  [")
    assert "planted-marker" not in str(refused.value)


def test_ids_become_names_where_a_name_is_unique():
    known = [
        KnownConnection("c1", "one", "acme", "connected", ()),
        KnownConnection("c2", "twin", "acme", "connected", ()),
        KnownConnection("c3", "twin", "acme", "connected", ()),
    ]
    inner = {"key": "b", "type": "action", "connection": "c2"}
    definition: dict[str, Any] = {
        "name": "n",
        "trigger": {"type": "webhook", "config": {"endpoint": "e1"}},
        "steps": [
            {"key": "a", "type": "action", "connection": "c1"},
            {"key": "c", "type": "condition", "branches": [{"steps": [inner]}]},
        ],
    }
    named = with_names(definition, known, [KnownEndpoint("e1", "orders")])
    assert named["trigger"]["config"]["endpoint"] == "orders"
    assert named["steps"][0]["connection"] == "one"
    assert named["steps"][1]["branches"][0]["steps"][0]["connection"] == "c2"
    assert definition["steps"][0]["connection"] == "c1"
