"""The bell in the top bar: connections that need a person and runs that wait for one."""

from dataclasses import dataclass

import reflex as rx

from integrations_app.connections import service as connections
from integrations_app.connections.views import ConnectionView
from integrations_app.organizations.permissions import Permission
from integrations_app.ui import theme
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service as workflows
from integrations_app.workflows.held import WAITS_FOR_CONNECTION, count_held

KINDS = frozenset({"connection", "run"})
SHOWN_RUNS = 20
STOPPED = frozenset({"paused", "disconnected"})


@dataclass(frozen=True)
class Call:
    """One thing that waits for a person, and where it is mended."""

    words: str
    href: str


class AttentionState(SessionState):
    """What calls for a person in this organisation, on every page."""

    calls: list[Call] = []

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Look, and keep looking."""
        show_live(self, current_actor(self), AttentionState, KINDS, in_frame=True)
        await self._refresh(KINDS)

    async def _refresh(self, _kinds: frozenset[str]) -> None:
        actor = current_actor(self)
        views = await connections.list_by_organization(hub(), actor)
        waiting = await count_held(hub(), actor)
        held = await workflows.list_runs(hub(), actor, status="held", limit=SHOWN_RUNS)
        calls = [connection_call(one, waiting.get(one.id, 0)) for one in views]
        alone = [one for one in held.items if one.reason not in WAITS_FOR_CONNECTION]
        self.calls = [
            *[call for call in calls if call is not None],
            *[Call(f"A run of {one.workflow_name} is held", f"/runs/{one.id}") for one in alone],
        ]


def connection_call(one: ConnectionView, held: int) -> Call | None:
    """One call per connection, however many runs wait for it; None when nothing is the matter."""
    if not (one.needs_attention or (held and one.status in STOPPED)):
        return None
    trouble = "needs a person" if one.needs_attention else f"is {one.status}"
    runs = {0: "", 1: ", 1 run is held"}.get(held, f", {held} runs are held")
    return Call(f"{one.name} {trouble}{runs}", f"/integrations/{one.provider}")


def bell() -> rx.Component:
    """The bell with its count; the menu names each call and leads to it."""
    count = AttentionState.calls.length()
    return rx.menu.root(
        rx.menu.trigger(
            rx.button(
                rx.icon("bell", size=18, aria_hidden="true"),
                rx.cond(count > 0, rx.badge(count, color_scheme="red", variant="solid", radius="full", size="1")),
                variant="ghost",
                color_scheme="gray",
                aria_label=rx.Var.create("Needs attention: ") + count.to_string(),
            )
        ),
        rx.menu.content(
            rx.cond(
                count > 0,
                rx.foreach(
                    AttentionState.calls,
                    lambda call: rx.menu.item(call.words, on_select=rx.redirect(call.href), style=theme.WRAP_ANYWHERE),
                ),
                rx.menu.item("Nothing needs you", disabled=True),
            ),
            max_width="320px",
        ),
    )
