"""Changes between definitions: none for equal ones, and each in words that a person understands."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.errors import NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.changes import Kind, changes
from integrations_app.workflows.editing.tree import canonical, digest
from integrations_app.workflows.versions import PartWords
from tests.workflows.probe import ACTOR, CONNECTION

VALUES = st.sampled_from([None, True, 1, 1.5, "", "a", "{{ trigger.x }}", [], [1, {"a": 2}], {}, {"b": {"c": 1}}])
KEYS = ["one", "two", "three", "four"]


def _leaf(key: str) -> st.SearchStrategy[dict[str, Any]]:
    action = st.fixed_dictionaries(
        {"key": st.just(key), "type": st.just("action"), "inputs": st.dictionaries(st.sampled_from("ab"), VALUES)},
        optional={"name": st.sampled_from(["", "N"]), "when": st.sampled_from(["true", "trigger.x"])},
    )
    return action | st.just({"key": key, "type": "stop"}) | st.just({"key": key, "type": "delay", "seconds": 5})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.permutations(KEYS).flatmap(lambda order: st.integers(0, 4).map(lambda most: order[:most])))
    steps = [draw(_leaf(key)) for key in keys]
    cut = draw(st.integers(0, len(steps)))
    holder = draw(st.sampled_from(["none", "loop", "condition"]))
    inside, rest = steps[:cut], steps[cut:]
    if holder == "loop":
        rest.insert(0, {"key": "held", "type": "for_each", "items": "{{ trigger.x }}", "steps": inside})
    elif holder == "condition":
        half = draw(st.integers(0, len(inside)))
        ways = [{"when": "true", "steps": inside[:half]}, {"else": True, "steps": inside[half:]}]
        rest.append({"key": "held", "type": "condition", "branches": ways})
    trigger = {"type": "manual", "config": draw(st.dictionaries(st.sampled_from("xy"), VALUES))}
    return canonical({"format": 1, "name": draw(st.sampled_from(["A", "B"])), "trigger": trigger, "steps": rest})


@given(documents(), documents())
def test_no_changes_means_equal_documents(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (changes(one, other) == ()) == (digest(one) == digest(other))


@given(documents())
def test_a_document_has_not_changed_from_itself(one: dict[str, Any]) -> None:
    assert changes(one, copy.deepcopy(one)) == ()


def _definition(*steps: dict[str, Any], name: str = "Told") -> dict[str, Any]:
    return {"format": 1, "name": name, "trigger": {"type": "manual"}, "steps": list(steps)}


def _put(key: str, **inputs: Any) -> dict[str, Any]:
    reference = {"action": "probe.put", "connection": CONNECTION}
    return {"key": key, "name": key.capitalize(), "type": "action", **reference, "inputs": inputs}


async def test_changes_since_a_version_are_told_in_words_and_hide_secrets(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, _definition(_put("one", text="a"), _put("two", text="b")))
    await service.publish(hub, ACTOR, made.id)
    assert await service.changes_since(hub, ACTOR, made.id, 1) == ()
    token = "CNRY_token_0123456789abcdef"
    newer = _definition(_put("two", text=token), _put("three", text="c"), name="Retold")
    await service.save_draft(hub, ACTOR, made.id, newer, made.draft_version)
    found = await service.changes_since(hub, ACTOR, made.id, 1)
    assert [(one.kind, one.words) for one in found] == [
        (Kind.CHANGED, "Workflow renamed"),
        (Kind.CHANGED, "Step Two changed"),
        (Kind.ADDED, "Step Three added"),
        (Kind.REMOVED, "Step One removed"),
    ]
    assert found[0].parts == (PartWords("name", "Told", "Retold"),)
    assert found[1].parts[0].before == "b"
    assert token not in str(found)


async def test_any_two_versions_are_compared(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, _definition(_put("one", text="a")))
    await service.publish(hub, ACTOR, made.id)
    second = await service.save_draft(hub, ACTOR, made.id, _definition(_put("one", text="b")), made.draft_version)
    await service.publish(hub, ACTOR, made.id)
    await service.save_draft(hub, ACTOR, made.id, _definition(_put("two")), second.draft_version)
    [changed] = await service.changes_since(hub, ACTOR, made.id, 1, 2)
    assert (changed.words, changed.parts) == ("Step One changed", (PartWords("text", "a", "b"),))
    [back] = await service.changes_since(hub, ACTOR, made.id, 2, 1)
    assert back.parts == (PartWords("text", "b", "a"),)
    assert await service.changes_since(hub, ACTOR, made.id, 2, 2) == ()
    with pytest.raises(NotFound):
        await service.changes_since(hub, ACTOR, made.id, 1, 3)


async def test_a_version_is_listed_and_restored_as_one_edit_that_can_be_undone(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, _definition(_put("one", text="a")))
    await service.publish(hub, ACTOR, made.id)
    await service.save_draft(hub, ACTOR, made.id, _definition(_put("two", text="b")), made.draft_version)
    await service.publish(hub, ACTOR, made.id)
    listed = await service.list_versions(hub, ACTOR, made.id)
    assert [(one.number, one.live) for one in listed] == [(2, True), (1, False)]
    restored = await service.restore(hub, ACTOR, made.id, 1)
    assert restored.draft["steps"][0]["key"] == "one"
    undone = await service.undo(hub, ACTOR, made.id)
    assert undone.draft["steps"][0]["key"] == "two"
    assert await service.changes_since(hub, ACTOR, made.id, 2) == ()
