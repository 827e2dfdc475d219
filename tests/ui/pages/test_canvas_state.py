"""Gestures on the canvas as events: a step inserted at a place, one dropped, and a run that shows."""

from typing import Any

from integrations_app.errors import Rejected
from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_canvas_state import EditorCanvasState
from integrations_app.ui.pages.editor_run_state import EditorRunState
from integrations_app.ui.pages.editor_step_state import EditorStepState
from integrations_app.workflows import service
from tests.ui.pages.test_editor_states import edit
from tests.workflows.probe import ACTOR, Vendor, step, workflow

LOOP = {"key": "each", "type": "for_each", "items": [1], "steps": [{"key": "inner", "type": "stop"}]}


async def send(page: Any, handler: str, *given: Any) -> None:
    """Call a handler as an event does, to its end."""
    made = type(page).event_handlers[handler].fn(page, *given)
    if hasattr(made, "__aiter__"):
        async for _ in made:
            pass
    elif made is not None:
        await made


def standing(page: Any) -> list[tuple[str, str, int]]:
    """The steps of the drawing with where they stand."""
    return [(box.key, box.parent, box.index) for box in page.drawing.boxes[1:-1]]


async def test_a_step_is_inserted_at_the_place_of_its_plus(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a"), LOOP))
    page = await edit(hub, await tab(), EditorStepState, saved.id)
    await send(page, "add_into", "each", -1, 1)
    assert page.adding
    await send(page, "add_step", "delay")
    assert page.selected == "wait"
    await send(page, "add_into", "", -1, 0)
    await send(page, "add_step", "probe.put")
    await send(page, "add_into", "each", -1, -1)
    await send(page, "add_step", "stop")
    assert standing(page) == [
        ("put", "", 0), ("a", "", 1), ("each", "", 2), ("inner", "each", 0), ("wait", "each", 1), ("stop", "each", 2),
    ]  # fmt: skip
    await send(page, "show_picker", True)
    await send(page, "add_step", "delay")
    assert standing(page)[-1] == ("wait_2", "each", 3)


async def test_a_dropped_step_moves_and_one_dropped_where_it_was_changes_nothing(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a"), LOOP, step("z")))
    page = await edit(hub, await tab(), EditorCanvasState, saved.id)
    await send(page, "place_step", "z", "each", -1, 0)
    assert standing(page) == [("a", "", 0), ("each", "", 1), ("z", "each", 0), ("inner", "each", 1)]
    await send(page, "place_step", "a", "", -1, 2)
    assert standing(page)[:2] == [("each", "", 0), ("z", "each", 0)]
    version, drawing = page._version, page.drawing
    for index in (1, 2):
        await send(page, "place_step", "a", "", -1, index)
    assert (page._version, page.drawing, page.saved) == (version, drawing, "Saved")
    await send(page, "place_step", "each", "each", -1, 0)
    assert (page._version, page.notice_ok) == (version, False)
    assert "into itself" in page.notice
    await send(page, "place_step", "gone", "", -1, 0)
    assert (page._version, page.saved) == (version, "Saved")


async def test_views_take_turns(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    page = await edit(hub, await tab(), EditorCanvasState, saved.id)
    page.panel_open = True
    await send(page, "show_view", "canvas")
    assert (page.view, page.panel_open) == ("canvas", False)
    await send(page, "show_view", ["anything"])
    assert page.view == "outline"
    await send(page, "show_outline", False)
    assert not page.outline_open


async def test_a_run_marks_its_steps_and_shows_the_data_of_the_selected_one(hub: Hub, tab: Any, vendor: Vendor) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a", inputs={"text": "Hello"}), step("b"), step("c")))
    page = await edit(hub, await tab(), EditorRunState, saved.id)
    vendor.before = [None, Rejected("no_such_room", "There is no such room.")]
    await send(page, "run_now")
    await service.wait_for_run(hub, ACTOR, page.run_id, 10)
    await page._refresh(frozenset({"run"}))
    assert {key: mark.status for key, mark in page.marks.items()} == {"a": "succeeded", "b": "failed"}
    assert page.values.key == ""
    await page._select("a")
    assert '"text": "Hello"' in page.values.inputs
    await page._select("b")
    assert (page.values.status, page.values.error) == ("failed", "There is no such room.")
    await page._select("c")
    assert page.values.key == ""


async def run_elsewhere(hub: Hub, page: Any) -> str:
    """A run of the live version that nobody started in this tab, to its end."""
    run_id = await service.start_run(hub, ACTOR, page.workflow_id)
    await service.wait_for_run(hub, ACTOR, run_id, 10)
    await page._refresh(frozenset({"run"}))
    return run_id


async def test_runs_that_begin_elsewhere_show_by_themselves_and_the_newest_last(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    await service.publish(hub, ACTOR, saved.id)
    page = await edit(hub, await tab(), EditorRunState, saved.id)
    await run_elsewhere(hub, page)
    await send(page, "hide_run")
    await page._refresh(frozenset({"run"}))
    assert (page.run_id, page.marks) == ("", {})
    for _ in range(2):
        run_id = await run_elsewhere(hub, page)
        assert (page.run_id, page.run_status, page.run_origin) == (run_id, "succeeded", "Started elsewhere · version 1")
        assert page.marks["a"].status == "succeeded"
    other = await service.create(hub, ACTOR, workflow(step("a")))
    await service.publish(hub, ACTOR, other.id)
    await service.wait_for_run(hub, ACTOR, await service.start_run(hub, ACTOR, other.id), 10)
    await page._refresh(frozenset({"run"}))
    assert page.run_id == run_id


async def test_a_run_that_was_started_or_opened_here_stays_until_it_is_hidden(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    await service.publish(hub, ACTOR, saved.id)
    page = await edit(hub, await tab(), EditorRunState, saved.id)
    old = await run_elsewhere(hub, page)
    await send(page, "run_now")
    mine = page.run_id
    assert await run_elsewhere(hub, page) != mine
    assert (page.run_id, page.run_origin) == (mine, "")
    await send(page, "hide_run")
    assert page.run_id == ""
    await page._open_run(old)
    await run_elsewhere(hub, page)
    assert page.run_id == old
    await send(page, "hide_run")
    assert page.run_id == ""
    newest = await run_elsewhere(hub, page)
    assert page.run_id == newest
