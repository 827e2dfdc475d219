"""Fixing the sample data of what is selected, and letting it go."""

import reflex as rx

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_samples import read_json
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service


class EditorPinState(WorkflowEditorState):
    """Pin and Unpin."""

    pin_error: str = ""
    _pin_error_at: str = ""
    """Whose it is."""

    @rx.var
    def pin_trouble(self) -> str:
        """Why the sample of what is selected could not be pinned."""
        return self.pin_error if self._pin_error_at == f"{self.workflow_id}/{self.selected}" else ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def pin_sample(self, form: dict[str, str]) -> None:
        """Use what is written as the sample of the selected step, or of the trigger, until it is let go."""
        self.pin_error, self._pin_error_at = "", f"{self.workflow_id}/{self.selected}"
        try:
            value = read_json(str(form.get("sample", "")), "value")
            await service.pin(hub(), current_actor(self), self.workflow_id, self.selected, value)
        except InvalidInput as error:
            self.pin_error = next(iter(error.fields.values()), error.message)
            return
        except IntegrationsError as error:
            self.pin_error = error.message or error.code
            return
        await self._draw()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def unpin_sample(self) -> None:
        """Take the data of the last run, or the example, again."""
        self.pin_error = ""
        try:
            await service.unpin(hub(), current_actor(self), self.workflow_id, self.selected)
        except IntegrationsError as error:
            self.pin_error, self._pin_error_at = error.message or error.code, f"{self.workflow_id}/{self.selected}"
        await self._draw()
