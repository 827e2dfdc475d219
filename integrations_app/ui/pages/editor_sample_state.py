"""What is being typed comes to: rendered by the server after a pause, never per key."""

import reflex as rx

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_rendering import input_meant
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service


class EditorSampleState(WorkflowEditorState):
    """Results of texts that are not stored yet."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def render_text(self, key: str, name: str, text: str) -> None:
        """Show what the text of a field would come to."""
        if key != self.selected:
            return
        try:
            meant = {name: input_meant(self._document(), key, name, text)}
            found = await service.render_inputs(hub(), current_actor(self), self.workflow_id, key, meant)
        except InvalidInput as error:
            found = {name: next(iter(error.fields.values()), error.message)}
        except IntegrationsError:
            return
        self.rendered = {**self.rendered, **found}
