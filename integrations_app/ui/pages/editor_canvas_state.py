"""What a tab shows of the editor's views, and the step that was dragged on the canvas."""

from collections.abc import AsyncIterator

import reflex as rx

from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.pages.editor_document import moving_to, place_at
from integrations_app.ui.pages.workflow_editor_state import SAVING, WorkflowEditorState

OUTLINE, CANVAS = "outline", "canvas"


class EditorCanvasState(WorkflowEditorState):
    """Outline and canvas beside each other, or one of them where there is no room for both."""

    view: str = OUTLINE
    """Where they take turns."""
    outline_open: bool = True
    """Where they stand beside each other."""

    @rx.event
    @guard(Permission.VIEW)
    def show_view(self, view: str | list[str]) -> None:
        """Show the outline or the canvas."""
        self.view, self.panel_open = CANVAS if view == CANVAS else OUTLINE, False

    @rx.event
    @guard(Permission.VIEW)
    def show_outline(self, open_: bool = True) -> None:
        """Open the outline beside the canvas, or give its room to the canvas."""
        self.outline_open = open_

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def place_step(self, key: str, parent: str, branch: int, index: int) -> AsyncIterator[None]:
        """Move a step to where it was dropped."""
        self.saved = SAVING
        yield
        await self._edit(moving_to(self._document(), key, place_at(parent, branch, index)))
