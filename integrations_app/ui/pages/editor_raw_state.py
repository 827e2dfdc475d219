"""The draft as YAML, or one step of it as JSON: read, changed as text, and stored as one edit that can be undone."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import reflex as rx

from integrations_app.errors import Conflict, IntegrationsError, InvalidInput
from integrations_app.kit.plain_yaml import read_plain, read_plain_json, to_yaml
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import TRIGGER, Document, path_to, step_of
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.definition import MAX_BYTES
from integrations_app.workflows.editing.commands import CHANGED, Command, ReplaceAll, ReplaceStep, setting
from integrations_app.workflows.editing.tree import digest

ORDER = ("format", "key", "name", "type", "when", "action", "connection", "trigger")
"""What people read first; the steps inside come last."""
LAST = ("branches", "steps")
THEIRS = "Somebody changed this workflow meanwhile. Copy your text, close, and open it again."


class EditorRawState(WorkflowEditorState):
    """The dialog with the text."""

    raw_open: bool = False
    raw_key: str = ""
    """The step, or the trigger, whose text it is; empty for the whole draft."""
    raw_name: str = ""
    raw_text: str = ""
    raw_problems: list[str] = []
    _raw_seen: str = ""
    """The digest of what the text was made of."""

    @rx.event
    @guard(Permission.VIEW)
    async def show_raw(self, open_: bool = True) -> None:
        """Open the dialog with the newest draft, or close it."""
        self.raw_open, self.raw_problems = open_, []
        if open_:
            await self._write("", self._document())

    @rx.event
    @guard(Permission.VIEW)
    async def show_step_raw(self, key: str) -> None:
        """Open the dialog with one step of the newest draft, or with its trigger."""
        part = _part(self._document(), key)
        if part is not None:
            self.raw_open, self.raw_problems = True, []
            await self._write(key, part)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def save_raw(self, form: dict[str, str]) -> None:
        """Put what is written in its place; what is wrong is told with its place, and nothing is lost."""
        self.raw_text = str(form.get("raw", ""))
        try:
            read = await asyncio.to_thread(_read, self.raw_text, as_json=bool(self.raw_key))
            command = _replacing(self._document(), self.raw_key, read, self._raw_seen)
            made = await service.edit(hub(), current_actor(self), self.workflow_id, command)
        except InvalidInput as error:
            self.raw_problems = _told(error.fields, path_to(self._document(), self.raw_key))
            return
        except IntegrationsError as error:
            self.raw_problems = [THEIRS if error.code == CHANGED else error.message or error.code]
            return
        self.raw_open, self.raw_problems = False, []
        self._errors, self._typed = {}, {}
        await self._take(made)

    async def _write(self, key: str, part: dict[str, Any]) -> None:
        self.raw_key, self._raw_seen = key, digest(part)
        self.raw_name = next((line.title for line in self.outline if line.key == key and not line.heading), "")
        self.raw_text = await asyncio.to_thread(_text, part, as_json=bool(key))


def _part(document: Document, key: str) -> dict[str, Any] | None:
    if key == TRIGGER:
        trigger: dict[str, Any] = document["trigger"]
        return trigger
    return step_of(document, key)


def _replacing(document: Document, key: str, read: dict[str, Any], seen: str) -> Command:
    """The edit of somebody who wrote `read` where the digest `seen` was. Raises Conflict `changed_meanwhile`."""
    if key == "":
        return ReplaceAll(document=read, was=seen)
    if key != TRIGGER:
        return ReplaceStep(key=key, step=read, was=seen)
    if digest(document[TRIGGER]) != seen:
        raise Conflict(CHANGED, THEIRS)
    return setting(document, TRIGGER, (), read)


def _text(part: dict[str, Any], *, as_json: bool) -> str:
    laid_out = _in_order(part)
    return orjson.dumps(laid_out, option=orjson.OPT_INDENT_2).decode() if as_json else to_yaml(laid_out)


def _in_order(part: Any) -> Any:
    """A definition, step or branch in the order in which people read it, and so the steps inside."""
    if not isinstance(part, dict):
        return part
    middle = [name for name in part if name not in ORDER and name not in LAST]
    names = [name for name in (*ORDER, *middle, *LAST) if name in part]
    return {name: [_in_order(one) for one in part[name]] if name in LAST else part[name] for name in names}


def _read(text: str, *, as_json: bool) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise InvalidInput({"": f"is larger than {MAX_BYTES // 1024} KiB"})
    return read_plain_json(text) if as_json else read_plain(text.encode("utf-8", "surrogatepass"))


def _told(wrong: Mapping[str, str], place: str) -> list[str]:
    """What is wrong, each with its place within the step that stands at `place`."""
    found = []
    for path, why in wrong.items():
        inside = path.removeprefix(f"{place}.") if place else path
        found.append(f"It {why}" if not inside else f"{'step' if inside == place else inside}: {why}")
    return found
