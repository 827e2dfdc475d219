"""Live pages: a change announced on the bus is pushed to every open tab of the organisation that shows it."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Protocol

import reflex as rx

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


class LivePages:
    """Which tab shows which page. One page per tab: opening another replaces the watch."""

    def __init__(self, app: rx.App, bus: Bus) -> None:
        self._app = app
        self._bus = bus
        self._watches: dict[str, _Watch] = {}
        self._changed: dict[str, set[str]] = {}
        self._wake = asyncio.Event()

    def watch(self, token: str, organization_id: str, page: type[rx.State], kinds: frozenset[str]) -> None:
        """Push to the tab `token` when one of `kinds` changes in the organisation."""
        self._watches[token] = _Watch(organization_id, page, kinds)

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
        for token, watch in self._watches.items():
            if event.topic == RESYNC:
                self._changed.setdefault(token, set()).update(watch.kinds)
            elif event.topic == organization_topic(watch.organization_id):
                kind = event.message.get("kind", "")
                if kind in watch.kinds:
                    self._changed.setdefault(token, set()).add(kind)
        if self._changed:
            self._wake.set()

    async def _push_changes(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            changed, self._changed = self._changed, {}
            await asyncio.gather(*[self._push(token, frozenset(kinds)) for token, kinds in changed.items()])

    async def _push(self, token: str, kinds: frozenset[str]) -> None:
        watch = self._watches.get(token)
        if watch is None:
            return
        if not self._is_open(token):
            del self._watches[token]
            return
        try:
            async with self._app.modify_state(rx.BaseStateToken(ident=token, cls=watch.page)) as root:
                page = await root.get_state(watch.page)
                await page._refresh(kinds)  # noqa: SLF001 - private, or any client could call it as an event
        except Exception:  # noqa: BLE001 - one tab's trouble must not silence the others
            _log.exception("a live page could not be refreshed")

    def _is_open(self, token: str) -> bool:
        namespace = self._app.event_namespace
        return namespace is not None and token in namespace.token_to_sid


_pages: list[LivePages] = []


def provide_live_pages(pages: LivePages) -> None:
    """Called once by the composition root."""
    _pages[:] = [pages]


def show_live(state: rx.State, actor: Actor, page: type[rx.State], kinds: frozenset[str]) -> None:
    """Keep the tab of `state` fresh while it shows `page`."""
    _pages[0].watch(state.router.session.client_token, actor.organization_id, page, kinds)
