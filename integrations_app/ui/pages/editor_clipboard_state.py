"""Copying steps as text, and pasting them behind a step of this or another workflow."""

from collections.abc import AsyncIterator

import reflex as rx

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import place_behind
from integrations_app.ui.pages.editor_step_state import EditorStepState
from integrations_app.ui.pages.workflow_editor_state import SAVING
from integrations_app.ui.session import current_actor
from integrations_app.workflows.editing.commands import AddSteps
from integrations_app.workflows.editing.copying import copy_steps, pasted_steps, renewed

TOLD = 3
"""Places that are named when a text is refused."""
COPIED = "Copied. Paste it behind a step of this or another workflow."
NOT_COPIED = (
    "Not copied: the browser does not allow it here. Allow the clipboard for this page, or export the workflow."
)


class EditorClipboardState(EditorStepState):
    """What was copied last, on its way to the browser's clipboard."""

    copied: str = ""
    copies: int = 0

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def copy_step(self, key: str) -> None:
        """Put the step, with everything inside it, on the clipboard as YAML."""
        try:
            self.copied = await copy_steps(hub(), current_actor(self), self.workflow_id, [key])
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
            return
        self.copies += 1

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def tell_copied(self, ok: bool) -> None:
        """Say whether the browser let it onto the clipboard."""
        self._say(COPIED if ok else NOT_COPIED, ok=ok)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def paste_behind(self, key: str, text: str) -> AsyncIterator[None]:
        """Put the steps in the text behind a step, or first behind the trigger, with keys that are free here."""
        try:
            steps = await pasted_steps(hub(), current_actor(self), text)
        except InvalidInput as error:
            self._say(f"Not pasted: {_places(error)}", ok=False)
            return
        document = self._document()
        self._show_missing, self.saved = False, SAVING
        yield
        await self._add(AddSteps(at=place_behind(document, key), steps=renewed(document, steps)))


def _places(error: InvalidInput) -> str:
    told = [f"{path} {why}" if path else f"the text {why}" for path, why in error.fields.items()]
    more = f"; and {len(told) - TOLD} more places" if len(told) > TOLD else ""
    return f"{'; '.join(told[:TOLD])}{more}."
