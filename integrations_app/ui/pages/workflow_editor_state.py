"""State of the workflow editor: the draft as one tab sees it, how it is saved, and what is drawn of it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import reflex as rx

from integrations_app.connections import service as connections
from integrations_app.errors import Conflict, IntegrationsError, InvalidInput, NotFound
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.components.mapping_input import Variable
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.editor_consent import LackLine, lack_lines
from integrations_app.ui.pages.editor_document import TRIGGER, Document, place_of, with_connection
from integrations_app.ui.pages.editor_panel import Surroundings, connected_ids, panel_of
from integrations_app.ui.pages.editor_panel_rows import Panel
from integrations_app.ui.pages.editor_rows import (
    PickerItem,
    ProblemLine,
    StepLine,
    outline,
    picker_items,
    problem_lines,
    run_words,
)
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service
from integrations_app.workflows.endpoints import list_endpoints
from integrations_app.workflows.problems import Problem
from integrations_app.workflows.views import WorkflowDetail, WorkflowRow

KINDS = frozenset({"workflow", "run", "connection"})
SAVED, SAVING = "Saved", "Saving…"
THEIRS = "Somebody else changed this workflow."
STALE = "Somebody else changed this workflow. Your change is kept here, not saved yet."
STATE_WORDS = {"draft": "Draft", "live": "Live", "paused": "Paused"}


class WorkflowEditorState(SessionState):
    """What one tab shows of one workflow; its draft is stored with every change."""

    loaded: bool = False
    missing: bool = False
    workflow_id: str = ""
    name: str = ""
    state: str = "draft"
    state_word: str = "Draft"
    version_word: str = ""
    outline: list[StepLine] = []
    problems: list[ProblemLine] = []
    error_count: int = 0
    selected: str = TRIGGER
    panel: Panel = Panel()
    panel_open: bool = False
    """On a phone, where outline and panel take turns."""
    variables: list[Variable] = []
    picker: list[PickerItem] = []
    saved: str = SAVED
    conflict: bool = False
    unsaved: bool = False
    notice: str = ""
    notice_ok: bool = True
    run_id: str = ""
    run_status: str = ""
    run_line: str = ""
    blocked: bool = False
    """The browser refused the window in which a service is connected."""
    connecting: bool = False
    """The panel asks for a new connection; the one that appears is taken."""
    lacks: list[LackLine] = []
    """What connections were not allowed and the draft needs."""
    asking_consent: bool = False
    """Publishing waits for it."""
    consent_begun: bool = False
    _known_connections: list[str] = []
    _draft: str = "{}"
    """The document as JSON text, so that nobody can change it by accident."""
    _version: int = 0
    _found: list[Problem] = []
    _show_missing: bool = False
    _errors: dict[str, str] = {}
    """Refused entries of the selected step, by field."""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> AsyncIterator[None]:
        """Show the workflow that the address names."""
        self.loaded, self.missing = False, False
        self.workflow_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        try:
            detail = await service.get(hub(), current_actor(self), self.workflow_id)
        except NotFound:
            self.missing = True
            return
        self.selected, self.panel_open, self.panel = TRIGGER, False, Panel()
        self.notice, self.run_id, self.run_status, self.run_line = "", "", "", ""
        self.connecting, self.blocked, self._show_missing = False, False, False
        self.asking_consent, self.consent_begun = False, False
        if not self.picker:
            self.picker = picker_items(hub().registry)
        await self._adopt(detail)
        self.loaded = True
        show_live(self, current_actor(self), WorkflowEditorState, KINDS)
        yield

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Somebody changed something: show it, but never overwrite what is being edited here."""
        if not self.loaded:
            return
        if kinds & {"workflow", "connection"}:
            try:
                detail = await service.get(hub(), current_actor(self), self.workflow_id)
            except NotFound:
                self.missing = True
                return
            self._show_row(detail.row)
            if detail.row.draft_version != self._version:
                self.conflict = True
                self.saved = STALE if self.unsaved else THEIRS
            elif not self.unsaved:
                self._found = list(detail.problems)
        if "run" in kinds:
            await self._show_run()
        if "connection" in kinds and self.connecting:
            await self._take_new_connection()
        elif kinds & {"connection", "run"}:
            await self._draw()

    @rx.event
    @guard(Permission.VIEW)
    async def select(self, key: str) -> None:
        """Show a step, or the trigger, in the panel."""
        await self._select(key)

    @rx.event
    @guard(Permission.VIEW)
    async def show_problem(self, key: str) -> None:
        """Go to the step that a problem is about, and mark there what is missing."""
        self._show_missing = True
        await self._select(key or self.selected)

    @rx.event
    @guard(Permission.VIEW)
    def close_panel(self) -> None:
        """Back to the outline, on a phone."""
        self.panel_open = False

    @rx.event
    @guard(Permission.VIEW)
    async def load_theirs(self) -> None:
        """Take what is stored, and let go of what was not saved here."""
        await self._adopt(await service.get(hub(), current_actor(self), self.workflow_id))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def keep_mine(self) -> None:
        """Store what stands here over what somebody else stored."""
        detail = await service.get(hub(), current_actor(self), self.workflow_id)
        self._version, self.conflict = detail.row.draft_version, False
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def save_again(self) -> None:
        """Try once more to store what could not be stored."""
        await self._save()

    def _document(self) -> Document:
        document: Document = orjson.loads(self._draft)
        return document

    async def _select(self, key: str) -> None:
        self.selected, self.panel_open, self._errors = key, True, {}
        self.connecting, self.blocked = False, False
        await self._draw()

    def _stage(self, document: Document) -> None:
        """Take an edit over; `_save` makes it durable."""
        self._draft = orjson.dumps(document).decode()
        self.unsaved, self.notice = True, ""
        if not self.conflict:
            self.saved = SAVING

    async def _save(self) -> None:
        """Store the draft, unless somebody else did meanwhile; draw it in any case."""
        document = self._document()
        try:
            if self.conflict:
                raise Conflict("stale_version", STALE)
            made = await service.save_draft(hub(), current_actor(self), self.workflow_id, document, self._version)
        except InvalidInput as error:
            self.saved = "Not saved: mend the marked field."
            self._found = [Problem(path, error.code, why) for path, why in error.fields.items()]
        except IntegrationsError as error:
            self.conflict = error.code == "stale_version"
            self.saved = STALE if self.conflict else f"Not saved: {error.message}"
        else:
            self._version, self._found = made.draft_version, list(made.problems)
            self.saved, self.unsaved = SAVED, False
        self.name = str(document["name"])
        await self._draw()

    async def _adopt(self, detail: WorkflowDetail) -> None:
        self._draft, self._version = orjson.dumps(dict(detail.draft)).decode(), detail.row.draft_version
        self._found, self._errors = list(detail.problems), {}
        self.name, self.conflict, self.unsaved, self.saved = detail.row.name, False, False, SAVED
        self._show_row(detail.row)
        await self._draw()

    def _show_row(self, row: WorkflowRow) -> None:
        number = row.published_number
        self.state, self.state_word = row.state, STATE_WORDS[row.state]
        self.version_word = f"Version {number}" if number else "Not published"

    async def _draw(self) -> None:
        """Show document, problems and surroundings; only what changed is sent to the browser."""
        actor, registry, document = current_actor(self), hub().registry, self._document()
        if self.selected != TRIGGER and place_of(document, self.selected) < 0:
            self.selected, self._errors = TRIGGER, {}
        found = problem_lines(document, registry, self._found)
        offered = await connections.list_by_organization(hub(), actor)
        around = Surroundings(
            registry,
            offered,
            await list_endpoints(hub(), actor),
            found,
            self._show_missing,
            dict(self._errors),
        )
        self._put("outline", outline(document, registry, self._found))
        self._put("problems", found)
        self._put("lacks", lack_lines(self._found, offered))
        self._put("error_count", sum(one.is_error for one in found))
        self._put("panel", keep_choices(panel_of(document, self.selected, around), self.panel))
        self._put("variables", await self._list_variables())

    async def _list_variables(self) -> list[Variable]:
        """What the selected step may read, by the draft that is stored."""
        if self.selected == TRIGGER:
            return []
        rows = await service.load_variables(hub(), current_actor(self), self.workflow_id, self.selected)
        return [Variable(row.path, row.label, row.sample, row.depth) for row in rows]

    async def _show_run(self) -> None:
        """Say where the run stands that was started here."""
        if not self.run_id:
            return
        row = (await service.get_run(hub(), current_actor(self), self.run_id)).row
        self.run_status, self.run_line = row.status, run_words(row)

    async def _take_new_connection(self) -> None:
        """Use the connection that was made while the panel asked for one."""
        offered = await connections.list_by_organization(hub(), current_actor(self), self.panel.provider)
        fresh = [one for one in connected_ids(offered) if one not in self._known_connections]
        if not fresh:
            await self._draw()
            return
        self.connecting = False
        self._stage(with_connection(self._document(), self.selected, fresh[-1]))
        await self._save()

    def _put(self, name: str, value: Any) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)

    def _say(self, words: str, *, ok: bool = True) -> None:
        self.notice, self.notice_ok = words, ok

    def _refuse(self, fields: Mapping[str, str]) -> None:
        """Mark at their fields what was typed and refused."""
        self._errors = {**self._errors, **fields}


def keep_choices(panel: Panel, former: Panel) -> Panel:
    """Carry over what pickers have loaded while the same connection is asked."""
    if (panel.key, panel.choice, panel.connection) != (former.key, former.choice, former.connection):
        return panel
    known = {one.name: one for one in former.fields}
    fields = [
        replace(one, choices=known[one.name].choices, loading=known[one.name].loading) if one.name in known else one
        for one in panel.fields
    ]
    return replace(panel, fields=fields)
