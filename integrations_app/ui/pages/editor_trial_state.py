"""Trying one step by itself: what was asked of the vendor, and what it answered."""

from dataclasses import dataclass

import reflex as rx

from integrations_app.errors import IntegrationsError
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


class EditorTrialState(WorkflowEditorState):
    """Test step."""

    trial: TrialView = TrialView()

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def try_step(self) -> None:
        """Run the selected step once, for real; the vendor is asked while nothing is locked."""
        async with self:
            actor, workflow_id, key = current_actor(self), self.workflow_id, self.selected
            place = f"{workflow_id}/{key}"
            if self.unsaved:
                self.trial = TrialView(place, error=UNSAVED)
                return
            self.trial = TrialView(place, running=True)
        try:
            shown = trial_view(place, await service.try_step(hub(), actor, workflow_id, key))
        except IntegrationsError as error:
            shown = TrialView(place, error=error.message or error.code)
        async with self:
            if self.trial == TrialView(place, running=True):
                self.trial = shown


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
