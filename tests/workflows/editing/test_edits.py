"""Edits in the database: stored at once, merged with those of others, undone by their authors, across reloads."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from integrations_app.errors import Conflict, Forbidden, InvalidInput, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import service
from integrations_app.workflows.editing import history
from integrations_app.workflows.editing.commands import AddSteps, Batch, Command, Place, RemoveStep, RenameKey, SetPart
from integrations_app.workflows.models import DraftEdit
from tests.workflows.probe import ACTOR, step, workflow

VIEWER = replace(ACTOR, role="viewer")
OTHER = Actor("x" * 32, "s" * 32, "stranger@example.org", "owner")
COLLEAGUE = replace(ACTOR, user_id="colleague", email="colleague@acme.example")


@pytest.fixture
async def made(hub: Hub) -> str:
    saved = await service.create(hub, ACTOR, workflow(step("a", inputs={"text": "hi"})))
    return saved.id


def text(to: str, was: str = "hi", key: str = "a") -> Command:
    return SetPart(target=key, path=("inputs", "text"), to=[to], was=[was])


async def texts(hub: Hub, workflow_id: str) -> list[Any]:
    draft = (await service.get(hub, ACTOR, workflow_id)).draft
    return [one.get("inputs", {}).get("text") for one in draft.get("steps", [])]


async def test_an_edit_is_stored_at_once_and_undone_after_a_reload(hub: Hub, made: str) -> None:
    saved = await service.edit(hub, ACTOR, made, text("ho"))
    assert (saved.draft_version, saved.draft["steps"][0]["inputs"]["text"]) == (2, "ho")
    assert saved.history.undo.startswith("Change text of")
    again = await service.get(hub, ACTOR, made)
    assert again.history == saved.history
    back = await service.undo(hub, ACTOR, made)
    assert (back.draft_version, back.draft["steps"][0]["inputs"]["text"]) == (3, "hi")
    assert (back.history.undo, back.history.redo) == ("", saved.history.undo)
    assert (await service.redo(hub, ACTOR, made)).draft == saved.draft


async def test_edits_are_undone_in_turn_and_a_new_one_ends_what_could_be_done_again(hub: Hub, made: str) -> None:
    await service.edit(hub, ACTOR, made, text("1"))
    await service.edit(hub, ACTOR, made, text("2", "1"))
    await service.undo(hub, ACTOR, made)
    await service.undo(hub, ACTOR, made)
    assert await texts(hub, made) == ["hi"]
    await service.redo(hub, ACTOR, made)
    assert await texts(hub, made) == ["1"]
    await service.edit(hub, ACTOR, made, text("3", "1"))
    with pytest.raises(Conflict) as refusal:
        await service.redo(hub, ACTOR, made)
    assert refusal.value.code == "nothing_to_redo"
    await service.undo(hub, ACTOR, made)
    await service.undo(hub, ACTOR, made)
    with pytest.raises(Conflict) as refusal:
        await service.undo(hub, ACTOR, made)
    assert refusal.value.code == "nothing_to_undo"


async def test_two_people_at_once_lose_nothing(hub: Hub, made: str) -> None:
    edits: list[tuple[Actor, Command]] = [
        (ACTOR, text("mine")),
        (COLLEAGUE, SetPart(target="a", path=("when",), to=["trigger.ok"], was=[])),
        (ACTOR, AddSteps(at=Place(index=1), steps=[{"key": "b", "type": "stop"}])),
        (COLLEAGUE, AddSteps(at=Place(index=1), steps=[{"key": "c", "type": "stop"}])),
    ]
    await asyncio.gather(*(service.edit(hub, actor, made, command) for actor, command in edits))
    draft = (await service.get(hub, ACTOR, made)).draft
    assert (draft["steps"][0]["inputs"]["text"], draft["steps"][0]["when"]) == ("mine", "trigger.ok")
    assert {one["key"] for one in draft["steps"]} == {"a", "b", "c"}


async def test_each_undoes_only_ones_own(hub: Hub, made: str) -> None:
    await service.edit(hub, ACTOR, made, text("mine"))
    await service.edit(hub, COLLEAGUE, made, SetPart(target="a", path=("name",), to=["Theirs"], was=[]))
    back = await service.undo(hub, ACTOR, made)
    assert (back.draft["steps"][0]["inputs"]["text"], back.draft["steps"][0]["name"]) == ("hi", "Theirs")
    assert (await service.get(hub, COLLEAGUE, made)).history.undo == "Change name of “a”"


async def test_what_somebody_changed_since_is_not_undone_and_the_edit_before_it_is_next(hub: Hub, made: str) -> None:
    await service.edit(hub, ACTOR, made, SetPart(target="a", path=("when",), to=["trigger.ok"], was=[]))
    await service.edit(hub, ACTOR, made, text("mine"))
    await service.edit(hub, COLLEAGUE, made, text("theirs", "mine"))
    with pytest.raises(Conflict, match="cannot be undone") as refusal:
        await service.undo(hub, ACTOR, made)
    assert refusal.value.code == "undo_refused"
    assert await texts(hub, made) == ["theirs"]
    back = await service.undo(hub, ACTOR, made)
    assert "when" not in back.draft["steps"][0]
    assert await texts(hub, made) == ["theirs"]


async def test_the_same_part_changed_by_two_is_refused_to_the_second(hub: Hub, made: str) -> None:
    await service.edit(hub, COLLEAGUE, made, text("theirs"))
    with pytest.raises(Conflict) as refusal:
        await service.edit(hub, ACTOR, made, text("mine"))
    assert refusal.value.code == "changed_meanwhile"
    assert await texts(hub, made) == ["theirs"]


async def test_a_refused_edit_stores_nothing(hub: Hub, made: str) -> None:
    for wrong in (text("{% raw %}"), text("{{ a.b"), Batch(commands=[text("x"), RemoveStep(key="nobody")])):
        with pytest.raises((InvalidInput, Conflict)):
            await service.edit(hub, ACTOR, made, wrong)
    kept = await service.get(hub, ACTOR, made)
    assert (kept.row.draft_version, kept.history.undo) == (1, "")


async def test_an_edit_that_changes_nothing_is_none(hub: Hub, made: str) -> None:
    saved = await service.edit(hub, ACTOR, made, text("hi"))
    assert (saved.draft_version, saved.history.undo) == (1, "")


async def test_a_whole_new_draft_and_a_new_name_are_undone_too(hub: Hub, made: str) -> None:
    before = (await service.get(hub, ACTOR, made)).draft
    await service.save_draft(hub, ACTOR, made, workflow(step("z", connection="acme-probe")), 1)
    saved = await service.rename(hub, ACTOR, made, "Other")
    assert saved.history.undo == "Rename the workflow"
    await service.undo(hub, ACTOR, made)
    back = await service.undo(hub, ACTOR, made)
    assert back.draft == before


async def test_only_the_newest_edits_are_kept(hub: Hub, made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    for number in range(6):
        await service.edit(hub, ACTOR, made, text(str(number), str(number - 1) if number else "hi"))
    rows = hub.database.read_now(
        lambda session: list(
            session.scalars(select(DraftEdit).where(col(DraftEdit.organization_id) == ACTOR.organization_id))
        )
    )
    assert sorted(row.number for row in rows) == [4, 5, 6]


async def test_a_deleted_workflow_takes_its_edits_along(hub: Hub, made: str) -> None:
    await service.edit(hub, ACTOR, made, text("ho"))
    await service.delete(hub, ACTOR, made)
    with pytest.raises(NotFound):
        await service.undo(hub, ACTOR, made)


async def test_who_may_not_edit_may_not_undo_and_others_find_nothing(hub: Hub, made: str) -> None:
    for call in (
        service.edit(hub, VIEWER, made, text("x")),
        service.undo(hub, VIEWER, made),
        service.redo(hub, VIEWER, made),
    ):
        with pytest.raises(Forbidden):
            await call
    for call in (service.edit(hub, OTHER, made, text("x")), service.undo(hub, OTHER, made)):
        with pytest.raises(NotFound):
            await call


async def test_a_renamed_key_is_followed_by_those_who_read_it(hub: Hub, made: str) -> None:
    reader = {**step("b"), "inputs": {"text": "{{ steps.a.output.ts }}"}}
    await service.edit(hub, ACTOR, made, AddSteps(at=Place(index=9), steps=[reader]))
    saved = await service.edit(hub, ACTOR, made, RenameKey(key="a", to="first"))
    assert saved.draft["steps"][1]["inputs"]["text"] == "{{ steps.first.output.ts }}"
    assert (await service.undo(hub, ACTOR, made)).draft["steps"][1]["inputs"]["text"] == "{{ steps.a.output.ts }}"
