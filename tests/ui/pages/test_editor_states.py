"""The states of the editor on a real database: what a background event may read, and what it hands out once."""

from typing import Any, Self, cast

import reflex as rx

from integrations_app.errors import Rejected
from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_clipboard_state import COPIED, NOT_COPIED, EditorClipboardState
from integrations_app.ui.pages.editor_document import TRIGGER
from integrations_app.ui.pages.editor_run_state import MENDED, UNSAVED, EditorRunState
from integrations_app.ui.pages.editor_step_state import EditorStepState
from integrations_app.ui.pages.editor_trial_state import EditorTrialState
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.workflows import service
from integrations_app.workflows.editing.commands import SetPart
from tests.workflows.probe import ACTOR, Vendor, step, workflow


class Locked:
    """Stands where Reflex's proxy of a background event does, and refuses what is touched without the lock."""

    def __init__(self, state: rx.State) -> None:
        vars(self).update(state=state, held=False)

    async def __aenter__(self) -> Self:
        vars(self)["held"] = True
        return self

    async def __aexit__(self, *_: object) -> None:
        vars(self)["held"] = False

    def __getattr__(self, name: str) -> Any:
        assert vars(self)["held"], f"{name} is read without the lock"
        return getattr(vars(self)["state"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        assert vars(self)["held"], f"{name} is set without the lock"
        setattr(vars(self)["state"], name, value)


async def call(page: rx.State, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    return await type(page).event_handlers[handler].fn(page, *given)


async def in_background(page: rx.State, handler: str, *given: Any) -> None:
    """Call a background handler as an event does, but for the rest of the application waiting at the lock."""
    await type(page).event_handlers[handler].fn(Locked(page), *given)


async def try_selected(page: rx.State) -> None:
    """Press "Test step", and do what follows it in the background."""
    follows = type(page).event_handlers["try_step"].fn(page)
    if follows is not None:
        assert follows is EditorTrialState.call_step
        await in_background(page, "call_step")


async def edit(hub: Hub, root: rx.State, kind: type[WorkflowEditorState], workflow_id: str) -> Any:
    """The editor's state `kind`, showing the workflow."""
    page = cast("WorkflowEditorState", await root.get_state(kind))
    page.workflow_id = workflow_id
    await page._adopt(await service.get(hub, ACTOR, workflow_id))
    page.loaded = True
    return page


async def test_publishing_and_unpublishing_stay_with_the_workflow_they_began_with(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    page = await edit(hub, await tab(), EditorRunState, saved.id)
    await in_background(page, "publish")
    assert (page.notice, page.state, page.publishing) == ("Published version 1", "live", False)
    await in_background(page, "unpublish")
    assert (page.notice_ok, page.state) == (True, "draft")


async def test_a_refusal_says_nothing_of_a_draft_that_was_changed_meanwhile(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    page, wrong = await edit(hub, await tab(), EditorRunState, saved.id), {"steps.0.inputs.text": "It is no text."}
    tried = page._version
    await page._settle("Refused.", ok=False, wrong=wrong, tried=tried)
    assert ([one.message for one in page._found], page.listing_problems) == (["It is no text."], True)
    await service.edit(hub, ACTOR, saved.id, SetPart(target="", path=("name",), to=["Mended"], was=["Test"]))
    await page._settle("Refused.", ok=False, wrong=wrong, tried=tried)
    assert (page.notice, page._found, page.listing_problems, page.notice_ok) == (MENDED, [], False, False)


async def test_a_step_is_called_copied_only_when_the_browser_took_it(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    page = await edit(hub, await tab(), EditorClipboardState, saved.id)
    await call(page, "copy_step", "a")
    assert (page.copies, page.notice, "key: a" in page.copied) == (1, "", True)
    type(page).event_handlers["tell_copied"].fn(page, False)
    assert (page.notice, page.notice_ok) == (NOT_COPIED, False)
    type(page).event_handlers["tell_copied"].fn(page, True)
    assert (page.notice, page.notice_ok) == (COPIED, True)


async def test_a_step_is_tried_and_the_answer_stands_at_that_step_only(hub: Hub, tab: Any, vendor: Vendor) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a", inputs={"text": "Hello"}), step("b")))
    page = await edit(hub, await tab(), EditorTrialState, saved.id)
    page.selected = "a"
    await try_selected(page)
    assert (page.trial.place, page.trial.word, page.trial.running) == (f"{saved.id}/a", "Succeeded", False)
    assert '"text": "Hello"' in page.trial.inputs
    assert '"id": "1"' in page.trial.answer
    vendor.before = [Rejected("no_such_room", "There is no such room.")]
    await try_selected(page)
    assert (page.trial.word, page.trial.error, page.trial.answer) == ("Failed", "There is no such room.", "")
    assert vendor.texts == ["Hello"]


async def test_what_is_not_saved_is_not_tried(hub: Hub, tab: Any, vendor: Vendor) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    page = await edit(hub, await tab(), EditorTrialState, saved.id)
    page.selected, page.unsaved = "a", True
    await try_selected(page)
    assert (page.trial.error, vendor.texts) == (UNSAVED, [])
    page.selected, page.unsaved = TRIGGER, False
    await try_selected(page)
    assert page.trial.error == "There is no such action step."


async def leave(page: rx.State, *given: Any) -> None:
    """Leave a field in which something was typed: key, name, text and what stood there before."""
    async for _ in type(page).event_handlers["set_field"].fn(page, *given):
        pass


async def test_a_default_that_was_seen_is_nobodys_edit_but_another_value_is(hub: Hub, tab: Any) -> None:
    trigger = {"type": "schedule", "config": {"cron": "@daily"}}
    saved = await service.create(hub, ACTOR, workflow(step("a"), trigger=trigger))
    page = await edit(hub, await tab(), EditorStepState, saved.id)
    other = await edit(hub, await tab(), EditorStepState, saved.id)
    await leave(page, TRIGGER, "timezone", "Asia/Tokyo", "UTC")
    assert (page.conflict, page.unsaved) == (False, False)
    await leave(other, TRIGGER, "timezone", "Asia/Kolkata", "UTC")
    assert (other.conflict, other.unsaved) == (True, True)
    kept = await service.get(hub, ACTOR, saved.id)
    assert kept.draft["trigger"]["config"]["timezone"] == "Asia/Tokyo"


async def test_a_schedule_offers_its_choices_without_asking_anybody(hub: Hub, tab: Any) -> None:
    trigger = {"type": "schedule", "config": {"cron": "@daily"}}
    saved = await service.create(hub, ACTOR, workflow(step("a"), trigger=trigger))
    page = await edit(hub, await tab(), EditorStepState, saved.id)
    page.selected = TRIGGER
    await page._draw()
    await in_background(page, "search_choices", TRIGGER, "timezone", "tokyo")
    assert [one.value for one in page.panel.fields[1].choices] == ["Asia/Tokyo"]
