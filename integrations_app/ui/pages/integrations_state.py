"""State of the integrations page: the cards, their filter, and the acts of a person on them."""

from collections.abc import Awaitable
from dataclasses import replace

import reflex as rx

from integrations_app.connections import attempts, service
from integrations_app.connections.views import TestResult
from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.integrations_rows import (
    Card,
    ConnectionLine,
    Trouble,
    card,
    keep_outcomes,
    trouble,
)
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows.held import count_held
from integrations_app.workflows.progress import first_progress

KINDS = frozenset({"connection", "workflow", "run"})
FILTERS = ("All", "Connected", "Needs attention", "Available")
BLOCKED = "Your browser blocked the window."
CLOSED = "Window closed?"


class IntegrationsState(SessionState):
    """What one tab shows of the integrations page."""

    cards: list[Card] = []
    troubled: list[Trouble] = []
    """Connections that only a person can mend."""
    loaded: bool = False
    shown: str = "All"
    search: str = ""
    first_steps: list[bool] = [False, False, False]
    leaving_id: str = ""
    leaving_name: str = ""
    leaving_provider: str = ""
    leaving_breaks: list[str] = []
    renaming_id: str = ""
    renaming_name: str = ""
    notice: str = ""

    @rx.var
    def visible(self) -> list[Card]:
        """The cards that pass the filter and the search."""
        return [one for one in self.cards if self._passes(one)]

    @rx.var
    def truth(self) -> str:
        """The one line of truth below the heading."""
        lines = [line for one in self.cards for line in one.lines]
        connected = sum(line.status == "connected" for line in lines)
        attention = sum(line.needs_person for line in lines)
        return f"{connected} connected" + (f" · {attention} needs attention" if attention else "")

    @rx.var
    def is_newcomer(self) -> bool:
        """Whether to show the first three steps."""
        return self.loaded and not all(self.first_steps)

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the page and keep it live. A question that was left open is not asked again."""
        self.leaving_id = self.renaming_id = ""
        show_live(self, current_actor(self), IntegrationsState, KINDS)
        await self._refresh(KINDS)

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Read the cards again, keeping what only this tab knows. Runs matter only while something is in trouble."""
        if kinds == {"run"} and not self.troubled:
            return
        actor = current_actor(self)
        rows = await service.overview(hub(), actor)
        registry = hub().registry
        self.cards = keep_outcomes([card(row, registry.get(row.key)) for row in rows], self.cards)
        broken = [line for one in self.cards for line in one.lines if line.needs_person]
        held = await count_held(hub(), actor) if broken else {}
        self.troubled = [
            trouble(line, await service.usage(hub(), actor, line.id), held.get(line.id, 0)) for line in broken
        ]
        progress = await first_progress(hub(), actor)
        connected = any(one.status == "connected" for row in rows for one in row.connections)
        self.first_steps = [connected, progress.any_workflow, progress.any_run]
        self.loaded = True

    @rx.event
    @guard(Permission.VIEW)
    def show(self, chosen: str | list[str]) -> None:
        """Filter the cards by one of FILTERS."""
        self.shown = str(chosen)

    @rx.event
    @guard(Permission.VIEW)
    def find(self, text: str) -> None:
        """Filter the cards by words."""
        self.search = text

    @rx.event(background=True)
    @guard(Permission.MANAGE_CONNECTIONS)
    async def test_connection(self, connection_id: str) -> None:
        """Ask the vendor who we are; the answer appears in place."""
        async with self:
            actor = current_actor(self)
            self._mark(connection_id, testing=True, outcome="Testing…", ok=True)
        try:
            result = await service.test(hub(), actor, connection_id)
            outcome, ok = outcome_words(result), result.ok
        except IntegrationsError as error:
            outcome, ok = error.message, False
        async with self:
            self._mark(connection_id, testing=False, outcome=outcome, ok=ok)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def pause(self, connection_id: str) -> None:
        """Keep the credentials, hold the runs."""
        await self._act(service.update_status(hub(), current_actor(self), connection_id, "paused"))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def resume(self, connection_id: str) -> None:
        """Use the connection again; held runs go on."""
        await self._act(service.update_status(hub(), current_actor(self), connection_id, "connected"))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def ask_disconnect(self, connection_id: str) -> None:
        """Open the question that names what will break; not for a connection that is gone meanwhile."""
        self.leaving_id, line = "", self._line(connection_id)
        if line is None:
            await self._refresh(KINDS)
            return
        usage = await service.usage(hub(), current_actor(self), connection_id)
        self.leaving_id, self.leaving_name, self.leaving_provider = connection_id, line.account, line.provider
        self.leaving_breaks = [use.name for use in usage]

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def disconnect(self) -> None:
        """Destroy the credentials and end the grant at the vendor."""
        connection_id, self.leaving_id = self.leaving_id, ""
        await self._act(service.disconnect(hub(), current_actor(self), connection_id))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.leaving_id = ""
            self.renaming_id = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def ask_rename(self, connection_id: str) -> None:
        """Open the rename dialog; not for a connection that is gone meanwhile."""
        line = self._line(connection_id)
        self.renaming_id, self.renaming_name = (line.id, line.name) if line else ("", "")

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def rename(self, form: dict[str, str]) -> None:
        """Give the connection the name that was typed."""
        connection_id, self.renaming_id = self.renaming_id, ""
        await self._act(
            service.update(hub(), current_actor(self), connection_id, {"name": str(form.get("name", "")).strip()})
        )

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def cancel_connecting(self, connection_id: str) -> None:
        """Give up a running attempt and go back to the earlier state."""
        await self._act(attempts.cancel(hub(), current_actor(self), connection_id))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def popup_blocked(self, provider: str) -> None:
        """Say so, and offer the same page without a popup."""
        self._note(provider, BLOCKED, blocked=True)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def popup_opened(self, provider: str) -> None:
        """Forget what an earlier window did."""
        self._note(provider, "", blocked=False)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def popup_closed(self, provider: str) -> None:
        """A hint only: the attempt stays valid, the row offers to go on or to give up."""
        pending = any(line.status == "pending" for one in self.cards if one.key == provider for line in one.lines)
        self._note(provider, CLOSED if pending else "", blocked=False)

    async def _act(self, act: Awaitable[object]) -> None:
        self.notice = await said(act)
        await self._refresh(KINDS)

    def _passes(self, one: Card) -> bool:
        wanted = {
            "Connected": any(line.status == "connected" for line in one.lines),
            "Needs attention": one.needs_person,
            "Available": not one.connected,
        }.get(self.shown, True)
        words = f"{one.name} {one.summary} {' '.join(line.account for line in one.lines)}".lower()
        return wanted and self.search.strip().lower() in words

    def _line(self, connection_id: str) -> ConnectionLine | None:
        lines = (line for one in self.cards for line in one.lines)
        return next((line for line in lines if line.id == connection_id), None)

    def _mark(self, connection_id: str, *, testing: bool, outcome: str, ok: bool) -> None:
        self.cards = [
            replace(
                one,
                lines=[
                    replace(line, testing=testing, outcome=outcome, outcome_ok=ok) if line.id == connection_id else line
                    for line in one.lines
                ],
            )
            for one in self.cards
        ]

    def _note(self, provider: str, notice: str, *, blocked: bool) -> None:
        self.cards = [
            replace(one, notice=notice, blocked=blocked) if one.key == provider else one for one in self.cards
        ]


def outcome_words(result: TestResult) -> str:
    """A test's result in one sentence."""
    if result.ok:
        return f"Works. Signed in as {result.account_name} ({result.milliseconds} ms)."
    return f"{result.message} {result.fix}".strip()
