"""Conditions that are put together from rows: read, and stored as the expression that they say."""

from collections.abc import AsyncIterator
from typing import Any

import reflex as rx
from pydantic import TypeAdapter, ValidationError

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.pages.editor_typing import as_seen, typed
from integrations_app.ui.pages.workflow_editor_state import MEND, SAVING, WorkflowEditorState
from integrations_app.workflows.condition_rows import Row, expression_of
from integrations_app.workflows.editing.commands import Command, SetPart

_ROWS: TypeAdapter[list[Row]] = TypeAdapter(list[Row])


class EditorConditionState(WorkflowEditorState):
    """Only if, If and Else if."""

    _said: tuple[str, str, str, str] = ("", "", "", "")
    """The last rows stored here: their step and field, the expression that was seen before them, and theirs."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def set_rows(self, key: str, name: str, rows: list[dict[str, Any]], seen: str) -> AsyncIterator[None]:
        """Store the condition that the rows say; `seen` is the expression that stood there before."""
        document = self._document()
        self.saved = SAVING
        yield
        try:
            expression = expression_of(_ROWS.validate_python(rows))
            own = self._said[3] if self._said[:3] == (key, name, seen) else ""
            before = [typed(document, key, name, one) for one in (own, seen) if one or one == seen]
            command = _of_author(typed(document, key, name, expression), *before)
        except ValidationError:
            self.saved = MEND
            return
        except InvalidInput as error:
            self.saved = MEND  # the rows stay where they were typed: in the browser
            self._errors = {**self._errors, name: next(iter(error.fields.values()), error.message)}
            await self._draw()
            return
        if await self._edit(command, name, expression):
            self._said = (key, name, seen, expression)


def _of_author(command: Command | None, *before: Command | None) -> Command | None:
    """The edit as of somebody who saw one of these; who is quick has not seen yet what the own last edit came to."""
    for one in before:
        if isinstance(command, SetPart) and isinstance(one, SetPart) and command.was == one.to:
            return command
    return as_seen(command, before[-1])
