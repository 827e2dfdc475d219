"""State of the workflow editor: the draft as one tab sees it, how it is saved, and what is drawn of it."""

from collections.abc import AsyncIterator
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
from integrations_app.ui.pages.canvas_layout import Drawing, drawing_of
from integrations_app.ui.pages.canvas_rows import StepMark, StepValues, step_marks, values_of
from integrations_app.ui.pages.editor_consent import LackLine, lack_lines
from integrations_app.ui.pages.editor_document import TRIGGER, Document, set_connection, step_of
from integrations_app.ui.pages.editor_panel import Surroundings, connected_ids, panel_of
from integrations_app.ui.pages.editor_panel_rows import Panel, StepField
from integrations_app.ui.pages.editor_rendering import mapped_inputs
from integrations_app.ui.pages.editor_rows import (
    PickerItem,
    ProblemLine,
    RunAge,
    StepLine,
    age_of,
    origin_words,
    outline,
    picker_items,
    problem_lines,
    run_words,
)
from integrations_app.ui.pages.editor_samples import SampleView, sample_view
from integrations_app.ui.pages.request_rows import RequestView, request_trouble, request_view
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service
from integrations_app.workflows.editing.commands import CHANGED, COMMANDS, Command
from integrations_app.workflows.editing.words import words_for
from integrations_app.workflows.endpoints import list_endpoints
from integrations_app.workflows.problems import Problem
from integrations_app.workflows.views import RunRow, SavedDraft, WorkflowDetail, WorkflowRow

KINDS = frozenset({"workflow", "run", "connection"})
SAVED, SAVING = "Saved", "Saving…"
THEIRS = "Saved · changed by somebody else"
MEND = "Not saved: mend the marked field."
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
    drawing: Drawing = Drawing()
    marks: dict[str, StepMark] = {}
    """Where the steps stand in the run that is shown here, by key."""
    values: StepValues = StepValues()
    """What the selected step was given and gave in that run."""
    problems: list[ProblemLine] = []
    error_count: int = 0
    selected: str = TRIGGER
    request: RequestView = RequestView()
    _previewed: str = ""
    """The stamp of the panel whose request is shown."""
    panel: Panel = Panel()
    panel_open: bool = False
    """On a phone, where outline and panel take turns."""
    focus: str = ""
    """The id of the field to go to, with a number that makes every wish another one."""
    variables: list[Variable] = []
    sample: SampleView = SampleView()
    pinned: list[str] = []
    """Steps (or the trigger) whose sample somebody fixed."""
    rendered: dict[str, str] = {}
    """What mapped fields of the panel come to with sample values, by the name of the field."""
    picker: list[PickerItem] = []
    saved: str = SAVED
    conflict: bool = False
    """Somebody else changed the same part; the edit made here waits for a decision."""
    unsaved: bool = False
    """An edit made here is not stored."""
    undo_words: str = ""
    redo_words: str = ""
    notice: str = ""
    notice_ok: bool = True
    run_id: str = ""
    run_status: str = ""
    run_line: str = ""
    run_origin: str = ""
    """How the run came that is shown by itself; empty for one that somebody started or opened here, which stays."""
    blocked: bool = False
    """The browser refused the window in which a service is connected."""
    connecting: bool = False
    """The panel asks for a new connection; the one that appears is taken."""
    lacks: list[LackLine] = []
    """What connections were not allowed and the draft needs."""
    asking_consent: bool = False
    """Publishing waits for it."""
    consent_begun: bool = False
    _runs_until: RunAge | None = None
    """The newest run that is not shown by itself: younger ones are."""
    _known_connections: list[str] = []
    _draft: str = "{}"
    """The stored document as JSON text, so that nobody can change it by accident."""
    _version: int = 0
    _pending: str = ""
    """The command, as JSON, that is not stored yet."""
    _found: list[Problem] = []
    _show_missing: bool = False
    _errors: dict[str, str] = {}
    """Why entries of the selected step were refused, by field."""
    _typed: dict[str, str] = {}
    """And what was typed there."""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> AsyncIterator[None]:
        """Show the workflow that the address names."""
        self.loaded, self.missing = False, False
        self.workflow_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        show_live(self, current_actor(self), WorkflowEditorState, KINDS)
        try:
            detail = await service.get(hub(), current_actor(self), self.workflow_id)
        except NotFound:
            self.missing = True
            return
        self.selected, self.panel_open, self.panel = TRIGGER, False, Panel()
        self.unsaved, self.conflict, self._pending, self._errors, self._typed = False, False, "", {}, {}
        self.notice = ""
        await self._put_run_away()
        self.connecting, self.blocked, self._show_missing = False, False, False
        self.asking_consent, self.consent_begun = False, False
        if not self.picker:
            self.picker = picker_items(hub().registry)
        await self._adopt(detail)
        await self._open_run(self.router.url.query_parameters.get("run", ""))
        self.loaded = True
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
                await self._follow(detail)
            else:
                self._found = list(detail.problems)
                await self._draw_sample()
        if "run" in kinds:
            await self._follow_runs()
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
    async def show_problem(self, key: str, target: str = "") -> None:
        """Go to the field that a problem is about, and mark what is missing in its step."""
        self._show_missing = True
        await self._select(key or self.selected)
        number = int(self.focus.rpartition("#")[2] or 0) + 1
        self.focus = f"{target}#{number}"

    @rx.event
    @guard(Permission.VIEW)
    def close_panel(self) -> None:
        """Back to the outline, on a phone."""
        self.panel_open = False

    def _document(self) -> Document:
        document: Document = orjson.loads(self._draft)
        return document

    async def _select(self, key: str) -> None:
        if key != self.selected:
            self._errors, self._typed = {}, {}
        self.selected, self.panel_open = key, True
        self.connecting, self.blocked = False, False
        await self._draw()
        await self._show_run()

    async def _edit(self, command: Command | None, name: str = "", text: str = "") -> bool:
        """Store an edit at once, and draw what is stored; whether it was.

        `name` and `text` say in which field it was typed, which keeps what is refused.
        """
        if command is None:
            self.saved = SAVED
            await self._draw()
            return False
        self._pending, self.unsaved, self.conflict, self.notice = "", False, False, ""
        try:
            made = await service.edit(hub(), current_actor(self), self.workflow_id, command)
        except InvalidInput as error:
            self._decline(error, name, text)
        except Conflict as error:
            if name:
                self._typed = {**self._typed, name: text}
            await self._meet(command, error)
        except IntegrationsError as error:
            self._keep(command, f"Not saved: {error.message or error.code}")
        else:
            self._accept(name)
            await self._take(made)
            return True
        await self._draw()
        return False

    async def _meet(self, command: Command, error: Conflict) -> None:
        """Somebody was here: show the newest draft, and keep the edit for a decision where there is one to make."""
        detail = await service.get(hub(), current_actor(self), self.workflow_id)
        if error.code == CHANGED:
            self._keep(command, f"Not saved: {words_for(command, dict(detail.draft))}. Somebody changed it meanwhile.")
            self.conflict = True
        else:
            self._say(error.message, ok=False)
        await self._adopt(detail)

    def _keep(self, command: Command, why: str) -> None:
        self._pending, self.unsaved, self.saved = COMMANDS.dump_json(command).decode(), True, why

    async def _take(self, made: SavedDraft) -> None:
        """Show what was stored."""
        self._draft, self._version = orjson.dumps(dict(made.draft)).decode(), made.draft_version
        self._found, self.saved = list(made.problems), SAVED
        self.name = str(made.draft["name"])
        self.undo_words, self.redo_words = made.history.undo, made.history.redo
        await self._draw()

    async def _follow(self, detail: WorkflowDetail) -> None:
        """Show what somebody else, or another tab, has stored; an edit that waits here goes on waiting."""
        await self._adopt(detail)
        if not self.unsaved:
            self.saved = THEIRS

    async def _adopt(self, detail: WorkflowDetail) -> None:
        self._draft, self._version = orjson.dumps(dict(detail.draft)).decode(), detail.row.draft_version
        self._found, self.name = list(detail.problems), detail.row.name
        self.undo_words, self.redo_words = detail.history.undo, detail.history.redo
        if not self.unsaved:
            self.saved = SAVED
        self._show_row(detail.row)
        await self._draw()

    def _show_row(self, row: WorkflowRow) -> None:
        number = row.published_number
        self.state, self.state_word = row.state, STATE_WORDS[row.state]
        self.version_word = f"Version {number}" if number else "Not published"

    async def _draw(self) -> None:
        """Show document, problems and surroundings; only what changed is sent to the browser."""
        actor, registry, document = current_actor(self), hub().registry, self._document()
        if self.selected != TRIGGER and step_of(document, self.selected) is None:
            self.selected, self._errors, self._typed = TRIGGER, {}, {}
        found = problem_lines(document, registry, self._found)
        offered = await connections.list_by_organization(hub(), actor)
        around = Surroundings(
            registry,
            offered,
            await list_endpoints(hub(), actor),
            found,
            self._show_missing,
            dict(self._errors),
            dict(self._typed),
            hub().clock(),
        )
        self._put("outline", outline(document, registry, self._found))
        self._put("drawing", drawing_of(document))
        self._put("problems", found)
        self._put("lacks", lack_lines(self._found, offered))
        self._put("error_count", sum(one.is_error for one in found))
        self._put("panel", keep_choices(panel_of(document, self.selected, around), self.panel))
        self._put("variables", await self._list_variables())
        await self._draw_sample()
        self._put("rendered", await self._render(document))
        self._put("request", await self._preview())

    async def _preview(self) -> RequestView:
        """The request of the selected step as it would leave; asked for anew only when something of it changed."""
        stamp = self.panel.stamp if self.can_edit else ""
        if stamp == self._previewed:
            return self.request
        self._previewed = stamp
        if not stamp:
            return RequestView()
        try:
            return request_view(await service.preview_step(hub(), current_actor(self), self.workflow_id, self.selected))
        except IntegrationsError as error:
            return request_trouble(error)

    async def _list_variables(self) -> list[Variable]:
        """What the selected step may read, by the draft that is stored."""
        if self.selected == TRIGGER:
            return []
        rows = await service.load_variables(hub(), current_actor(self), self.workflow_id, self.selected)
        return [Variable(row.path, row.label, row.sample, row.depth, row.kind) for row in rows]

    async def _draw_sample(self) -> None:
        found = await service.load_sample(hub(), current_actor(self), self.workflow_id, self.selected)
        self._put("sample", sample_view(f"{self.workflow_id}/{self.selected}", found))
        self._put("pinned", list(found.pinned))

    async def _render(self, document: Document) -> dict[str, str]:
        if self.selected == TRIGGER:
            return {}
        inputs = mapped_inputs(document, self.selected)
        return await service.render_inputs(hub(), current_actor(self), self.workflow_id, self.selected, inputs)

    async def _show_run(self) -> None:
        """Say where the run stands that is shown here, each of its steps, and what is known of the selected one."""
        if not self.run_id:
            return
        found = await service.get_run(hub(), current_actor(self), self.run_id)
        self.run_status, self.run_line = found.row.status, run_words(found.row)
        self._put("marks", step_marks(found.steps))
        self._put("values", values_of(found.steps, self.selected))

    async def _open_run(self, run_id: str) -> None:
        """Show where a run stands that somebody opened here; one of another workflow is not shown."""
        if not run_id:
            return
        try:
            found = await service.get_run(hub(), current_actor(self), run_id)
        except NotFound:
            return
        if found.row.workflow_id == self.workflow_id:
            self.run_id, self.run_origin = run_id, ""
            await self._show_run()

    async def _follow_runs(self) -> None:
        """Take the newest run that began since, whoever started it, unless one was started or opened here."""
        if self.run_id and not self.run_origin:
            return
        row = await self._newest_run()
        if row and (self._runs_until is None or age_of(row) > self._runs_until):
            self.run_id, self.run_origin = row.id, origin_words(row)

    async def _put_run_away(self) -> None:
        """Show no run until another one begins."""
        row = await self._newest_run()
        self._runs_until = age_of(row) if row else None
        self.run_id, self.run_status, self.run_line, self.run_origin = "", "", "", ""
        self.marks, self.values = {}, StepValues()

    async def _newest_run(self) -> RunRow | None:
        found = await service.list_runs(hub(), current_actor(self), workflow_id=self.workflow_id, limit=1)
        return found.items[0] if found.items else None

    async def _take_new_connection(self) -> None:
        """Use the connection that was made while the panel asked for one."""
        offered = await connections.list_by_organization(hub(), current_actor(self), self.panel.provider)
        fresh = [one for one in connected_ids(offered) if one not in self._known_connections]
        if not fresh:
            await self._draw()
            return
        self.connecting = False
        await self._edit(set_connection(self._document(), self.selected, fresh[-1]))

    def _put(self, name: str, value: Any) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)

    def _say(self, words: str, *, ok: bool = True) -> None:
        self.notice, self.notice_ok = words, ok

    def _decline(self, error: InvalidInput, name: str, text: str) -> None:
        """Keep at its field what was typed there and refused; what nobody typed is told on top."""
        why = next(iter(error.fields.values()), error.message)
        if not name:
            self.saved = SAVED
            self._say(f"Not changed: {why}", ok=False)
            return
        self.saved = MEND
        self._errors, self._typed = {**self._errors, name: why}, {**self._typed, name: text}

    def _accept(self, name: str) -> None:
        """Forget what was refused at a field."""
        self._errors = {known: why for known, why in self._errors.items() if known != name}
        self._typed = {known: text for known, text in self._typed.items() if known != name}


def keep_choices(panel: Panel, former: Panel) -> Panel:
    """Carry over what pickers have loaded while the same connection is asked."""
    if (panel.key, panel.choice, panel.connection) != (former.key, former.choice, former.connection):
        return panel
    known = {one.name: one for one in former.every_field()}

    def keep(one: StepField) -> StepField:
        before = known.get(one.name)
        return replace(one, choices=before.choices, loading=before.loading) if before is not None else one

    return panel.changed(keep)
