"""Run now with data of one's own: what the trigger would have brought, written as JSON."""

import reflex as rx

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import TRIGGER
from integrations_app.ui.pages.editor_run_state import EditorRunState, run_input
from integrations_app.ui.pages.editor_samples import TOO_LARGE, indented, read_json
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service

NOT_AN_OBJECT = 'Write an object, such as {"id": 1}.'


class EditorInputState(EditorRunState):
    """The dialog that asks for the data."""

    asking_input: bool = False
    input_text: str = ""
    input_note: str = ""
    input_error: str = ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def ask_input(self) -> None:
        """Open the dialog with the data that Run now would take."""
        if self._may_leave():
            payload, note = await run_input(current_actor(self), self.workflow_id, self._document())
            text = indented(payload)
            self.input_text, self.input_note, self.input_error = text, note if text else TOO_LARGE, ""
            self.asking_input = True

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep_input(self, open_: bool = False) -> None:
        """Do not run after all."""
        if not open_:
            self.asking_input = False

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def run_with(self, form: dict[str, str]) -> None:
        """Run the draft with what is written; pin it too when that is ticked."""
        self.input_text = str(form.get("input", ""))
        try:
            payload = read_json(self.input_text, "input")
            if not isinstance(payload, dict):
                raise InvalidInput({"input": NOT_AN_OBJECT})
            if form.get("pin"):
                await service.pin(hub(), current_actor(self), self.workflow_id, TRIGGER, payload)
        except InvalidInput as error:
            self.input_error = next(iter(error.fields.values()), error.message)
            return
        self.asking_input = False
        await self._start(payload, "With the data you wrote.")
