"""One process that takes one rotation on: waiting for the others, telling how far it is, stopping with a reason."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from sqlalchemy import update
from sqlmodel import Session, col

from integrations_app.errors import Conflict, Unavailable
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import KeyRotation
from integrations_app.organizations.rotation_holders import follow_rotations, laggards
from integrations_app.organizations.rotation_phases import Phase
from integrations_app.organizations.rotation_rows import announce, get, move_on, set_problem

PAUSE_SECONDS = 0.25
PATIENCE_SECONDS = 90.0
"""How long one call waits for other processes, longer than a dead one counts as living."""
TELL_SECONDS = 0.2
SHOWN = 5
"""Places named when records cannot be opened."""

Reached = Callable[[str], None]


def _nowhere(_point: str) -> None:
    return


def _never() -> bool:
    return False


def _nobody(_rotation: KeyRotation) -> None:
    return


@dataclass(slots=True)
class Drive:
    """One process taking one rotation on: what it needs, whom it tells, and the named points that it passes."""

    hub: Hub
    rotation_id: str
    told: Callable[[KeyRotation], None] = _nobody
    reached: Reached = _nowhere
    stopped: Callable[[], bool] = _never
    """Whether this process is about to end; the drive then leaves at the next point where nothing is half done."""
    patience: float = PATIENCE_SECONDS
    _last_told: float = field(default=0.0)

    def look(self) -> KeyRotation:
        """The row as it is now; NotFound."""
        return self.hub.database.read_now(lambda session: get(session, self.rotation_id))

    def tell(self, *, always: bool = False) -> None:
        """Show progress here and on every open page, not more often than TELL_SECONDS. Leaves when stopped."""
        self.leave_if_stopped()
        if not always and time.monotonic() - self._last_told < TELL_SECONDS:
            return
        self._last_told = time.monotonic()
        rotation = self.look()
        self.told(rotation)
        announce(self.hub, rotation)

    def leave_if_stopped(self) -> None:
        """Raise Unavailable `stopping` when the process is about to end."""
        if self.stopped():
            raise Unavailable("This process ends; another one goes on.", PAUSE_SECONDS, "stopping")

    def advance(self, rotation: KeyRotation, to: Phase) -> None:
        """Commit the next phase, unless another driver already did."""
        self.hub.database.write_now(lambda session: move_on(session, self.hub, rotation, to))
        self.reached(to.value)

    def wait_for_all(self, rotation: KeyRotation, phase: Phase) -> None:
        """Return once every living process has followed to `phase`. Raises Unavailable `processes_behind`."""
        follow_rotations(self.hub, register=False)
        deadline = time.monotonic() + self.patience

        def ask(session: Session) -> list[str]:
            self.mark_driven(session)
            return laggards(session, rotation, phase, self.hub.clock())

        while behind := self.hub.database.write_now(ask):
            if time.monotonic() > deadline:
                words = f"Other processes have not taken over the keys yet: {', '.join(behind[:SHOWN])}."
                raise Unavailable(words, PAUSE_SECONDS, "processes_behind")
            self.leave_if_stopped()
            threading.Event().wait(PAUSE_SECONDS)

    def mark_driven(self, session: Session, moved: int = 0) -> None:
        """Say that somebody is at it, and what that moved."""
        session.execute(
            update(KeyRotation)
            .where(col(KeyRotation.id) == self.rotation_id)
            .values(moved=col(KeyRotation.moved) + moved, driven_at=self.hub.clock())
        )

    def stop(self, problem: str, unreadable: list[str]) -> NoReturn:
        """Write down why it does not go on, and raise Conflict `records_unreadable`."""
        words = f"{problem}: {', '.join(unreadable[:SHOWN])}{' …' if len(unreadable) > SHOWN else ''}"
        self.hub.database.write_now(lambda session: set_problem(session, self.rotation_id, words))
        self.tell(always=True)
        raise Conflict("records_unreadable", words)
