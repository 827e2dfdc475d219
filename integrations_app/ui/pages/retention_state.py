"""State of the retention section: how long runs and events are kept, and the question before much of it goes."""

import reflex as rx

from integrations_app.organizations.permissions import Permission, allowed
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import retention
from integrations_app.workflows.retention import CHOICES, Retention

SAVED = "Saved."


class RetentionState(SessionState):
    """What one tab shows of the retention."""

    run_days: str = "0"
    event_days: str = "0"
    retention_notice: str = ""
    asking: bool = False
    old_runs: int = 0
    old_events: int = 0
    """How much goes, while the question is open."""
    _wanted: tuple[int, int] = (0, 0)

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show what is kept; nothing below admin."""
        self.retention_notice, self.asking = "", False
        await self._read()

    async def _read(self) -> None:
        actor = current_actor(self)
        if allowed(actor.role, Permission.MANAGE_MEMBERS):
            kept = await retention.load_retention(hub(), actor)
            self.run_days, self.event_days = str(kept.run_days), str(kept.event_days)

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    def choose_runs(self, days: str) -> None:
        """Choose for how long runs are kept; stored by Save."""
        self.run_days, self.retention_notice = days, ""

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    def choose_events(self, days: str) -> None:
        """Choose for how long events are kept; stored by Save."""
        self.event_days, self.retention_notice = days, ""

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def ask_save(self) -> None:
        """Store the choice, after a question when something is older already."""
        self._wanted = (_days(self.run_days), _days(self.event_days))
        old = await retention.count_old(hub(), current_actor(self), Retention(*self._wanted))
        self.old_runs, self.old_events, self.asking = old.runs, old.events, bool(old.runs or old.events)
        if not self.asking:
            await self._save()

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def keep(self, open_: bool = False) -> None:
        """Close the question and go back to what is stored."""
        if not open_ and self.asking:
            self.asking = False
            await self._read()

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def save(self) -> None:
        """Store the choice that was asked about."""
        self.asking = False
        await self._save()

    async def _save(self) -> None:
        notice = await said(retention.set_retention(hub(), current_actor(self), Retention(*self._wanted)))
        await self._read()
        self.retention_notice = notice or SAVED


def _days(text: str) -> int:
    """The chosen days; -1, which the service refuses, for what a page does not offer."""
    return int(text) if text in {str(days) for days in CHOICES} else -1
