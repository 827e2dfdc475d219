"""The acts of a person on one row of the workflows page: run, pause, copy, tag, delete."""

from collections.abc import Awaitable
from dataclasses import dataclass

import reflex as rx
from reflex_base.event import EventCallback, EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput, NotFound
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_run_state import run_input
from integrations_app.ui.pages.workflows_state import KINDS, WorkflowsState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service


@dataclass(frozen=True)
class Asked:
    """The workflow that a dialog is about; without an id none is open."""

    id: str = ""
    name: str = ""
    words: str = ""
    """What will be lost, or the tags that it has."""


class WorkflowActsState(WorkflowsState):
    """What is being asked about a row."""

    leaving: Asked = Asked()
    tagging: Asked = Asked()
    tag_error: str = ""
    _deleting: list[str] = []
    """Workflows that a person wants gone and whose deletion has not begun."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def run_now(self, workflow_id: str) -> EventSpec | None:
        """Run the live version, or the draft of a workflow that was never published, and show the run."""
        row = next((one for one in self.lines if one.id == workflow_id), None)
        draft = row is None or row.state == "draft"
        actor = current_actor(self)
        try:
            detail = await service.get(hub(), actor, workflow_id)
            payload, _ = await run_input(actor, workflow_id, detail.draft if draft else detail.live or detail.draft)
            run_id = await service.start_run(hub(), actor, workflow_id, input=payload, draft=draft)
        except InvalidInput:
            self._say("It cannot run yet: it has problems. Open it, its editor names each of them.", ok=False)
            return None
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
            return None
        return rx.redirect(f"/runs/{run_id}")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def pause(self, workflow_id: str) -> None:
        """Start no more runs until somebody resumes it."""
        await self._act(service.pause(hub(), current_actor(self), workflow_id), "Paused. No run starts.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def resume(self, workflow_id: str) -> None:
        """Let it start again."""
        await self._act(service.resume(hub(), current_actor(self), workflow_id), "Resumed.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def duplicate(self, workflow_id: str) -> None:
        """Copy the draft into a new workflow."""
        await self._act(service.duplicate(hub(), current_actor(self), workflow_id), "Copied. The copy is a draft.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask_delete(self, workflow_id: str) -> None:
        """Open the question that names what will be lost."""
        line = next((one for one in self.lines if one.id == workflow_id), None)
        if line is None:
            return
        lost = "Its draft and its versions are lost."
        loss = {
            "live": f"It is live: it no longer starts by “{line.trigger}”, and what is running is cancelled. {lost}",
            "paused": f"It is paused: the runs that it holds are cancelled. {lost}",
        }.get(line.state, "It is not published, so nothing starts it. Its draft is lost.")
        self.leaving = Asked(line.id, line.name, loss)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.leaving = Asked()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def delete(self) -> EventCallback[()] | None:
        """Take what was asked about, once, before the dialog closes behind the press; then begin."""
        if not self.leaving.id:
            return None
        self._deleting, self.leaving = [*self._deleting, self.leaving.id], Asked()
        return WorkflowActsState.destroy

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def destroy(self) -> None:
        """Delete the workflow; its vendor hook is taken away, so nothing is locked meanwhile."""
        async with self:
            actor, wanted, self._deleting = current_actor(self), self._deleting, []
        for workflow_id in wanted:
            await self._destroy(actor, workflow_id)

    async def _destroy(self, actor: Actor, workflow_id: str) -> None:
        words, ok = "Deleted. The history of its runs stays.", True
        try:
            await service.delete(hub(), actor, workflow_id)
        except NotFound:
            words = "It was deleted already."
        except IntegrationsError as error:
            words, ok = error.message or error.code, False
        async with self:
            self._say(words, ok=ok)
            await self._refresh(KINDS)

    async def _act(self, act: Awaitable[object], words: str) -> None:
        wrong = await said(act)
        self._say(wrong or words, ok=not wrong)
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask_tags(self, workflow_id: str) -> None:
        """Open the dialog with the tags that it has."""
        line = next((one for one in self.lines if one.id == workflow_id), None)
        if line is not None:
            self.tagging, self.tag_error = Asked(line.id, line.name, ", ".join(line.tags)), ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep_tags(self, open_: bool = False) -> None:
        """Close the dialog without changing them."""
        if not open_:
            self.tagging = Asked()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def save_tags(self, form: dict[str, str]) -> None:
        """Give it the tags that were typed, separated by commas."""
        try:
            await service.set_tags(hub(), current_actor(self), self.tagging.id, str(form.get("tags", "")).split(","))
        except InvalidInput as error:
            self.tag_error = f"Tags {next(iter(error.fields.values()))}."
            return
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
        self.tagging = Asked()
        await self._refresh(KINDS)
