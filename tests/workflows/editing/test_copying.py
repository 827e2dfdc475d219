"""Steps go from one workflow to another as text: with keys that are free, connections that are ours, and no secrets."""

import json
from typing import Any

import pytest

from integrations_app.errors import Conflict, Forbidden, InvalidInput
from integrations_app.kit.plain_yaml import read_plain
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import service
from integrations_app.workflows.definition import parse
from integrations_app.workflows.editing.commands import AddSteps, Place
from integrations_app.workflows.editing.copying import copy_steps, pasted_steps, renewed
from tests.workflows.probe import ACTOR, CONNECTION, step, workflow

FOREIGN = "9" * 32
VIEWER = Actor(ACTOR.organization_id, ACTOR.user_id, "viewer@example.org", "viewer")
LOOP: dict[str, Any] = {
    "key": "each",
    "type": "for_each",
    "items": "{{ trigger.items }}",
    "steps": [step("tell"), step("again", inputs={"text": "{{ steps.tell.output.id }}"}, when="steps.tell.ok")],
}


async def test_a_loop_is_copied_and_pasted_into_another_workflow(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step("first"), LOOP))
    text = await copy_steps(hub, ACTOR, made.id, ["each"])
    assert CONNECTION not in text and "acme-probe" in text
    other = await service.create(hub, ACTOR, workflow(step("tell"), name="Other"))
    steps = renewed(dict(other.draft), await pasted_steps(hub, ACTOR, text))
    added = await service.edit(hub, ACTOR, other.id, AddSteps(at=Place(index=1), steps=steps))
    loop = added.draft["steps"][1]
    assert (loop["key"], [one["key"] for one in loop["steps"]]) == ("each", ["tell_2", "again"])
    assert loop["steps"][0]["connection"] == CONNECTION
    assert loop["steps"][1]["inputs"]["text"] == "{{ steps.tell_2.output.id }}"
    assert loop["steps"][1]["when"] == "steps.tell_2.ok"
    assert added.problems == () and added.history.undo == "Add “each”"
    undone = await service.undo(hub, ACTOR, other.id)
    assert undone.draft == other.draft


def test_new_keys_do_not_run_into_old_ones() -> None:
    document = parse(workflow(step("a"), step("b"))).dump()
    reader = step("c", inputs={"text": "{{ steps.a.output.id }} {{ steps.a_2.output.id }}"})
    made = renewed(document, [step("a"), step("a_2"), reader])
    assert [one["key"] for one in made] == ["a_2", "a_3", "c"]
    assert made[2]["inputs"]["text"] == "{{ steps.a_2.output.id }} {{ steps.a_3.output.id }}"


async def test_a_whole_export_can_be_pasted_and_foreign_connections_are_dropped(hub: Hub) -> None:
    given = json.dumps(workflow(step("a", connection=FOREIGN), step("b", connection="acme-probe")))
    steps = await pasted_steps(hub, ACTOR, given)
    assert ["connection" in one and one["connection"] for one in steps] == [False, CONNECTION]


async def test_secrets_are_masked_on_the_way_out(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step("a", inputs={"text": "CNRY_token_0123456789abcdef"})))
    text = await copy_steps(hub, VIEWER, made.id, ["a"])
    assert read_plain(text.encode())["steps"][0]["inputs"]["text"] == "[redacted]"
    with pytest.raises(Conflict, match="not there"):
        await copy_steps(hub, ACTOR, made.id, ["gone"])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ""),
        ("just words", ""),
        ("name: x", ""),
        ("steps: {}", ""),
        ("a: &a [1]\nsteps: *a", ""),
        ("x" * (512 * 1024 + 1), ""),
        (json.dumps({"steps": [{"key": "a", "type": "shell"}]}), "steps.0"),
        (json.dumps({"steps": [step("a", inputs={"text": "{% x %}"})]}), "steps.0.inputs.text"),
        (json.dumps({"steps": [step("a", inputs={"text": "CNRY_token_0123456789abcdef"})]}), "steps.0.inputs.text"),
        (json.dumps({"steps": ["a", 1, None]}), "steps.0"),
    ],
)
async def test_what_holds_no_steps_is_refused_with_its_place(hub: Hub, text: str, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await pasted_steps(hub, ACTOR, text)
    assert place in refused.value.fields


async def test_viewers_do_not_paste(hub: Hub) -> None:
    with pytest.raises(Forbidden):
        await pasted_steps(hub, VIEWER, json.dumps(workflow(step("a"))))
