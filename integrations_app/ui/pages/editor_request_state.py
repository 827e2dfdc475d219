"""Filling the selected step from a pasted text."""

import reflex as rx

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import set_input, step_of
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.workflows.editing.commands import Batch


class EditorRequestState(WorkflowEditorState):
    """What was read from a pasted text."""

    pasted_note: str = ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def paste(self, form: dict[str, str]) -> None:
        """Fill the selected step from a pasted text; inputs that it does not name stay."""
        document, key = self._document(), self.selected
        step = step_of(document, key)
        action = hub().registry.action(str((step or {}).get("action", "")))[1]
        if step is None or action.paste is None:
            return
        try:
            read = action.paste.read(str(form.get("pasted", "")))
        except InvalidInput as error:
            self.pasted_note = error.message
            return
        self.pasted_note = "\n".join(("Filled in.", *read.notes))
        commands = [set_input(document, key, name, value) for name, value in read.values.items()]
        await self._edit(Batch(commands=commands))
