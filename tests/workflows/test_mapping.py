"""Mappings: values keep their type, texts become what the field takes, structure comes from the template alone."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.sdk.actions import Params
from integrations_app.workflows.mapping import bind
from tests.examples import many
from tests.workflows.probe import Post


def bound(values: dict[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    return bind({"text": "x"} | inputs, Post, {"trigger": values or {}}).model_dump()


@pytest.mark.parametrize(
    ("inputs", "values", "expected"),
    [
        ({"text": "{{ trigger.n }}"}, {"n": 7}, {"text": "7"}),
        ({"text": "{{ trigger.n }}"}, {"n": True}, {"text": "true"}),
        ({"text": "{{ trigger.n }}"}, {"n": 1.5}, {"text": "1.5"}),
        ({"count": "{{ trigger.n }}"}, {"n": "12"}, {"count": 12}),
        ({"count": "3"}, {}, {"count": 3}),
        ({"count": ""}, {}, {"count": 1}),
        ({"labels": "{{ trigger.l }}"}, {"l": ["a", "b"]}, {"labels": ["a", "b"]}),
        ({"labels": '["a", "{{ trigger.x }}"]'}, {"x": 'q","z'}, {"labels": ["a", 'q","z']}),
        ({"labels": "{{ trigger.l }}"}, {"l": '["a"]'}, {"labels": ["a"]}),
        ({"labels": "{{ trigger.l }}"}, {"l": "a, b"}, {"labels": ["a, b"]}),
        ({"labels": ["{{ trigger.x }}"]}, {"x": "y"}, {"labels": ["y"]}),
        (
            {"body": '{"a": "{{ trigger.x }}", "b": "{{ trigger.x }}!"}'},
            {"x": {"c": 1}},
            {"body": {"a": {"c": 1}, "b": '{"c":1}!'}},
        ),
        ({"body": {"a": ["{{ trigger.x }}"]}}, {"x": None}, {"body": {"a": [None]}}),
        ({"body": "{{ trigger.x }}"}, {"x": '{"a": 1}'}, {"body": {"a": 1}}),
    ],
)
def test_values_become_what_the_field_takes(
    inputs: dict[str, Any], values: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert expected.items() <= bound(values, **inputs).items()


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"text": "{{ trigger.gone }}"}, "inputs.text"),
        ({"text": "{{ trigger.tree }}"}, "inputs.text"),
        ({"text": None}, "inputs.text"),
        ({"count": "many"}, "inputs.count"),
        ({"body": "not json"}, "inputs.body"),
        ({"body": '{"a": {{ trigger.n }}}'}, "inputs.body"),
        ({"labels": {"a": 1}}, "inputs.labels"),
        ({"unknown": 1}, "inputs.unknown"),
    ],
)
def test_what_does_not_fit_is_named(inputs: dict[str, Any], path: str) -> None:
    with pytest.raises(MappingError) as refusal:
        bound({"tree": {"a": 1}, "n": 1}, **inputs)
    assert list(refusal.value.fields) == [path]
    assert refusal.value.code == "mapping_error"


def test_too_long_a_text_has_its_own_code() -> None:
    from typing import Annotated

    from pydantic import StringConstraints

    class Short(Params):
        text: Annotated[str, StringConstraints(max_length=3)]

    with pytest.raises(InvalidInput) as refusal:
        bind({"text": "{{ trigger.t }}"}, Short, {"trigger": {"t": "long"}})
    assert refusal.value.code == "input_too_long"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
@settings(max_examples=many(200), deadline=None)
def test_no_value_changes_the_structure_of_a_body(value: Any) -> None:
    made = bound({"v": value}, body='{"left": 1, "here": "{{ trigger.v }}", "right": [2]}')["body"]
    assert made == {"left": 1, "here": value, "right": [2]}
    assert orjson.loads(orjson.dumps(made)) == made
