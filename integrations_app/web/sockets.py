"""Open sockets by session, so that whoever loses a session loses the socket within seconds."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from integrations_app.kit.bus import RESYNC
from integrations_app.organizations import sessions
from integrations_app.organizations.hub import ORGANIZATIONS, Hub
from integrations_app.organizations.permissions import Actor

_log = logging.getLogger(__name__)
SWEEP_SECONDS = 4.0
"""How often sessions are looked at without being told: for those that end by time, and for lost messages."""


@dataclass(eq=False)
class OpenSocket:
    """One accepted socket; `ended` is set when it must close."""

    actor: Actor
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class OpenSockets:
    """The sockets of this process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: set[OpenSocket] = set()

    def add(self, actor: Actor) -> OpenSocket:
        """Remember a socket that is about to be accepted."""
        socket = OpenSocket(actor)
        self._open.add(socket)
        return socket

    def remove(self, socket: OpenSocket) -> None:
        """Forget a socket that is closed."""
        self._open.discard(socket)

    def __len__(self) -> int:
        return len(self._open)

    async def watch(self) -> None:
        """End sockets whose sessions end or whose roles change, until cancelled. Run it once per process."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._sweep())

    async def check(self, sockets: Iterable[OpenSocket]) -> None:
        """End those whose session is gone or whose role is another one now."""
        for socket in tuple(sockets):
            found = await sessions.find_by_hash(self._hub, socket.actor.session_hash)
            if found is None or found.actor.role != socket.actor.role:
                socket.ended.set()

    async def sweep(self) -> None:
        """End those whose session no longer lives, with one look at the database."""
        looked_at = tuple(self._open)  # not those that are opened meanwhile: nobody asked about their sessions
        if not looked_at:
            return
        alive = await sessions.list_alive(self._hub, frozenset(one.actor.session_hash for one in looked_at))
        for socket in looked_at:
            if socket.actor.session_hash not in alive:
                socket.ended.set()

    async def _listen(self) -> None:
        with self._hub.bus.subscribe(ORGANIZATIONS) as events:
            async for event in events:
                try:
                    if event.topic == RESYNC:
                        await self.sweep()
                    elif event.message.get("kind") == "session":
                        user_id = event.message.get("id", "")
                        # Another process may have told: its change is not in our cache.
                        self._hub.signed_in.forget_user(user_id)
                        await self.check(one for one in self._open if one.actor.user_id == user_id)
                except Exception:  # noqa: BLE001 - the watch outlives whatever one look at the database brings
                    _log.exception("sessions of open sockets could not be checked; the next sweep will")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("sessions of open sockets could not be checked; trying again")
