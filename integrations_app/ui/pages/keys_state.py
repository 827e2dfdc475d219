"""State of the keys section: which keys there are, how far a rotation is, and starting or retiring one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import reflex as rx

from integrations_app.errors import IntegrationsError
from integrations_app.kit.vault import SYSTEM_TENANT
from integrations_app.organizations import rotation
from integrations_app.organizations.models import KeyRotation
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.organizations.rotation import KeyView
from integrations_app.organizations.rotation_keeping import hand_over
from integrations_app.organizations.rotation_phases import UNDER_WAY, Kind, Phase
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.session import SessionState, current_actor

KINDS = frozenset({"keys"})
SHORT = 8
WORDS = {
    Phase.PREPARED: "New key made. Waiting until every process has it.",
    Phase.DISTRIBUTED: "Every process has the new key.",
    Phase.PRIMARY: "New values use the new key.",
    Phase.REWRAPPING: "Moving what is stored to the new key.",
    Phase.RETIRE_REQUESTED: "Destroying the old key.",
}


@dataclass(frozen=True)
class KeyLine:
    """One data key."""

    id: str
    use: str
    root_key: str
    records: int


class KeysState(SessionState):
    """What one tab shows of the keys; nothing below owner."""

    keys: list[KeyLine] = []
    root_keys: list[str] = []
    rotating: bool = False
    doing: str = ""
    """What the rotation does now, for people."""
    moved: int = 0
    total: int = 0
    percent: int = 0
    problem: str = ""
    retirable: int = 0
    """How many verified rotations have left keys behind."""
    asking: str = ""
    """The question that is open: `data`, `root`, `retire`."""
    keys_notice: str = ""
    _stopped: str = ""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the keys and keep them live."""
        self.keys_notice = self.asking = ""
        if self.can_manage_keys:
            show_live(self, current_actor(self), KeysState, KINDS, in_frame=True)
        await self._refresh(KINDS)

    async def _refresh(self, _kinds: frozenset[str]) -> None:
        """Read how the rotation stands, and, while none moves anything, what is on each key."""
        if not self.can_manage_keys:
            return
        chain = current_actor(self).organization_id
        self._show(await hub().database.read(lambda session: rotation.read_rotations(session, chain)))
        if not self.rotating or not self.keys:
            view = await asyncio.to_thread(rotation.status, hub(), chain)
            self.keys = [_line(key) for key in view.keys]
            self.root_keys = list(view.root_keys)

    def _show(self, rotations: tuple[KeyRotation, ...]) -> None:
        current = next((one for one in rotations if one.phase in UNDER_WAY), None)
        self.rotating = current is not None
        self.doing = WORDS[Phase(current.phase)] if current else ""
        self.moved, self.total = (current.moved, current.total) if current else (0, 0)
        self.percent = 100 * self.moved // self.total if self.total else 0
        self.problem, self._stopped = (current.problem, current.id) if current else ("", "")
        self.retirable = sum(one.phase == Phase.VERIFIED.value for one in rotations)

    @rx.event
    @guard(Permission.MANAGE_KEYS)
    def ask(self, question: str) -> None:
        """Open a question."""
        self.asking = question if question in {"data", "root", "retire"} else ""

    @rx.event
    @guard(Permission.MANAGE_KEYS)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.asking = ""

    @rx.event
    @guard(Permission.MANAGE_KEYS)
    async def rotate(self, kind: str) -> None:
        """Begin a rotation; a serving process takes it on at once."""
        chosen = Kind.ROOT if kind == Kind.ROOT.value else Kind.DATA
        await self._try(lambda actor: [rotation.start(hub(), chosen, actor=actor).id])

    @rx.event
    @guard(Permission.MANAGE_KEYS)
    async def retire(self) -> None:
        """Ask that the keys which verified rotations left be destroyed."""

        def request(actor: Actor) -> list[str]:
            view = rotation.status(hub(), actor.organization_id)
            ready = [one.id for one in view.rotations if one.phase == Phase.VERIFIED.value]
            return [rotation.request_retire(hub(), one, actor=actor).id for one in ready]

        await self._try(request)

    @rx.event
    @guard(Permission.MANAGE_KEYS)
    async def go_on(self) -> None:
        """Try a stopped rotation again."""
        stopped = self._stopped
        await self._try(lambda actor: [rotation.require_visible(hub(), stopped, actor).id])

    async def _try(self, act: Callable[[Actor], list[str]]) -> None:
        self.keys_notice = self.asking = ""
        actor = current_actor(self)
        try:
            for rotation_id in await asyncio.to_thread(act, actor):
                await asyncio.to_thread(hand_over, hub(), rotation_id)
        except IntegrationsError as error:
            self.keys_notice = error.message
        await self._refresh(KINDS)


def _line(key: KeyView) -> KeyLine:
    use = "in use" if key.primary else "leaving" if key.leaving else "older"
    if key.organization_id == SYSTEM_TENANT:
        use = "of the installation"
    return KeyLine(key.id[:SHORT], use, key.root_key_id, key.records)
