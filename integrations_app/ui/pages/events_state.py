"""State of the list of inbound events: filters and rows, live."""

import reflex as rx

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.event_rows import WORDS, EventLine, event_line
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import events, service
from integrations_app.workflows.endpoints import list_endpoints
from integrations_app.workflows.events import VERDICTS, EventRow
from integrations_app.workflows.views import Page

KINDS = frozenset({"event", "workflow"})
PAGE_SIZE = 50
MAX_CHOICES = 200
MAX_FRESH = 200
"""Rows that are read anew at a change; older ones are read again when somebody asks for them."""


class EventsState(SessionState):
    """What one tab shows of the inbound events."""

    lines: list[EventLine] = []
    loaded: bool = False
    older: bool = False
    endpoints: list[Choice] = []
    endpoint_id: str = ""
    workflows: list[Choice] = []
    workflow_id: str = ""
    verdict: str = ""
    _cursor: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether a filter hides events."""
        return bool(self.endpoint_id or self.workflow_id or self.verdict)

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the newest events that match the address, and keep them live."""
        wanted = self.router.url.query_parameters
        self.endpoint_id, self.workflow_id = wanted.get("endpoint_id", ""), wanted.get("workflow_id", "")
        self.verdict = _known(wanted.get("verdict", ""))
        self.lines, self.loaded = [], False
        show_live(self, current_actor(self), EventsState, KINDS)
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.VIEW)
    async def choose_endpoint(self, endpoint_id: str) -> None:
        """Show only what came to one endpoint, or everything."""
        self.endpoint_id, self.lines = endpoint_id, []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def choose_workflow(self, workflow_id: str) -> None:
        """Show only what started one workflow, or everything."""
        self.workflow_id, self.lines = workflow_id, []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def choose_verdict(self, verdict: str) -> None:
        """Show only what was judged so, or everything."""
        self.verdict, self.lines = _known(verdict), []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def clear_filters(self) -> None:
        """Show every event."""
        self.endpoint_id, self.workflow_id, self.verdict, self.lines = "", "", "", []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def show_older(self) -> None:
        """Add the next page below."""
        try:
            page = await self._page(PAGE_SIZE, self._cursor)
        except InvalidInput:
            page = await self._page(PAGE_SIZE, "")
        shown = {line.id for line in self.lines}
        self.lines = [*self.lines, *[event_line(row) for row in page.items if row.id not in shown]]
        self._cursor, self.older = page.next_cursor, bool(page.next_cursor)

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Read the rows again, and the choices of the filters."""
        if "workflow" in kinds:
            page = await service.list_by_organization(hub(), current_actor(self), limit=MAX_CHOICES)
            self.workflows = [Choice(row.id, row.name) for row in page.items]
        rows = await list_endpoints(hub(), current_actor(self))
        self.endpoints = [Choice(row.id, row.name) for row in rows]
        await self._read_lines()

    async def _read_lines(self) -> None:
        page = await self._page(min(max(PAGE_SIZE, len(self.lines)), MAX_FRESH))
        self.lines = [event_line(row) for row in page.items]
        self._cursor, self.older, self.loaded = page.next_cursor, bool(page.next_cursor), True

    async def _page(self, limit: int, cursor: str = "") -> Page[EventRow]:
        given = {"endpoint_id": self.endpoint_id, "workflow_id": self.workflow_id, "verdict": self.verdict}
        return await events.list_events(hub(), current_actor(self), cursor=cursor, limit=limit, **given)


def _known(verdict: str) -> str:
    return verdict if verdict in WORDS and verdict in VERDICTS else ""
