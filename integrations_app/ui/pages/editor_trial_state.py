"""Trying one step by itself: what was asked of the vendor, and what it answered."""

from dataclasses import dataclass, replace

import orjson
import reflex as rx
from reflex_base.event import EventCallback

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_run_state import UNSAVED
from integrations_app.ui.pages.run_words import pretty_json
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.trial import Trial


@dataclass(frozen=True)
class TrialView:
    """What a try of one step gave, for people."""

    place: str = ""
    """The workflow and the step that it belongs to, as `workflow/step`."""
    running: bool = False
    status: str = ""
    word: str = ""
    took: str = ""
    inputs: str = ""
    answer: str = ""
    error: str = ""
    pin_note: str = ""


class EditorTrialState(WorkflowEditorState):
    """Test step."""

    trial: TrialView = TrialView()
    _output: str = ""
    """The whole answer as JSON."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def try_step(self) -> EventCallback[()] | None:
        """Begin to try the selected step, in turn behind the field that was left by the press of the button."""
        place = f"{self.workflow_id}/{self.selected}"
        if self.unsaved:
            self.trial = TrialView(place, error=UNSAVED)
            return None
        self.trial = TrialView(place, running=True)
        return EditorTrialState.call_step

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def call_step(self) -> None:
        """Run the step once, for real; the vendor is asked while nothing is locked."""
        async with self:
            actor, place = current_actor(self), self.trial.place
            if not self.trial.running:
                return
        workflow_id, _, key = place.partition("/")
        output = ""
        try:
            tried = await service.try_step(hub(), actor, workflow_id, key)
            shown, output = trial_view(place, tried), orjson.dumps(tried.output).decode()
        except IntegrationsError as error:
            shown = TrialView(place, error=error.message or error.code)
        async with self:
            if self.trial == TrialView(place, running=True):
                self.trial, self._output = shown, output

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def pin_answer(self) -> None:
        """Let later steps read this answer until somebody unpins it."""
        workflow_id, _, key = self.trial.place.partition("/")
        if not self._output or workflow_id != self.workflow_id:
            return
        try:
            await service.pin(hub(), current_actor(self), workflow_id, key, orjson.loads(self._output))
        except IntegrationsError as error:
            why = next(iter(error.fields.values()), "") if isinstance(error, InvalidInput) else error.message
            self.trial = replace(self.trial, pin_note=f"Not pinned: {why or error.code}")
            return
        self.trial = replace(self.trial, pin_note="Pinned.")
        await self._draw()


def trial_view(place: str, tried: Trial) -> TrialView:
    """Lay out a try; a failure names the fields that were refused."""
    why = [tried.error_message or tried.error_code, *(f"{name}: {said}" for name, said in tried.fields.items())]
    return TrialView(
        place,
        status="succeeded" if tried.ok else "failed",
        word="Succeeded" if tried.ok else "Failed",
        took=f"{tried.milliseconds:,} ms",
        inputs=pretty_json(tried.inputs) if tried.inputs else "",
        answer=pretty_json(tried.output) if tried.ok else "",
        error="" if tried.ok else "\n".join(why),
    )
