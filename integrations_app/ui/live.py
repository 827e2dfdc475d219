"""Live pages: a change announced on the bus is pushed to every open tab of the organisation that shows it."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Protocol

import reflex as rx

from integrations_app.errors import Unauthenticated
from integrations_app.kit.bus import RESYNC, Bus, Event
from integrations_app.organizations.hub import organization_topic
from integrations_app.organizations.permissions import Actor

_log = logging.getLogger(__name__)
GATHER_SECONDS = 0.05
"""Changes within this time reach a tab as one push."""


class LivePage(Protocol):
    """A page state that can show itself anew."""

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Read the rows again; `kinds` are the kinds of things that changed."""


@dataclass(frozen=True, slots=True)
class _Watch:
    organization_id: str
    page: type[rx.State]
    kinds: frozenset[str]
    in_frame: bool = False

    def touched_by(self, event: Event) -> frozenset[str]:
        """The watched kinds that the event says have changed."""
        if event.topic == RESYNC:
            return self.kinds
        if event.topic != organization_topic(self.organization_id):
            return frozenset()
        return self.kinds & {event.message.get("kind", "")}


class LivePages:
    """Which tab shows what: one page, and beside it what stands in the frame of every page."""

    def __init__(self, app: rx.App, bus: Bus) -> None:
        self._app = app
        self._bus = bus
        self._watches: dict[str, dict[type[rx.State], _Watch]] = {}
        self._changed: dict[tuple[str, type[rx.State]], set[str]] = {}
        self._wake = asyncio.Event()

    def watch(self, token: str, watch: _Watch) -> None:
        """Push to the tab `token` when one of the kinds changes; a page replaces the page that was there."""
        shown = self._watches.setdefault(token, {})
        if not watch.in_frame:
            for page in [page for page, other in shown.items() if not other.in_frame]:
                del shown[page]
        shown[watch.page] = watch

    async def run(self) -> None:
        """Listen to the bus and push, until cancelled."""
        pushing = asyncio.create_task(self._push_changes())
        try:
            with self._bus.subscribe() as events:
                async for event in events:
                    self._note(event)
        finally:
            pushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pushing

    def _note(self, event: Event) -> None:
        for token, shown in self._watches.items():
            for page, watch in shown.items():
                kinds = watch.touched_by(event)
                if kinds:
                    self._changed.setdefault((token, page), set()).update(kinds)
        if self._changed:
            self._wake.set()

    async def _push_changes(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            changed, self._changed = self._changed, {}
            await asyncio.gather(*[self._push(*where, frozenset(kinds)) for where, kinds in changed.items()])

    async def _push(self, token: str, page: type[rx.State], kinds: frozenset[str]) -> None:
        if page not in self._watches.get(token, {}):
            return
        if not self._is_open(token):
            self._watches.pop(token, None)
            return
        try:
            async with self._app.modify_state(rx.BaseStateToken(ident=token, cls=page)) as root:
                state = await root.get_state(page)
                await state._refresh(kinds)  # noqa: SLF001 - private, or any client could call it as an event
        except Unauthenticated:
            self._watches.pop(token, None)
        except Exception:  # noqa: BLE001 - one tab's trouble must not silence the others
            _log.exception("a live page could not be refreshed")

    def _is_open(self, token: str) -> bool:
        namespace = self._app.event_namespace
        return namespace is not None and token in namespace.token_to_sid


_pages: list[LivePages] = []


def provide_live_pages(pages: LivePages) -> None:
    """Called once by the composition root."""
    _pages[:] = [pages]


def show_live(
    state: rx.State, actor: Actor, page: type[rx.State], kinds: frozenset[str], *, in_frame: bool = False
) -> None:
    """Keep `page` fresh in the tab of `state`: while the tab shows it, or always when it stands in the frame.

    To be called before the rows are read: what changes between the two would never be shown otherwise.
    """
    _pages[0].watch(state.router.session.client_token, _Watch(actor.organization_id, page, kinds, in_frame))
