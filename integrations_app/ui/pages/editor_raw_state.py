"""The draft as YAML: read, changed as a whole, and stored as one edit that can be undone."""

import asyncio
from typing import Any

import orjson
import reflex as rx

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.kit.plain_yaml import read_plain, to_yaml
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.editing.commands import CHANGED, ReplaceAll
from integrations_app.workflows.editing.tree import digest

ORDER = ("format", "name", "trigger", "steps")
THEIRS = "Somebody changed this workflow meanwhile. Copy your text, close, and open it again."


class EditorRawState(WorkflowEditorState):
    """The dialog with the text."""

    raw_open: bool = False
    raw_text: str = ""
    raw_problems: list[str] = []
    _raw_seen: str = ""
    """The digest of the draft that the text was made of."""

    @rx.event
    @guard(Permission.VIEW)
    async def show_raw(self, open_: bool = True) -> None:
        """Open the dialog with the newest draft, or close it."""
        self.raw_open, self.raw_problems = open_, []
        if open_:
            document = self._document()
            first = {name: document[name] for name in ORDER if name in document}
            self.raw_text, self._raw_seen = await asyncio.to_thread(to_yaml, first | document), digest(document)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def save_raw(self, form: dict[str, str]) -> None:
        """Put what is written in the draft's place; what is wrong is told with its place, and nothing is lost."""
        self.raw_text = str(form.get("raw", ""))
        try:
            read = await asyncio.to_thread(read_plain, self.raw_text.encode())
            document: dict[str, Any] = orjson.loads(orjson.dumps(read))
            command = ReplaceAll(document=document, was=self._raw_seen)
            made = await service.edit(hub(), current_actor(self), self.workflow_id, command)
        except InvalidInput as error:
            self.raw_problems = [f"{place}: {why}" if place else f"It {why}" for place, why in error.fields.items()]
            return
        except IntegrationsError as error:
            self.raw_problems = [THEIRS if error.code == CHANGED else error.message or error.code]
            return
        self.raw_open, self.raw_problems = False, []
        self._errors, self._typed = {}, {}
        await self._take(made)
