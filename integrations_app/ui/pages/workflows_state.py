"""State of the workflows page: the list, and the acts of a person on one of its rows."""

from collections.abc import Awaitable
from dataclasses import dataclass

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput, NotFound
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.registry import Registry
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS, trigger_words
from integrations_app.ui.pages.editor_run_state import run_input
from integrations_app.ui.pages.integrations_rows import LOGO, WORDS
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service
from integrations_app.workflows.views import WorkflowRow

KINDS = frozenset({"workflow", "run", "connection"})
PAGE = 30
STATE_WORDS = {"draft": "Draft", "live": "Live", "paused": "Paused"}


@dataclass(frozen=True)
class WorkflowLine:
    """One workflow of the list."""

    id: str
    name: str
    trigger: str
    trigger_kind: str
    logo: str
    state: str
    word: str
    trouble: str
    last_run_at: str


def workflow_line(row: WorkflowRow, registry: Registry) -> WorkflowLine:
    """Lay out one workflow."""
    built_in = row.trigger_type in BUILT_IN_TRIGGERS
    troubles = [f"{one.name}: {WORDS[one.status]}" for one in row.connections if one.status != "connected"]
    if row.trigger_error:
        troubles.append(f"the last look for news failed: {row.trigger_error}")
    return WorkflowLine(
        id=row.id,
        name=row.name,
        trigger=trigger_words(row.trigger_type, registry),
        trigger_kind=row.trigger_type if built_in else "",
        logo="" if built_in else LOGO.format(row.trigger_type.partition(".")[0]),
        state=row.state,
        word=STATE_WORDS[row.state],
        trouble=", ".join(troubles),
        last_run_at=row.last_run_at.isoformat() if row.last_run_at else "",
    )


class WorkflowsState(SessionState):
    """What one tab shows of the list."""

    lines: list[WorkflowLine] = []
    loaded: bool = False
    more: bool = False
    search: str = ""
    naming: bool = False
    """The dialog that asks for a new workflow's name is open."""
    name_error: str = ""
    leaving_id: str = ""
    leaving_name: str = ""
    leaving_loss: str = ""
    notice: str = ""
    notice_ok: bool = True
    _shown: int = PAGE

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the page and keep it live."""
        self.search, self.notice, self._shown = "", "", PAGE
        self.naming, self.leaving_id = False, ""
        await self._refresh(KINDS)
        show_live(self, current_actor(self), WorkflowsState, KINDS)

    async def _refresh(self, kinds: frozenset[str]) -> None:  # noqa: ARG002 - one page shows all of them
        """Read as many rows again as are shown."""
        rows: list[WorkflowRow] = []
        cursor = ""
        while True:
            page = await service.list_by_organization(
                hub(), current_actor(self), cursor=cursor, limit=min(PAGE, self._shown - len(rows)), search=self.search
            )
            rows += page.items
            cursor = page.next_cursor
            if not cursor or len(rows) >= self._shown:
                break
        lines = [workflow_line(row, hub().registry) for row in rows]
        if lines != self.lines:
            self.lines = lines
        self.more, self.loaded = bool(cursor), True

    @rx.event
    @guard(Permission.VIEW)
    async def show_more(self) -> None:
        """Show the next page below."""
        self._shown += PAGE
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.VIEW)
    async def find(self, text: str) -> None:
        """Show the workflows whose name has these words."""
        self.search, self._shown = text.strip(), PAGE
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask_name(self, open_: bool = True) -> None:
        """Open or close the dialog that asks for the name."""
        self.naming, self.name_error = open_, ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def create(self, form: dict[str, str]) -> EventSpec | None:
        """Create the workflow and open its editor."""
        try:
            made = await service.create(hub(), current_actor(self), str(form.get("name", "")).strip())
        except InvalidInput:
            self.name_error = "Give it a name of at most 200 characters."
            return None
        self.naming = False
        return rx.redirect(f"/workflows/{made.id}")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def run_now(self, workflow_id: str) -> EventSpec | None:
        """Run the live version, or the draft of a workflow that was never published, and show the run."""
        row = next((one for one in self.lines if one.id == workflow_id), None)
        draft = row is None or row.state == "draft"
        actor = current_actor(self)
        try:
            detail = await service.get(hub(), actor, workflow_id)
            payload, _ = await run_input(actor, workflow_id, detail.draft if draft else detail.live or detail.draft)
            run_id = await service.start_run(hub(), actor, workflow_id, input=payload, draft=draft)
        except InvalidInput:
            self._say("It cannot run yet: it has problems. Open it, its editor names each of them.", ok=False)
            return None
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
            return None
        return rx.redirect(f"/runs/{run_id}")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def pause(self, workflow_id: str) -> None:
        """Start no more runs until somebody resumes it."""
        await self._act(service.pause(hub(), current_actor(self), workflow_id), "Paused. No run starts.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def resume(self, workflow_id: str) -> None:
        """Let it start again."""
        await self._act(service.resume(hub(), current_actor(self), workflow_id), "Resumed.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def duplicate(self, workflow_id: str) -> None:
        """Copy the draft into a new workflow."""
        await self._act(service.duplicate(hub(), current_actor(self), workflow_id), "Copied. The copy is a draft.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask_delete(self, workflow_id: str) -> None:
        """Open the question that names what will be lost."""
        line = next((one for one in self.lines if one.id == workflow_id), None)
        if line is None:
            return
        self.leaving_id, self.leaving_name = line.id, line.name
        lost = "Its draft and its versions are lost."
        self.leaving_loss = {
            "live": f"It is live: it no longer starts by “{line.trigger}”, and what is running is cancelled. {lost}",
            "paused": f"It is paused: the runs that it holds are cancelled. {lost}",
        }.get(line.state, "It is not published, so nothing starts it. Its draft is lost.")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.leaving_id = ""

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def delete(self) -> None:
        """Delete the workflow; its vendor hook is taken away, so nothing is locked meanwhile."""
        async with self:
            actor, workflow_id = current_actor(self), self.leaving_id
            self.leaving_id = ""
        words, ok = "Deleted. The history of its runs stays.", True
        try:
            await service.delete(hub(), actor, workflow_id)
        except NotFound:
            words = "It was deleted already."
        except IntegrationsError as error:
            words, ok = error.message or error.code, False
        async with self:
            self._say(words, ok=ok)
            await self._refresh(KINDS)

    async def _act(self, act: Awaitable[object], words: str) -> None:
        wrong = await said(act)
        self._say(wrong or words, ok=not wrong)
        await self._refresh(KINDS)

    def _say(self, words: str, *, ok: bool) -> None:
        self.notice, self.notice_ok = words, ok
