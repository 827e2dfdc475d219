"""Kinds of values: a field that takes a number and gets a text is a problem with its place."""

from typing import Any

import pytest

from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import parse
from integrations_app.workflows.problems import Severity, problems
from tests.workflows.probe import Vendor, probe


def said(**inputs: Any) -> dict[str, str]:
    """The problems of kind that a second step with these inputs has, by place."""
    first = {"key": "one", "type": "action", "action": "probe.put", "inputs": {"text": "hello"}}
    second = {"key": "two", "type": "action", "action": "probe.put", "inputs": {"text": "hello", **inputs}}
    definition = parse({"format": 1, "name": "Kinds", "steps": [first, second]})
    found = [one for one in problems(definition, Registry([probe(Vendor())]), []) if one.code == "wrong_kind"]
    assert all(one.severity is Severity.WARNING for one in found)
    return {one.path: one.message for one in found}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"count": "{{ steps.one.output.id }}"}, {"count": "Count expects a number, gets a text."}),
        ({"count": "many"}, {"count": "Count expects a number, gets a text."}),
        ({"count": "{{ steps.one.ok }}"}, {"count": "Count expects a number, gets true or false."}),
        ({"count": "n {{ run.id }}"}, {"count": "Count expects a number, gets a text."}),
        ({"body": "{{ steps.one.output.text }}"}, {"body": "Body expects an object, gets a text."}),
        ({"labels": "{{ steps.one.output }}"}, {"labels": "Labels expects a list, gets an object."}),
        ({"labels": "{{ steps.one.output.text | size }}"}, {"labels": "Labels expects a list, gets a number."}),
        ({"count": "{{ steps.one.output.text | size }}"}, {}),
        ({"count": "3"}, {}),
        ({"count": 3}, {}),
        ({"count": "{{ trigger.anything }}"}, {}),
        ({"labels": "{{ steps.one.output.text }}"}, {}),
        ({"labels": ["a"]}, {}),
        ({"body": '{"a": "{{ run.id }}"}'}, {}),
        ({"body": "{{ steps.one.output }}"}, {}),
        ({"text": "{{ steps.one.output }}"}, {}),
    ],
)
def test_what_a_field_expects_and_gets(inputs: dict[str, Any], expected: dict[str, str]) -> None:
    assert said(**inputs) == {f"steps.1.inputs.{name}": words for name, words in expected.items()}
