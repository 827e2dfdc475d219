"""Publishing the workflow and running its draft, from the editor's top bar."""

from collections.abc import Awaitable, Mapping
from typing import Any

import reflex as rx

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_consent import only_lacks
from integrations_app.ui.pages.editor_document import TRIGGER
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.definition import MANUAL, parse
from integrations_app.workflows.pins import PINNED
from integrations_app.workflows.problems import Problem

BLOCKED = "Not published. Mend the problems below, then publish again."
MENDED = "Not published. The problems were mended meanwhile: publish again."
NOT_RUN = "Not started. Mend the problems below, then run again."
UNPUBLISHED = "Unpublished. Nothing starts this workflow any more."
RECENT = 20
"""Runs among which the last event is looked for."""
UNSAVED = "Your last change is not saved yet. Settle that first."


class EditorRunState(WorkflowEditorState):
    """Publish, take back, pause, resume, run."""

    publishing: bool = False
    starting: bool = False
    warning: str = ""
    """Why a vendor could not reach this address; asked about before publishing."""
    _warned_of: str = ""
    """The workflow that the open warning is about; another one may stand here when it is confirmed."""
    listing_problems: bool = False

    @rx.event
    @guard(Permission.VIEW)
    def list_problems(self, open_: bool = True) -> None:
        """Open or close the list of problems."""
        self.listing_problems = open_

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def publish(self, confirmed: bool = False) -> None:
        """Make the draft the live version; the vendor may be asked to deliver, so nothing is locked meanwhile."""
        async with self:
            if confirmed and self._warned_of != self.workflow_id:
                self.warning = ""
                return
            if not self._may_leave():
                return
            self.asking_consent, self.consent_begun = not confirmed and only_lacks(self._found), False
            if self.asking_consent:
                return
            actor, workflow_id = current_actor(self), self.workflow_id
            version, definition = self._version, parse(self._document())
            asks = not confirmed and not self.error_count
            self.publishing, self.warning = True, ""
        words, ok, wrong, refusal = "", False, {}, ""
        try:
            refusal = await service.delivery_refusal(hub(), actor, definition) if asks else ""
            if not refusal:
                made = await service.publish(hub(), actor, workflow_id, version)
                words, ok = f"Published version {made.number}", True
        except InvalidInput as error:
            words, wrong = BLOCKED, error.fields
        except IntegrationsError as error:
            words = f"Not published: {error.message or error.code}"
        async with self:
            self.publishing = False
            if self.workflow_id != workflow_id:
                return
            self.warning, self._warned_of = refusal, workflow_id
            if not refusal:
                await self._settle(words, ok=ok, wrong=wrong, tried=version)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep_draft(self, open_: bool = False) -> None:
        """Do not publish after all."""
        if not open_:
            self.warning = ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def begin_consent(self) -> None:
        """The vendor's window is open: publishing goes on when the permissions are there."""
        self.blocked, self.consent_begun = False, self.asking_consent

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep_asking(self, open_: bool = False) -> None:
        """Do not wait for the permissions after all."""
        if not open_:
            self.asking_consent, self.consent_begun = False, False

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def unpublish(self) -> None:
        """Take the live version back; the vendor is told, so nothing is locked meanwhile."""
        async with self:
            actor, workflow_id = current_actor(self), self.workflow_id
        wrong = await said(service.unpublish(hub(), actor, workflow_id))
        async with self:
            if self.workflow_id == workflow_id:
                await self._settle(wrong or UNPUBLISHED, ok=not wrong)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def pause(self) -> None:
        """Start no more runs until somebody resumes it."""
        await self._act(service.pause(hub(), current_actor(self), self.workflow_id), "Paused. No run starts.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def resume(self) -> None:
        """Let it start again."""
        await self._act(service.resume(hub(), current_actor(self), self.workflow_id), "Resumed.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def run_now(self) -> None:
        """Run the draft with what is pinned, the last event that came in, or the trigger's example."""
        if not self._may_leave():
            return
        await self._start(*await run_input(current_actor(self), self.workflow_id, self._document()))

    @rx.event
    @guard(Permission.VIEW)
    async def hide_run(self) -> None:
        """Show the run no longer; the next one that begins shows by itself."""
        self.notice = ""
        await self._put_run_away()

    async def _start(self, payload: Mapping[str, Any], note: str) -> None:
        try:
            run_id = await service.start_run(hub(), current_actor(self), self.workflow_id, input=payload, draft=True)
        except InvalidInput as error:
            await self._settle(NOT_RUN, ok=False, wrong=error.fields)
            return
        except IntegrationsError as error:
            await self._settle(f"Not started: {error.message or error.code}", ok=False)
            return
        self.run_id, self.run_origin = run_id, ""
        self._say(note)
        await self._show_run()

    def _may_leave(self) -> bool:
        if self.unsaved:
            self._say(UNSAVED, ok=False)
        return not self.unsaved

    async def _act(self, act: Awaitable[object], words: str) -> None:
        wrong = await said(act)
        await self._settle(wrong or words, ok=not wrong)

    async def _settle(
        self, words: str, *, ok: bool, wrong: Mapping[str, str] | None = None, tried: int | None = None
    ) -> None:
        """Say how it went, and show the state and the problems that are stored.

        `wrong` is what the draft was refused for, in its version `tried` when that may be another one by now.
        """
        detail = await service.get(hub(), current_actor(self), self.workflow_id)
        self._show_row(detail.row)
        if wrong:
            found = list(detail.problems)
            if not found and tried in {None, detail.row.draft_version}:
                found = [Problem(path, "invalid", why) for path, why in wrong.items()]
            self._found, words = found, words if found else MENDED
            self._show_missing, self.listing_problems = True, bool(found)
        self._say(words, ok=ok)
        await self._draw()


async def run_input(actor: Actor, workflow_id: str, definition: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """What a run by hand begins with, and a sentence that says so; empty words when nothing need be said."""
    parsed = parse(definition)
    kind = parsed.trigger.type
    pinned = await service.load_sample(hub(), actor, workflow_id, TRIGGER)
    if pinned.source == PINNED:
        return pinned.value, "With the pinned data."
    if kind == MANUAL:
        return {}, ""
    recent = await service.list_runs(hub(), actor, workflow_id=workflow_id, limit=RECENT)
    by_event = next((row.id for row in recent.items if row.event_id), None)
    if by_event is not None:
        return (await service.get_run(hub(), actor, by_event)).trigger, "With the data of the last event."
    if kind in BUILT_IN_TRIGGERS:
        return {}, "Without data: no event has come in yet."
    _, trigger = hub().registry.trigger(kind)
    return trigger.example, "With example data: no event has come in yet."
