"""State of the page of one inbound event: what came, what it started, and replaying it."""

import reflex as rx

from integrations_app.errors import IntegrationsError, NotFound
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.event_rows import (
    EventLine,
    HeaderLine,
    StartedLine,
    body_text,
    event_line,
    header_lines,
    started_line,
)
from integrations_app.ui.pages.run_words import STATUS_WORDS
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import events, service

KINDS = frozenset({"event", "run"})
MOST_RUNS = 100


class EventState(SessionState):
    """What one tab shows of one event."""

    event_id: str = ""
    missing: bool = False
    loaded: bool = False
    head: EventLine = EventLine()
    headers: list[HeaderLine] = []
    body: str = ""
    runs: list[StartedLine] = []
    runs_hidden: int = 0
    notice: str = ""
    notice_ok: bool = True

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the event that the address names, and keep its runs live."""
        self.event_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self.loaded, self.missing, self.notice = False, False, ""
        self.head, self.headers, self.body, self.runs = EventLine(), [], "", []
        show_live(self, current_actor(self), EventState, KINDS)
        await self._refresh(KINDS)

    async def _refresh(self, _kinds: frozenset[str]) -> None:
        actor = current_actor(self)
        try:
            detail = await events.get_event(hub(), actor, self.event_id)
        except NotFound:
            self.missing, self.loaded = True, True
            return
        except IntegrationsError as error:
            self.notice, self.notice_ok, self.loaded = error.message or error.code, False, True
            return
        self.head, self.headers, self.body = event_line(detail.row), header_lines(detail.headers), body_text(detail)
        shown = detail.row.run_ids[-MOST_RUNS:]
        rows = [(await service.get_run(hub(), actor, run_id)).row for run_id in reversed(shown)]
        self.runs = [started_line(row, STATUS_WORDS) for row in rows]
        self.runs_hidden, self.loaded = len(detail.row.run_ids) - len(shown), True
