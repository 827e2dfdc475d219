"""Edits of a workflow's definition: keys stay unique, nothing else changes, and what comes out can be stored."""

import copy
from typing import Any

import pytest

from integrations_app.errors import InvalidInput
from integrations_app.sdk.forms import Field
from integrations_app.ui.pages import editor_document as edit
from integrations_app.ui.pages.editor_values import meant, shown, with_config, with_option
from integrations_app.workflows.definition import parse


def document(*keys: str) -> edit.Document:
    steps = [{"key": key, "name": key.title(), "type": "action", "action": "probe.send"} for key in keys]
    return {"format": 1, "name": "Tell", "trigger": {"type": "manual"}, "steps": steps}


def order(changed: edit.Document) -> list[str]:
    return [step["key"] for step in changed["steps"]]


NESTED: dict[str, Any] = {
    "key": "which",
    "type": "condition",
    "branches": [{"when": "trigger.ok", "steps": [{"key": "inner", "type": "stop"}]}],
}


def test_an_edit_leaves_the_document_it_was_given_alone() -> None:
    given = document("a", "b")
    before = copy.deepcopy(given)
    edit.with_step_added(given, edit.delay_step(given))
    edit.with_step_moved(given, "a", 1)
    edit.with_step_removed(given, "a")
    edit.with_input(given, "a", "text", "hello")
    edit.with_trigger_set(given, connection="c1", repository="acme/web")
    assert given == before


def test_a_new_step_gets_a_readable_key_that_nobody_has() -> None:
    given = document("send_message", "send_message_2")
    given["steps"].append(NESTED)
    assert edit.free_key(given, "send_message") == "send_message_3"
    assert edit.free_key(given, "inner") == "inner_2"
    assert edit.free_key(given, "2 fast!") == "step_2_fast"
    assert edit.free_key(given, "日本") == "step"
    step = edit.action_step(given, "probe.send_message", "Send a message", "c1")
    assert step == {
        "key": "send_message_3",
        "name": "Send a message",
        "type": "action",
        "action": "probe.send_message",
        "connection": "c1",
    }


def test_every_new_step_can_be_stored() -> None:
    given = document("a")
    given["steps"].append(NESTED)
    for made in (edit.action_step(given, "probe.x", "X"), edit.delay_step(given), edit.stop_step(given)):
        given = edit.with_step_added(given, made)
    assert order(given) == ["a", "which", "x", "wait", "stop"]
    assert len(parse(given).steps) == 5


@pytest.mark.parametrize(
    ("after", "expected"), [("a", ["a", "new", "b"]), ("", ["a", "b", "new"]), ("trigger", ["new", "a", "b"])]
)
def test_a_step_is_added_where_it_was_asked_for(after: str, expected: list[str]) -> None:
    assert order(edit.with_step_added(document("a", "b"), {"key": "new", "type": "stop"}, after)) == expected


@pytest.mark.parametrize(
    ("key", "by", "expected"),
    [
        ("b", -1, ["b", "a", "c"]),
        ("b", 1, ["a", "c", "b"]),
        ("a", -1, ["a", "b", "c"]),
        ("c", 1, ["a", "b", "c"]),
        ("x", 1, ["a", "b", "c"]),
    ],
)
def test_a_step_moves_within_the_list(key: str, by: int, expected: list[str]) -> None:
    assert order(edit.with_step_moved(document("a", "b", "c"), key, by)) == expected


def test_a_copy_stands_behind_its_original_with_a_key_of_its_own() -> None:
    copied, key = edit.with_step_copied(document("send_2", "b"), "send_2")
    assert (order(copied), key) == (["send_2", "send", "b"], "send")
    assert copied["steps"][1]["name"] == "Send_2 (copy)"
    nested = document("a")
    nested["steps"].append(NESTED)
    assert edit.with_step_copied(nested, "which") == (nested, "")


def test_another_action_keeps_the_inputs_that_it_takes_too() -> None:
    given = edit.with_input(edit.with_input(document("a"), "a", "text", "hi"), "a", "channel", "C1")
    changed = edit.with_action(given, "a", "probe.dm", ("A", "Send a DM"), ["text", "user"])
    assert changed["steps"][0] == {
        "key": "a", "name": "Send a DM", "type": "action", "action": "probe.dm", "inputs": {"text": "hi"},
    }  # fmt: skip
    named = edit.with_step_set(given, "a", name="Tell #ops")
    assert edit.with_action(named, "a", "probe.dm", ("A", "Send a DM"), [])["steps"][0]["name"] == "Tell #ops"


def test_nothing_is_left_of_what_was_emptied() -> None:
    given = edit.with_input(document("a"), "a", "text", "hi")
    assert edit.with_input(given, "a", "text", None)["steps"][0]["inputs"] == {}
    assert "when" not in edit.with_step_set(given, "a", when=None)["steps"][0]


def test_another_trigger_forgets_the_settings_of_the_former() -> None:
    given = edit.with_trigger_set(edit.with_trigger(document(), "probe.issue", "c1"), repository="acme/web")
    assert given["trigger"] == {"type": "probe.issue", "connection": "c1", "config": {"repository": "acme/web"}}
    assert edit.with_trigger(given, "manual")["trigger"] == {"type": "manual"}


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("trigger.config.repository", ("trigger", "config.repository")),
        ("steps.0.inputs.text", ("a", "inputs.text")),
        ("steps.1.branches.0.steps.0.message", ("which", "branches.0.steps.0.message")),
        ("steps", ("", "steps")),
        ("steps.7.action", ("", "steps.7.action")),
        ("name", ("", "name")),
    ],
)
def test_a_problem_belongs_to_the_step_a_person_can_open(path: str, owner: tuple[str, str]) -> None:
    given = document("a")
    given["steps"].append(NESTED)
    assert edit.owner_of(given, path) == owner


def test_who_reads_a_step_is_found_in_any_text() -> None:
    given = document("send", "send_more", "b", "c")
    given = edit.with_input(given, "b", "text", ["x", {"y": "{{ steps.send.output.ts }}"}])
    given = edit.with_step_set(given, "c", when="steps.send_more.ok")
    assert edit.readers_of(given, "send") == ["b"]
    assert edit.readers_of(given, "send_more") == ["c"]


LIST = Field("labels", "Labels", "list", type="array")
PAIRS = Field("headers", "Headers", "pairs", type="object")
TREE = Field("body", "Body", "json", type="any")
NUMBER = Field("number", "Number", "number", type="integer")
TEXT = Field("text", "Text", "multiline")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (TEXT, "hello {{ trigger.a }}", "hello {{ trigger.a }}"),
        (TEXT, "  ", None),
        (LIST, "bug\n\n help wanted ", ["bug", "help wanted"]),
        (LIST, "{{ trigger.labels }}", "{{ trigger.labels }}"),
        (LIST, '["a", "b"]', '["a", "b"]'),
        (PAIRS, "X-A: 1\nX-B: a:b", {"X-A": "1", "X-B": "a:b"}),
        (PAIRS, '{"a": 1}', '{"a": 1}'),
        (TREE, '{"a": "{{ trigger.a }}"}', {"a": "{{ trigger.a }}"}),
        (TREE, "plain words", "plain words"),
        (NUMBER, "42", 42),
        (NUMBER, "{{ trigger.number }}", "{{ trigger.number }}"),
    ],
)
def test_what_is_typed_means_a_value_and_is_shown_as_it_was_typed(field: Field, text: str, value: object) -> None:
    assert meant(field, text) == value
    assert meant(field, shown(field, value)) == value


@pytest.mark.parametrize(("field", "text"), [(NUMBER, "many"), (NUMBER, "1.5"), (PAIRS, "no colon here")])
def test_what_means_nothing_is_refused_at_its_field(field: Field, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        meant(field, text)
    assert list(refused.value.fields) == [field.name]


def test_a_list_of_the_trigger_can_be_emptied() -> None:
    given = edit.with_trigger(document(), "probe.issue")
    assert with_config(given, LIST, "")["trigger"]["config"] == {"labels": []}
    assert with_config(given, TEXT, "")["trigger"]["config"] == {}


def test_options_are_bounded_and_can_be_taken_back() -> None:
    given = with_option(with_option(document("a"), "a", "attempts", "3"), "a", "timeout_seconds", "2.5")
    step = given["steps"][0]
    assert (step["retry"], step["timeout_seconds"]) == ({"attempts": 3}, 2.5)
    assert "retry" not in with_option(given, "a", "attempts", "")["steps"][0]
    assert parse(given).steps[0].key == "a"
    for name, text in (("attempts", "0"), ("attempts", "x"), ("attempts", "2.5"), ("timeout_seconds", "601")):
        with pytest.raises(InvalidInput) as refused:
            with_option(given, "a", name, text)
        assert list(refused.value.fields) == [name]
