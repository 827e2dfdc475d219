"""State of the workflows page: the list with its filters, and the dialog that asks for a new one's name."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.sdk.registry import Registry
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS, trigger_words
from integrations_app.ui.pages.integrations_rows import LOGO, WORDS
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service
from integrations_app.workflows.views import WorkflowRow

KINDS = frozenset({"workflow", "run", "connection"})
PAGE = 30
STATE_WORDS = {"draft": "Draft", "live": "Live", "paused": "Paused"}
STATES = tuple(Choice(value, label) for value, label in STATE_WORDS.items())
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class WorkflowFilters:
    """What the list is narrowed to; empty texts narrow nothing."""

    search: str = ""
    tag: str = ""
    state: str = ""


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
    tags: list[str]


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
        tags=list(row.tags),
    )


class WorkflowsState(SessionState):
    """What one tab shows of the list."""

    lines: list[WorkflowLine] = []
    loaded: bool = False
    more: bool = False
    filters: WorkflowFilters = WorkflowFilters()
    tags: list[Choice] = []
    round: int = 0
    """Counts how often the search was set from outside its field, which then starts anew."""
    name_error: str = ""
    notice: str = ""
    notice_ok: bool = True
    _shown: int = PAGE

    @rx.var
    def filtered(self) -> bool:
        """Whether a filter hides workflows."""
        return self.filters != WorkflowFilters()

    @rx.var
    def address(self) -> str:
        """Where this list is found again, also by others."""
        given = {"search": self.filters.search, "tag": self.filters.tag, "state": self.filters.state}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/workflows?{query}" if query else "/workflows"

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show what the address asks for, and keep it live."""
        wanted = self.router.url.query_parameters
        state = wanted.get("state", "")
        self.filters = WorkflowFilters(
            wanted.get("search", "")[:LONGEST_SEARCH], wanted.get("tag", ""), state if state in STATE_WORDS else ""
        )
        self.notice, self._shown, self.round = "", PAGE, self.round + 1
        show_live(self, current_actor(self), WorkflowsState, KINDS)
        await self._refresh(KINDS)

    async def _refresh(self, kinds: frozenset[str]) -> None:  # noqa: ARG002 - one page shows all of them
        """Read as many rows again as are shown."""
        rows: list[WorkflowRow] = []
        cursor = ""
        while True:
            page = await service.list_by_organization(
                hub(),
                current_actor(self),
                cursor=cursor,
                limit=min(PAGE, self._shown - len(rows)),
                search=self.filters.search,
                tag=self.filters.tag,
                state=self.filters.state,
            )
            rows += page.items
            cursor = page.next_cursor
            if not cursor or len(rows) >= self._shown:
                break
        lines = [workflow_line(row, hub().registry) for row in rows]
        if lines != self.lines:
            self.lines = lines
        tags = [Choice(tag, tag) for tag in await service.list_tags(hub(), current_actor(self))]
        if tags != self.tags:
            self.tags = tags
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
        """Show the workflows with these words in their name or in a tag."""
        await self._narrow(search=text.strip()[:LONGEST_SEARCH])

    @rx.event
    @guard(Permission.VIEW)
    async def choose_tag(self, tag: str) -> None:
        """Show the workflows with one tag, or all."""
        await self._narrow(tag=tag)

    @rx.event
    @guard(Permission.VIEW)
    async def choose_state(self, state: str) -> None:
        """Show drafts, live or paused ones, or all."""
        await self._narrow(state=state if state in STATE_WORDS else "")

    @rx.event
    @guard(Permission.VIEW)
    async def clear_filters(self) -> None:
        """Show every workflow."""
        self.round += 1
        await self._narrow(search="", tag="", state="")

    async def _narrow(self, **changes: str) -> None:
        self.filters, self._shown = replace(self.filters, **changes), PAGE
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def forget_name_error(self, _open: bool) -> None:
        """Begin anew: what was wrong with an earlier name says nothing about the next."""
        self.name_error = ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def create(self, form: dict[str, str]) -> EventSpec | None:
        """Create the workflow and open its editor."""
        try:
            made = await service.create(hub(), current_actor(self), str(form.get("name", "")).strip())
        except InvalidInput:
            self.name_error = "Give it a name of at most 200 characters."
            return None
        return rx.redirect(f"/workflows/{made.id}")

    def _say(self, words: str, *, ok: bool) -> None:
        self.notice, self.notice_ok = words, ok
