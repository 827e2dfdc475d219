"""The dialog with a step as JSON: what it shows, what it refuses with its place, and that saving is one edit."""

import json
from dataclasses import replace
from typing import Any

import pytest

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_document import TRIGGER, path_to
from integrations_app.ui.pages.editor_raw_state import THEIRS, EditorRawState
from integrations_app.workflows import service
from integrations_app.workflows.definition import MAX_BYTES
from integrations_app.workflows.editing.commands import SetPart
from tests.ui.pages.test_editor_states import call, edit
from tests.workflows.probe import ACTOR, CONNECTION, step, workflow

pytestmark = pytest.mark.any_database  # the dialog alone

INNER = {"key": "inner", "name": "Inner", "type": "stop", "message": "Hello"}
LOOP = {"key": "each", "type": "for_each", "items": [1], "steps": [step("a", name="Tell"), INNER]}


@pytest.fixture
async def page(hub: Hub, tab: Any) -> Any:
    saved = await service.create(hub, ACTOR, workflow(LOOP))
    return await edit(hub, await tab(), EditorRawState, saved.id)


async def save(page: EditorRawState, value: Any) -> list[str]:
    """Save a text, or a value as JSON, and say what is wrong with it."""
    await call(page, "save_raw", {"raw": value if isinstance(value, str) else json.dumps(value)})
    return page.raw_problems


async def drafted(hub: Hub, page: EditorRawState) -> dict[str, Any]:
    return dict((await service.get(hub, ACTOR, page.workflow_id)).draft)


async def test_a_step_is_shown_in_the_order_in_which_people_read(page: EditorRawState) -> None:
    await call(page, "show_step_raw", "each")
    assert (page.raw_open, page.raw_key) == (True, "each")
    shown = json.loads(page.raw_text)
    assert list(shown) == ["key", "type", "items", "steps"]
    assert list(shown["steps"][0])[:5] == ["key", "name", "type", "action", "connection"]
    await call(page, "show_step_raw", "nobody")
    assert page.raw_key == "each"
    await call(page, "show_raw", True)
    assert (page.raw_key, page.raw_text[:10]) == ("", "format: 1\n")


async def test_a_step_is_changed_as_one_edit_that_is_undone(hub: Hub, page: EditorRawState) -> None:
    before = await drafted(hub, page)
    await call(page, "show_step_raw", "inner")
    assert await save(page, INNER | {"message": "Bye", "outcome": "failed"}) == []
    assert (page.raw_open, page.undo_words) == (False, "Rewrite “Inner”")
    assert (await drafted(hub, page))["steps"][0]["steps"][1] == INNER | {"message": "Bye", "outcome": "failed"}
    await service.undo(hub, ACTOR, page.workflow_id)
    assert await drafted(hub, page) == before
    assert (await service.redo(hub, ACTOR, page.workflow_id)).draft["steps"][0]["steps"][1]["message"] == "Bye"


async def test_a_connection_is_written_by_its_name_and_the_edit_still_undone(hub: Hub, page: EditorRawState) -> None:
    before = await drafted(hub, page)
    for key, value in (("a", step("a", connection="acme-probe")), ("", workflow(step("z", connection="acme-probe")))):
        await (call(page, "show_step_raw", key) if key else call(page, "show_raw", True))
        assert await save(page, value) == []
        assert CONNECTION in json.dumps(await drafted(hub, page))
        assert "acme-probe" not in json.dumps(await drafted(hub, page))
        await service.undo(hub, ACTOR, page.workflow_id)
        assert await drafted(hub, page) == before
        await page._adopt(await service.get(hub, ACTOR, page.workflow_id))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{", "It is not JSON: expecting property name enclosed in double quotes in line 1, column 2"),
        ("[]", "It must be an object"),
        (INNER | {"key": "other"}, "key: must stay 'inner': other steps read this one by it"),
        (INNER | {"type": "halt"}, "step: Input tag 'halt'"),
        (INNER | {"outcome": "maybe"}, "outcome: Input should be 'succeeded' or 'failed'"),
        (INNER | {"colour": "red"}, "colour: Extra inputs are not permitted"),
        (INNER | {"message": "{{ trigger. }}"}, "message: "),
        (step("a") | {"key": "inner"}, ""),
        (LOOP | {"key": "inner"}, "steps.1.key: the key 'inner' is used twice"),
        (INNER | {"message": 10**30}, "It must be plain JSON"),
        (json.dumps(INNER | {"message": "\ud800"}), "It must be plain JSON"),
        (json.dumps(INNER | {"message": "x" * MAX_BYTES}), "It is larger than 1024 KiB"),
    ],
)
async def test_what_is_no_such_step_is_refused_with_its_place(
    hub: Hub, page: EditorRawState, value: Any, why: str
) -> None:
    before = await drafted(hub, page)
    await call(page, "show_step_raw", "inner")
    told = await save(page, value)
    assert any(one.startswith(why) for one in told) if why else told == []
    assert ((await drafted(hub, page)) == before, page.raw_open) == (bool(why), bool(why))


async def test_the_trigger_is_changed_too(hub: Hub, page: EditorRawState) -> None:
    await call(page, "show_step_raw", TRIGGER)
    assert json.loads(page.raw_text) == {"type": "manual"}
    assert await save(page, {"type": "schedule", "colour": "red"}) == ["colour: Extra inputs are not permitted"]
    assert await save(page, {"type": "schedule", "config": {"cron": "0 9 * * *"}}) == []
    assert (await drafted(hub, page))["trigger"]["config"] == {"cron": "0 9 * * *"}
    await service.undo(hub, ACTOR, page.workflow_id)
    assert (await drafted(hub, page))["trigger"] == {"type": "manual"}


@pytest.mark.parametrize(("key", "path", "to"), [("inner", ("message",), "Theirs"), (TRIGGER, ("type",), "schedule")])
async def test_what_somebody_else_changed_meanwhile_is_not_written_over(
    hub: Hub, page: EditorRawState, key: str, path: tuple[str, ...], to: str
) -> None:
    await call(page, "show_step_raw", key)
    was = "Hello" if key == "inner" else "manual"
    await service.edit(hub, ACTOR, page.workflow_id, SetPart(target=key, path=path, to=[to], was=[was]))
    await page._adopt(await service.get(hub, ACTOR, page.workflow_id))
    theirs = await drafted(hub, page)
    assert await save(page, page.raw_text) == [THEIRS]
    assert (await drafted(hub, page) == theirs, page.raw_open) == (True, True)


async def test_a_viewer_reads_and_does_not_save_even_when_the_guard_is_passed(
    hub: Hub, tab: Any, page: EditorRawState
) -> None:
    theirs = await edit(hub, await tab(replace(ACTOR, role="viewer")), EditorRawState, page.workflow_id)
    await call(theirs, "show_step_raw", "inner")
    assert json.loads(theirs.raw_text) == INNER
    before = await drafted(hub, page)
    assert await save(theirs, INNER | {"message": "Bye"}) != []
    assert await drafted(hub, page) == before


def test_a_path_is_written_as_problems_write_it() -> None:
    ways = [{"when": "true"}, {"else": True, "steps": [LOOP]}]
    document = workflow(step("z"), {"key": "decide", "type": "condition", "branches": ways})
    assert path_to(document, "inner") == "steps.1.branches.1.steps.0.steps.1"
    assert (path_to(document, TRIGGER), path_to(document, "nobody")) == (TRIGGER, "")
