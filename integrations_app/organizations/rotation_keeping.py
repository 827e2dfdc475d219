"""What a serving process does about keys: it follows rotations, and takes on those that nobody drives."""

import asyncio
import contextlib
import logging
import threading
from datetime import timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col

from integrations_app.errors import IntegrationsError, Retryable
from integrations_app.kit.bus import RESYNC, Subscription
from integrations_app.organizations.hub import ORGANIZATIONS, Hub
from integrations_app.organizations.models import KeyHolder, KeyRotation
from integrations_app.organizations.rotation_drive import Drive
from integrations_app.organizations.rotation_holders import follow_rotations
from integrations_app.organizations.rotation_phases import UNDER_WAY
from integrations_app.organizations.rotation_rows import announce, get, set_problem
from integrations_app.organizations.rotation_steps import go_on

_log = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
ABANDONED = timedelta(seconds=30)
"""A rotation that nobody took a step of for so long is taken on by whoever notices."""
BROKE = "It stopped for a reason that has been logged. Try again."


def hand_over(hub: Hub, rotation_id: str) -> None:
    """Leave a rotation to the serving processes, the next of which takes it on at once; an earlier problem is past."""
    long_ago = hub.clock() - 2 * ABANDONED

    def write(session: Session) -> KeyRotation:
        change = update(KeyRotation).where(col(KeyRotation.id) == rotation_id)
        session.execute(change.values(problem="", driven_at=long_ago))
        return get(session, rotation_id)

    announce(hub, hub.database.write_now(write))


async def keep_keys(hub: Hub, beat_seconds: float = BEAT_SECONDS) -> None:
    """Follow every rotation at each beat and at each news of one, and take on what is abandoned, until cancelled."""
    if hub.keyring.sealed:
        return
    woken, stop = asyncio.Event(), threading.Event()
    driving: asyncio.Task[None] | None = None
    following: asyncio.Task[list[str]] | None = None
    with hub.bus.subscribe(ORGANIZATIONS) as events:
        listening = asyncio.create_task(_listen(events, woken))
        try:
            while True:
                following = asyncio.create_task(_follow(hub))
                due = await asyncio.shield(following)
                if due and (driving is None or driving.done()):
                    driving = asyncio.create_task(asyncio.to_thread(_drive, hub, due[0], stop))
                    driving.add_done_callback(lambda _task: woken.set())
                with contextlib.suppress(TimeoutError):
                    # `wait_for` would lose a cancellation that comes just when it is woken (Python issue 37658).
                    async with asyncio.timeout(beat_seconds):
                        await woken.wait()
                woken.clear()
        finally:
            stop.set()
            listening.cancel()
            # A look that is under way would list this process again after it has been forgotten.
            busy = [task for task in (driving, following) if task is not None]
            if busy:
                await asyncio.wait(busy)
            await _forget(hub)


async def _listen(events: Subscription, woken: asyncio.Event) -> None:
    async for event in events:
        if event.topic == RESYNC or event.message.get("kind") == "keys":
            woken.set()


async def _follow(hub: Hub) -> list[str]:
    """Follow, and the ids of rotations that nobody drives."""
    try:
        found = await asyncio.to_thread(follow_rotations, hub, register=True)
    except IntegrationsError as error:
        _log.warning("rotations cannot be followed and will be tried again: %s", error.code)
        return []
    except Exception:  # noqa: BLE001 - a fault of ours must not end the following for good
        _log.exception("following rotations broke and will be tried again")
        return []
    long_ago = hub.clock() - ABANDONED
    return [one.id for one in found if one.phase in UNDER_WAY and not one.problem and one.driven_at < long_ago]


def _drive(hub: Hub, rotation_id: str, stop: threading.Event) -> None:
    try:
        go_on(Drive(hub, rotation_id, stopped=stop.is_set))
    except Retryable as error:
        _log.warning("rotation %s waits: %s", rotation_id, error.code)
    except IntegrationsError as error:
        _note_problem(hub, rotation_id, error.message)
    except Exception:  # noqa: BLE001 - it is shown to people, and tried again when they say so
        _log.exception("rotation %s broke", rotation_id)
        _note_problem(hub, rotation_id, BROKE)


def _note_problem(hub: Hub, rotation_id: str, words: str) -> None:
    def write(session: Session) -> KeyRotation:
        set_problem(session, rotation_id, words)
        return get(session, rotation_id)

    announce(hub, hub.database.write_now(write))


async def _forget(hub: Hub) -> None:
    """Let no rotation wait for a process that is about to end."""
    gone = delete(KeyHolder).where(col(KeyHolder.id) == hub.keyring.holder_id)
    try:
        await hub.database.write(lambda session: session.execute(gone))
    except IntegrationsError as error:
        _log.warning("this process stays listed as a holder of keys for a while: %s", error.code)
