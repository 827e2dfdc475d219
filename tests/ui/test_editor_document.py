"""What a person does in the editor, as commands: keys stay unique, and every place can be reached by its keys."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput
from integrations_app.sdk.forms import Field
from integrations_app.sdk.registry import Registry
from integrations_app.ui.pages import editor_document as edit
from integrations_app.ui.pages.editor_rows import outline
from integrations_app.ui.pages.editor_values import meant, set_option, set_trigger_field, shown
from integrations_app.workflows.editing import tree
from integrations_app.workflows.editing.commands import AddSteps, Command, Place, apply


def document(*keys: str) -> tree.Document:
    steps = [{"key": key, "name": key.title(), "type": "action", "action": "probe.send"} for key in keys]
    return tree.canonical({"format": 1, "name": "Tell", "trigger": {"type": "manual"}, "steps": steps})


def done(given: tree.Document, command: Command | None) -> tree.Document:
    assert command is not None
    return apply(given, command)[0]


NESTED: dict[str, Any] = {
    "key": "which",
    "type": "condition",
    "branches": [{"when": "trigger.ok", "steps": [{"key": "inner", "type": "stop"}]}, {"else": True}],
}
LOOP: dict[str, Any] = {"key": "each", "type": "for_each", "items": "{{ trigger.list }}", "steps": []}
DEEP = tree.canonical({**document("a"), "steps": [*document("a")["steps"], NESTED, LOOP, *document("z")["steps"]]})


def shape(given: tree.Document) -> str:
    """The keys as they stand: `a which[inner|] each[] z`."""

    def words(steps: list[tree.Step]) -> str:
        return " ".join(one["key"] + inside(one) for one in steps)

    def inside(step: tree.Step) -> str:
        lists = tree.lists_in(step)
        return f"[{'|'.join(words(steps) for _, steps in lists)}]" if lists else ""

    return words(given.get("steps") or [])


def test_a_new_step_gets_a_readable_key_that_nobody_has() -> None:
    given = done(document("send_message", "send_message_2"), AddSteps(at=Place(index=9), steps=[NESTED]))
    assert edit.free_key(given, "send_message") == "send_message_3"
    assert edit.free_key(given, "inner") == "inner_2"
    assert edit.free_key(given, "2 fast!") == "step_2_fast"
    assert edit.free_key(given, "日本") == "step"
    assert edit.action_step(given, "probe.send_message", "Send a message", "c1") == {
        "key": "send_message_3",
        "name": "Send a message",
        "type": "action",
        "action": "probe.send_message",
        "connection": "c1",
    }


def test_every_new_step_can_be_stored_and_undone() -> None:
    given = DEEP
    kinds = ("condition", "for_each", "delay", "stop")
    for made in (edit.action_step(given, "probe.x", "X"), *(edit.own_step(given, kind) for kind in kinds)):
        changed, inverse = apply(given, AddSteps(at=edit.place_behind(given, "inner"), steps=[made]))
        assert tree.find(changed, made["key"]) is not None
        assert apply(changed, inverse)[0] == given


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ("a", "a new which[inner|] each[] z"),
        ("inner", "a which[inner new|] each[] z"),
        ("", "a which[inner|] each[] z new"),
        ("trigger", "new a which[inner|] each[] z"),
    ],
)
def test_a_step_is_added_where_it_was_asked_for(behind: str, expected: str) -> None:
    command = AddSteps(at=edit.place_behind(DEEP, behind), steps=[{"key": "new", "type": "stop"}])
    assert shape(done(DEEP, command)) == expected


@pytest.mark.parametrize(
    ("parent", "branch", "expected"),
    [
        ("which", 0, "a which[inner new|] each[] z"),
        ("which", 1, "a which[inner|new] each[] z"),
        ("each", None, "a which[inner|] each[new] z"),
    ],
)
def test_a_step_is_added_to_the_end_of_a_branch_or_a_loop(parent: str, branch: int | None, expected: str) -> None:
    command = AddSteps(at=edit.end_of(DEEP, parent, branch), steps=[{"key": "new", "type": "stop"}])
    assert shape(done(DEEP, command)) == expected


def test_a_step_goes_down_through_every_place_and_up_again() -> None:
    down = [
        "a which[inner|] each[] z",
        "which[a inner|] each[] z",
        "which[inner a|] each[] z",
        "which[inner|a] each[] z",
        "which[inner|] a each[] z",
        "which[inner|] each[a] z",
        "which[inner|] each[] a z",
        "which[inner|] each[] z a",
    ]
    given, seen = DEEP, [shape(DEEP)]
    while command := edit.moving(given, "a", 1):
        given = done(given, command)
        seen.append(shape(given))
    assert seen == down
    up = [shape(given)]
    while command := edit.moving(given, "a", -1):
        given = done(given, command)
        up.append(shape(given))
    assert up == down[::-1]


def test_a_step_that_is_gone_goes_nowhere() -> None:
    assert edit.moving(DEEP, "x", 1) is None
    assert edit.copying(DEEP, "x") is None


def test_a_copy_stands_behind_its_original_with_keys_of_its_own_inside_too() -> None:
    copied = done(document("send_2", "b"), edit.copying(document("send_2", "b"), "send_2"))
    assert shape(copied) == "send_2 send b"
    assert copied["steps"][1]["name"] == "Send_2 (copy)"
    inside = {"key": "told", "type": "action", "action": "probe.send", "inputs": {"text": "{{ steps.inner.ok }}"}}
    given = done(DEEP, AddSteps(at=edit.place_behind(DEEP, "inner"), steps=[inside]))
    copied = done(given, edit.copying(given, "which"))
    assert shape(copied) == "a which[inner told|] which_2[inner_2 told_2|] each[] z"
    found = tree.find(copied, "told_2")
    assert found is not None
    assert found.step["inputs"] == {"text": "{{ steps.inner_2.ok }}"}


def test_another_action_keeps_the_inputs_that_it_takes_too() -> None:
    given = done(document("a"), edit.set_input(document("a"), "a", "text", "hi"))
    given = done(given, edit.set_input(given, "a", "channel", "C1"))
    changed = done(given, edit.with_action(given, "a", "probe.dm", ("A", "Send a DM"), ["text", "user"]))
    assert changed["steps"][0] == {
        "key": "a", "name": "Send a DM", "type": "action", "action": "probe.dm", "inputs": {"text": "hi"},
    }  # fmt: skip
    named = done(given, edit.set_step(given, "a", "name", "Tell #ops"))
    kept = done(named, edit.with_action(named, "a", "probe.dm", ("A", "Send a DM"), []))
    assert kept["steps"][0]["name"] == "Tell #ops"


def test_nothing_is_left_of_what_was_emptied() -> None:
    given = done(document("a"), edit.set_input(document("a"), "a", "text", "hi"))
    assert done(given, edit.set_input(given, "a", "text", None)) == document("a")
    assert done(document("a"), edit.set_step(document("a"), "a", "when", None)) == document("a")


def test_another_trigger_forgets_the_settings_of_the_former() -> None:
    given = done(document(), edit.set_trigger(document(), "probe.issue", "c1"))
    given = done(given, edit.set_config(given, "repository", "acme/web"))
    assert given["trigger"] == {"type": "probe.issue", "connection": "c1", "config": {"repository": "acme/web"}}
    assert done(given, edit.set_trigger(given, "manual"))["trigger"] == {"type": "manual"}
    assert done(given, edit.set_connection(given, "trigger", "c2"))["trigger"]["connection"] == "c2"


def test_a_new_branch_stands_before_otherwise() -> None:
    changed = done(DEEP, edit.adding_branch(DEEP, "which"))
    assert [bool(branch.get("else")) for branch in changed["steps"][1]["branches"]] == [False, False, True]
    assert edit.adding_branch(DEEP, "each") is None


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("trigger.config.repository", ("trigger", "config.repository")),
        ("steps.0.inputs.text", ("a", "inputs.text")),
        ("steps.1.branches.0.steps.0.message", ("inner", "message")),
        ("steps.1.branches.0.when", ("which", "branches.0.when")),
        ("steps.1.branches.7.when", ("which", "branches.7.when")),
        ("steps.2.items", ("each", "items")),
        ("steps", ("", "steps")),
        ("steps.7.action", ("", "steps.7.action")),
        ("name", ("", "name")),
    ],
)
def test_a_problem_belongs_to_the_innermost_step(path: str, owner: tuple[str, str]) -> None:
    assert edit.owner_of(DEEP, path) == owner


def test_the_outline_shows_every_step_and_a_heading_before_each_list() -> None:
    lines = [(line.depth, line.title, line.heading) for line in outline(DEEP, Registry(()), ())]
    assert lines == [
        (0, "Manually", False),
        (0, "A", False),
        (0, "Condition", False),
        (1, "If trigger.ok", True),
        (1, "Stop", False),
        (1, "Otherwise", True),
        (0, "For each", False),
        (1, "For each item", True),
        (0, "Z", False),
    ]


@pytest.mark.parametrize(("key", "neighbour"), [("a", "trigger"), ("which", "a"), ("inner", "which"), ("x", "trigger")])
def test_what_is_selected_when_a_step_goes(key: str, neighbour: str) -> None:
    assert edit.neighbour_of(DEEP, key) == neighbour


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
    given = done(document(), edit.set_trigger(document(), "probe.issue"))
    assert done(given, set_trigger_field(given, LIST, ""))["trigger"]["config"] == {"labels": []}
    assert "config" not in done(given, set_trigger_field(given, TEXT, ""))["trigger"]


def test_options_are_bounded_and_can_be_taken_back() -> None:
    given = done(document("a"), set_option(document("a"), "a", "attempts", "3"))
    given = done(given, set_option(given, "a", "timeout_seconds", "2.5"))
    step = given["steps"][0]
    assert (step["retry"], step["timeout_seconds"]) == ({"attempts": 3}, 2.5)
    assert "retry" not in done(given, set_option(given, "a", "attempts", ""))["steps"][0]
    for name, text in (("attempts", "0"), ("attempts", "x"), ("attempts", "2.5"), ("timeout_seconds", "601")):
        with pytest.raises(InvalidInput) as refused:
            set_option(given, "a", name, text)
        assert list(refused.value.fields) == [name]


def test_a_wait_until_a_time_becomes_one_of_seconds() -> None:
    given = tree.canonical({**document(), "steps": [{"key": "w", "type": "delay", "until": "{{ trigger.at }}"}]})
    assert done(given, set_option(given, "w", "seconds", "5"))["steps"][0] == {
        "key": "w",
        "type": "delay",
        "seconds": 5.0,
    }


def test_the_condition_of_a_branch_is_an_option_of_its_step() -> None:
    changed = done(DEEP, set_option(DEEP, "which", "branch-0", "trigger.fine"))
    assert changed["steps"][1]["branches"][0]["when"] == "trigger.fine"


def test_the_rest_of_the_retry_rule() -> None:
    given = document("a")
    for name, text in (("backoff", "fixed"), ("delay_seconds", "2.5"), ("max_delay_seconds", "0"), ("jitter", "false")):
        given = done(given, set_option(given, "a", name, text))
    wanted = {"backoff": "fixed", "delay_seconds": 2.5, "max_delay_seconds": 0, "jitter": False}
    assert given["steps"][0]["retry"] == wanted
    for name, text in (
        ("backoff", "exponential"),
        ("delay_seconds", ""),
        ("max_delay_seconds", ""),
        ("jitter", "true"),
    ):
        given = done(given, set_option(given, "a", name, text))
    assert "retry" not in given["steps"][0]
    with pytest.raises(InvalidInput):
        set_option(given, "a", "delay_seconds", "3601")


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        ("z", ("", -1, 0), "z a which[inner|] each[]"),
        ("a", ("", -1, 2), "which[inner|] a each[] z"),
        ("a", ("", -1, 99), "which[inner|] each[] z a"),
        ("inner", ("which", 1, 0), "a which[|inner] each[] z"),
        ("which", ("each", -1, 0), "a each[which[inner|]] z"),
    ],
)
def test_a_step_is_moved_to_the_place_between_two_that_the_person_sees(
    key: str, place: tuple[str, int, int], expected: str
) -> None:
    assert shape(done(DEEP, edit.moving_to(DEEP, key, edit.place_at(*place)))) == expected


@pytest.mark.parametrize(("key", "index"), [("which", 1), ("which", 2), ("gone", 0)])
def test_a_step_that_is_dropped_where_it_stands_is_not_moved(key: str, index: int) -> None:
    assert edit.moving_to(DEEP, key, edit.place_at("", -1, index)) is None


def test_a_space_at_the_end_of_a_message_stays_for_the_variable_to_come() -> None:
    given = tree.canonical({**document(), "steps": [{"key": "s", "type": "stop"}]})
    changed = done(given, set_option(given, "s", "message", "About "))
    assert changed["steps"][0]["message"] == "About "
    assert "message" not in done(changed, set_option(changed, "s", "message", "  "))["steps"][0]
