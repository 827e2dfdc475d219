"""Commands on a draft: what undoes each restores the document exactly, and nothing but what was meant changes."""

import copy
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.errors import Conflict, InvalidInput
from integrations_app.workflows.definition import MAX_STEPS
from integrations_app.workflows.editing import tree
from integrations_app.workflows.editing.commands import (
    COMMANDS,
    AddBranch,
    AddSteps,
    Batch,
    Command,
    MoveBranch,
    MoveStep,
    Place,
    RemoveBranch,
    RemoveStep,
    RenameKey,
    ReplaceAll,
    ReplaceStep,
    SetPart,
    apply,
)
from tests.examples import many

NAMES = [f"s{number}" for number in range(30)]
TEXTS = st.sampled_from(
    ["", "plain", "{{ steps.s1.output.a }}", "steps.s1 in words", "{{ trigger.x }} and {{ steps.s2.ok }}"]
)


def action(key: str, **parts: Any) -> dict[str, Any]:
    return {"key": key, "type": "action", "action": "probe.send", **parts}


def document(*steps: dict[str, Any]) -> tree.Document:
    return tree.canonical({"format": 1, "name": "Tell", "trigger": {"type": "manual"}, "steps": list(steps)})


DEEP = document(
    action("first", inputs={"text": "hi"}),
    {
        "key": "which",
        "type": "condition",
        "branches": [
            {
                "when": "steps.first.ok",
                "steps": [action("inner"), action("other", inputs={"text": "{{ steps.inner.output.id }}"})],
            },
            {"else": True, "steps": []},
        ],
    },
    {"key": "each", "type": "for_each", "items": "{{ steps.first.output.list }}", "steps": [action("loop")]},
)


@st.composite
def documents(draw: st.DrawFn) -> tree.Document:
    keys = (f"s{number}" for number in count())

    def steps(depth: int) -> list[dict[str, Any]]:
        made = []
        for _ in range(draw(st.integers(0, 3))):
            kinds = ["action", "delay", "stop", *(["condition", "for_each"] if depth else [])]
            kind = draw(st.sampled_from(kinds))
            step: dict[str, Any] = {"key": next(keys), "type": kind}
            if kind == "action":
                step |= {"action": "probe.send", "inputs": {"text": draw(TEXTS)}}
            elif kind == "condition":
                branches = [{"when": "trigger.ok", "steps": steps(depth - 1)} for _ in range(draw(st.integers(0, 2)))]
                step |= {"branches": [*branches, {"else": True, "steps": steps(depth - 1)}]}
            elif kind == "for_each":
                step |= {"items": draw(TEXTS), "steps": steps(depth - 1)}
            made.append(step)
        return made

    return document(*steps(2))


def replacements(key: str, fresh: str) -> st.SearchStrategy[dict[str, Any]]:
    """Other steps with the same key, some that are none, and one that would change its key."""
    inside = {"key": fresh, "type": "stop"}
    return st.sampled_from(
        [
            action(key, inputs={"text": "new"}, timeout_seconds=30),
            {"key": key, "type": "delay", "seconds": 5},
            {"key": key, "type": "for_each", "items": [1], "steps": [inside]},
            {"key": key, "type": "condition", "branches": [{"when": "true", "steps": [inside]}, {"else": True}]},
            {"key": key, "type": "halt"},
            {"key": fresh, "type": "stop"},
        ]
    )


@st.composite
def commands(draw: st.DrawFn, given: tree.Document, depth: int = 1) -> Command:
    """Any command; many of them do not fit the document."""
    present = tree.keys_in(given.get("steps") or [])
    key = draw(st.sampled_from([*present, "nobody"]))
    place = Place(
        parent=draw(st.sampled_from(["", *present])),
        branch=draw(st.sampled_from([None, 0, 1])),
        index=draw(st.integers(0, 4)),
    )
    fresh = tree.free_key(given, draw(st.sampled_from(NAMES)))
    index = draw(st.integers(0, 2))
    kind = draw(st.integers(0, 11 if depth else 10))
    simple: list[Command] = [
        AddSteps(at=place, steps=[action(fresh), {"key": f"{fresh}_more", "type": "stop"}]),
        RemoveStep(key=key),
        MoveStep(key=key, to=place),
        RenameKey(key=key, to=fresh),
        AddBranch(key=key, index=index, branch={"when": "true", "steps": [action(fresh)]}),
        RemoveBranch(key=key, index=index),
        MoveBranch(key=key, index=index, to=draw(st.integers(0, 3))),
        ReplaceStep(key=key, step=draw(replacements(key, fresh))),
    ]
    if kind < len(simple):
        return simple[kind]
    if kind == 11:
        return Batch(commands=[draw(commands(given, 0)) for _ in range(draw(st.integers(1, 3)))])
    target, path = draw(st.sampled_from(PARTS))
    target = key if target == "step" else target
    name = path[-1] if path else ""
    to = draw(st.sampled_from([[], *([value] for value in VALUES.get(name, ["", "a", None, 3]))]))
    return SetPart(target=target, path=path, to=to, was=seen(given, target, path))


PARTS = [
    ("", ("name",)),
    ("trigger", ("config", "endpoint")),
    ("trigger", ()),
    ("step", ("name",)),
    ("step", ("inputs", "text")),
    ("step", ("inputs", "deep", "er")),
    ("step", ("when",)),
    ("step", ("timeout_seconds",)),
    ("step", ("retry", "attempts")),
    ("step", ("branches", "0", "when")),
    ("step", ("branches", "1", "else")),
]
VALUES: dict[str, list[Any]] = {
    "timeout_seconds": [30.0, 60],
    "attempts": [4, 5],
    "": [{"type": "manual"}, {"type": "schedule", "config": {"cron": "* * * * *"}}],
}


def seen(given: tree.Document, target: str, path: tuple[str, ...]) -> list[Any]:
    """What an author sees at a place."""
    part: Any = given if target == "" else given["trigger"] if target == "trigger" else None
    if part is None:
        found = tree.find(given, target)
        part = found.step if found else {}
    for name in path:
        if isinstance(part, list):
            part = {str(index): one for index, one in enumerate(part)}.get(name, {})
        elif isinstance(part, dict) and name in part:
            part = part[name]
        else:
            return []
    return [part]


@settings(max_examples=many(300), deadline=None)
@given(st.data())
def test_any_edits_undone_in_turn_restore_the_document_exactly(data: st.DataObject) -> None:
    given = data.draw(documents())
    states, undo = [given], []
    for _ in range(6):
        command = data.draw(commands(states[-1]))
        before = copy.deepcopy(states[-1])
        try:
            changed, inverse = apply(states[-1], command)
        except (Conflict, InvalidInput):
            assert states[-1] == before
            continue
        assert COMMANDS.validate_json(COMMANDS.dump_json(command)) == command
        assert states[-1] == before
        assert tree.canonical(changed) == changed
        states.append(changed)
        undo.append(COMMANDS.validate_json(COMMANDS.dump_json(inverse)))
    redo = []
    while undo:
        changed, inverse = apply(states.pop(), undo.pop())
        assert changed == states[-1]
        redo.append(inverse)
    assert changed == given if redo else True


@settings(max_examples=many(100), deadline=None)
@given(st.data())
def test_what_was_undone_can_be_done_again(data: st.DataObject) -> None:
    given = data.draw(documents())
    try:
        changed, inverse = apply(given, data.draw(commands(given)))
    except (Conflict, InvalidInput):
        return
    back, again = apply(changed, inverse)
    assert back == given
    assert apply(back, again)[0] == changed


def test_a_step_moves_into_a_branch_and_out_of_a_loop() -> None:
    changed, _ = apply(DEEP, MoveStep(key="loop", to=Place(parent="which", branch=1)))
    assert [one["key"] for one in changed["steps"][1]["branches"][1]["steps"]] == ["loop"]
    assert "steps" not in changed["steps"][2]
    changed, _ = apply(changed, MoveStep(key="loop", to=Place(index=99)))
    assert [one["key"] for one in changed["steps"]] == ["first", "which", "each", "loop"]


@pytest.mark.parametrize("parent", ["which", "inner"])
def test_a_step_cannot_be_moved_into_itself(parent: str) -> None:
    with pytest.raises(InvalidInput):
        apply(DEEP, MoveStep(key="which", to=Place(parent=parent, branch=0)))


@pytest.mark.parametrize(
    "place", [Place(parent="first"), Place(parent="each", branch=0), Place(parent="which"), Place(branch=1)]
)
def test_a_place_that_there_is_not_is_refused(place: Place) -> None:
    with pytest.raises(InvalidInput):
        apply(DEEP, AddSteps(at=place, steps=[action("new")]))


def test_what_somebody_deleted_meanwhile_is_said() -> None:
    gone, _ = apply(DEEP, RemoveStep(key="which"))
    for command in (
        RemoveStep(key="inner"),
        MoveStep(key="inner", to=Place()),
        SetPart(target="inner", path=("name",), to=["x"], was=[]),
        AddSteps(at=Place(parent="which", branch=0), steps=[action("new")]),
        RemoveBranch(key="which", index=0),
        SetPart(target="which", path=("branches", "0", "when"), to=["true"], was=["steps.first.ok"]),
    ):
        with pytest.raises(Conflict) as refusal:
            apply(gone, command)
        assert refusal.value.code == "step_gone"


def test_two_who_change_different_parts_are_both_kept() -> None:
    mine = SetPart(target="first", path=("inputs", "text"), to=["mine"], was=["hi"])
    theirs = SetPart(target="first", path=("name",), to=["Theirs"], was=[])
    changed, _ = apply(apply(DEEP, theirs)[0], mine)
    assert (changed["steps"][0]["name"], changed["steps"][0]["inputs"]["text"]) == ("Theirs", "mine")


def test_two_who_change_the_same_part_do_not_overwrite_each_other() -> None:
    theirs = SetPart(target="first", path=("inputs", "text"), to=["theirs"], was=["hi"])
    mine = SetPart(target="first", path=("inputs", "text"), to=["mine"], was=["hi"])
    changed, _ = apply(DEEP, theirs)
    with pytest.raises(Conflict) as refusal:
        apply(changed, mine)
    assert refusal.value.code == "changed_meanwhile"


def test_a_default_that_is_left_out_is_the_same_as_one_that_is_written() -> None:
    changed, inverse = apply(DEEP, SetPart(target="first", path=("timeout_seconds",), to=[30], was=[]))
    assert changed == DEEP
    assert apply(changed, inverse)[0] == DEEP


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("first", ("key",)),
        ("first", ("type",)),
        ("which", ("branches",)),
        ("which", ("branches", "0", "steps")),
        ("each", ("steps",)),
        ("", ("steps",)),
        ("", ("trigger",)),
        ("", ()),
        ("first", ()),
        ("first", ("name", "deeper")),
        ("first", ("branches", "0", "when")),
        ("which", ("branches", "first", "when")),
        ("trigger", ("type", "deeper")),
    ],
)
def test_the_structure_is_not_set_by_the_way(target: str, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        apply(DEEP, SetPart(target=target, path=path, to=[{}], was=seen(DEEP, target, path)))


def test_who_reads_a_step_follows_its_new_key_and_plain_words_do_not() -> None:
    given = document(
        action("a"),
        action(
            "b", when="steps.a.ok", inputs={"text": "steps.a is {{ steps.a.output.x }}", "list": ["{{steps.a.ok}}"]}
        ),
        {
            "key": "c",
            "type": "for_each",
            "items": "{{ steps.a.output.l }}",
            "steps": [action("ab", inputs={"t": "{{ steps.ab }}"})],
        },
    )
    changed, inverse = apply(given, RenameKey(key="a", to="z"))
    assert changed["steps"][1] == action(
        "b", when="steps.z.ok", inputs={"text": "steps.a is {{ steps.z.output.x }}", "list": ["{{steps.z.ok}}"]}
    )
    assert changed["steps"][2]["items"] == "{{ steps.z.output.l }}"
    assert apply(changed, inverse)[0] == given
    with pytest.raises(Conflict, match="in use"):
        apply(given, RenameKey(key="b", to="ab"))


def test_an_import_is_undone_only_while_nobody_changed_it() -> None:
    changed, inverse = apply(DEEP, ReplaceAll(document=document(action("new"))))
    assert apply(changed, inverse)[0] == DEEP
    edited, _ = apply(changed, SetPart(target="", path=("name",), to=["Other"], was=["Tell"]))
    with pytest.raises(Conflict):
        apply(edited, inverse)


def test_a_step_is_replaced_with_what_stands_inside_it_and_keeps_its_key() -> None:
    new = {"key": "which", "type": "delay", "seconds": 5}
    seen = tree.digest(tree.get(DEEP, "which").step)
    changed, inverse = apply(DEEP, ReplaceStep(key="which", step=new, was=seen))
    assert [one["key"] for one in changed["steps"]] == ["first", "which", "each"]
    assert changed["steps"][1] == {"key": "which", "type": "delay", "seconds": 5}
    assert apply(changed, inverse)[0] == DEEP
    with pytest.raises(Conflict) as refusal:
        apply(changed, ReplaceStep(key="which", step=new, was=seen))
    assert refusal.value.code == "changed_meanwhile"


@pytest.mark.parametrize(
    ("step", "place"),
    [
        (action("first"), "key"),
        ({"type": "stop"}, "key"),
        ({"key": "inner", "type": "halt"}, "steps.1.branches.0.steps.0"),
        ({"key": "inner", "type": "delay", "seconds": [1]}, "steps.1.branches.0.steps.0.seconds.float"),
        ({"key": "inner", "type": "for_each", "steps": [action("first")]}, "steps.1.branches.0.steps.0.steps.0.key"),
        ({"key": "inner", "type": "stop", "message": 10**30}, ""),
    ],
)
def test_what_cannot_stand_in_a_steps_place_is_refused_with_its_place(step: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        apply(DEEP, ReplaceStep(key="inner", step=step))
    assert place in refusal.value.fields


def test_half_a_batch_changes_nothing() -> None:
    before = copy.deepcopy(DEEP)
    with pytest.raises(Conflict):
        apply(DEEP, Batch(commands=[RemoveStep(key="first"), RemoveStep(key="first")]))
    assert before == DEEP


def test_a_batch_that_passes_through_what_is_no_definition_is_undone_all_the_same() -> None:
    given = document({"key": "wait", "type": "delay"})
    odd = SetPart(target="wait", path=("inputs", "text"), to=["x"], was=[])
    changed, inverse = apply(given, Batch(commands=[odd, RemoveStep(key="wait")]))
    assert "steps" not in changed
    assert apply(changed, inverse)[0] == given


def test_a_batch_that_replaces_a_step_that_no_definition_can_hold_is_undone_all_the_same() -> None:
    given = document({"key": "wait", "type": "delay"})
    odd = SetPart(target="wait", path=("inputs", "text"), to=[""], was=[])
    replaced = ReplaceStep(key="wait", step=action("wait", inputs={"text": "new"}, name=""))
    changed, inverse = apply(given, Batch(commands=[odd, replaced]))
    assert changed["steps"] == [action("wait", inputs={"text": "new"})]
    back, again = apply(changed, inverse)
    assert back == given
    assert apply(back, again)[0] == changed


def test_as_many_steps_as_a_workflow_may_have_are_pasted_and_taken_out_again() -> None:
    given = document()
    steps = [{"key": f"s{number}", "type": "stop"} for number in range(MAX_STEPS)]
    changed, inverse = apply(given, AddSteps(at=Place(), steps=steps))
    assert len(changed["steps"]) == MAX_STEPS
    assert apply(changed, COMMANDS.validate_json(COMMANDS.dump_json(inverse)))[0] == given
    with pytest.raises(InvalidInput) as refusal:
        apply(given, AddSteps(at=Place(), steps=[*steps, {"key": "more", "type": "stop"}]))
    assert "steps" in refusal.value.fields


def test_a_condition_is_not_set_in_a_branch_that_somebody_deleted() -> None:
    gone, _ = apply(DEEP, RemoveBranch(key="which", index=1))
    with pytest.raises(Conflict) as refusal:
        apply(gone, SetPart(target="which", path=("branches", "1", "when"), to=["true"], was=[]))
    assert refusal.value.code == "branch_gone"


def test_readers_of_a_step_and_of_what_is_inside() -> None:
    assert tree.readers_of(DEEP, tree.keys_in([DEEP["steps"][0]])) == ["which", "each"]
    assert tree.readers_of(DEEP, ["inner"]) == ["other"]
    assert tree.readers_of(DEEP, tree.keys_in([DEEP["steps"][1]])) == []
