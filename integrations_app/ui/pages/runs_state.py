"""State of the runs list: the chart of the last day, the filters, and the rows."""

import reflex as rx

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.run_chart import Chart, chart_of
from integrations_app.ui.pages.run_rows import RunLine, merge_lines, run_line
from integrations_app.ui.pages.run_words import STATUS_WORDS
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service
from integrations_app.workflows.models import RunStatus
from integrations_app.workflows.run_statistics import last_hours, steps_by_status
from integrations_app.workflows.views import Page, RunRow

KINDS = frozenset({"run", "workflow"})
PAGE_SIZE = 50
MAX_FRESH = 200
"""Rows that are read anew at a change; older ones stay as they were shown."""
MAX_CHOICES = 200
STATUSES = tuple(Choice(status.value, STATUS_WORDS[status.value]) for status in RunStatus)


class RunsState(SessionState):
    """What one tab shows of the runs."""

    lines: list[RunLine] = []
    loaded: bool = False
    older: bool = False
    chart: Chart = Chart()
    workflows: list[Choice] = []
    workflow_id: str = ""
    status: str = ""
    _cursor: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether a filter hides runs."""
        return bool(self.workflow_id or self.status)

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the newest runs that match the address, and keep them live."""
        wanted = self.router.url.query_parameters
        self.workflow_id, self.status = wanted.get("workflow_id", ""), _known_status(wanted.get("status", ""))
        self.lines, self.loaded = [], False
        show_live(self, current_actor(self), RunsState, KINDS)
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.VIEW)
    async def choose_workflow(self, workflow_id: str) -> None:
        """Show only the runs of one workflow, or of all."""
        self.workflow_id, self.lines = workflow_id, []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def choose_status(self, status: str) -> None:
        """Show only the runs that stand so, or all."""
        self.status, self.lines = _known_status(status), []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def clear_filters(self) -> None:
        """Show every run."""
        self.workflow_id, self.status, self.lines = "", "", []
        await self._read_lines()

    @rx.event
    @guard(Permission.VIEW)
    async def show_older(self) -> None:
        """Add the next page below."""
        try:
            page = await self._page(PAGE_SIZE, self._cursor)
        except InvalidInput:
            page = await self._page(PAGE_SIZE, "")
        self._keep_cursor(page.next_cursor)
        shown = {line.id for line in self.lines}
        self.lines = [*self.lines, *[line for line in await self._laid_out(page) if line.id not in shown]]

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Read chart and rows again, and the choices of the filter when a workflow changed."""
        actor = current_actor(self)
        if "workflow" in kinds:
            page = await service.list_by_organization(hub(), actor, limit=MAX_CHOICES)
            self.workflows = [Choice(row.id, row.name) for row in page.items]
        self.chart = chart_of(await last_hours(hub(), actor))
        await self._read_lines()

    async def _read_lines(self) -> None:
        """Read as many rows as are shown; what lies below `MAX_FRESH` stays as it was, and so does the cursor."""
        page = await self._page(min(max(PAGE_SIZE, len(self.lines)), MAX_FRESH))
        below = self.lines if len(self.lines) > MAX_FRESH else []
        if not below:
            self._keep_cursor(page.next_cursor)
        self.lines = merge_lines(await self._laid_out(page), below)
        self.loaded = True

    async def _page(self, limit: int, cursor: str = "") -> Page[RunRow]:
        return await service.list_runs(
            hub(), current_actor(self), workflow_id=self.workflow_id, status=self.status, cursor=cursor, limit=limit
        )

    async def _laid_out(self, page: Page[RunRow]) -> list[RunLine]:
        steps = await steps_by_status(hub(), current_actor(self), [row.id for row in page.items])
        return [run_line(row, steps.get(row.id, {})) for row in page.items]

    def _keep_cursor(self, cursor: str) -> None:
        self._cursor, self.older = cursor, bool(cursor)


def _known_status(status: str) -> str:
    return status if status in STATUS_WORDS else ""
