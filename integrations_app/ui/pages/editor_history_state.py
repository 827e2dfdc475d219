"""Undoing, doing again, and what becomes of an edit that could not be stored."""

from collections.abc import AsyncIterator, Awaitable

import reflex as rx

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.workflow_editor_state import SAVED, SAVING, WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.editing.commands import COMMANDS, Batch, Command, SetPart, setting
from integrations_app.workflows.editing.tree import Document
from integrations_app.workflows.views import SavedDraft


class EditorHistoryState(WorkflowEditorState):
    """The person's own edits, backwards and forwards."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def undo(self) -> AsyncIterator[None]:
        """Take back one's newest edit."""
        self.saved = SAVING
        yield
        await self._go(service.undo(hub(), current_actor(self), self.workflow_id))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def redo(self) -> AsyncIterator[None]:
        """Do again what one undid last."""
        self.saved = SAVING
        yield
        await self._go(service.redo(hub(), current_actor(self), self.workflow_id))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def save_again(self) -> AsyncIterator[None]:
        """Try once more to store what could not be stored."""
        if self._pending:
            self.saved = SAVING
            yield
            await self._edit(COMMANDS.validate_json(self._pending))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def use_mine(self) -> AsyncIterator[None]:
        """Store the edit made here over what somebody else stored in the same place."""
        if self._pending:
            command = over(self._document(), COMMANDS.validate_json(self._pending))
            self._typed, self.saved = {}, SAVING
            yield
            await self._edit(command)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def keep_theirs(self) -> None:
        """Let the edit made here go."""
        self._pending, self.unsaved, self.conflict, self.saved = "", False, False, SAVED
        self._errors, self._typed = {}, {}
        await self._draw()

    async def _go(self, act: Awaitable[SavedDraft]) -> None:
        self.notice = ""
        try:
            made = await act
        except IntegrationsError as error:
            await self._adopt(await service.get(hub(), current_actor(self), self.workflow_id))
            self.saved = SAVED
            self._say(error.message, ok=False)
            return
        self._errors, self._typed = {}, {}
        await self._take(made)


def over(document: Document, command: Command) -> Command:
    """The command as of somebody who saw what the document says now."""
    if isinstance(command, SetPart):
        return setting(document, command.target, command.path, *command.to)
    if isinstance(command, Batch):
        return Batch(commands=[over(document, one) for one in command.commands])
    return command
