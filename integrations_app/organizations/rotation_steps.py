"""The steps of a rotation, each by the phase that it leaves, and going on through them."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from integrations_app.errors import Conflict, CredentialUnreadable, Unavailable
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.keys import wrapped_key
from integrations_app.organizations.models import DataKey, KeyRotation
from integrations_app.organizations.rotation_drive import PAUSE_SECONDS, Drive
from integrations_app.organizations.rotation_holders import follow_rotations
from integrations_app.organizations.rotation_phases import Kind, Phase
from integrations_app.organizations.rotation_places import (
    Batch,
    Place,
    Position,
    count_left,
    move_batch,
    read_batch,
    walk,
)
from integrations_app.organizations.rotation_root_steps import (
    count_wrapped,
    destroy_roots,
    keep_roots,
    promote,
    require_all_open,
    rewrap_batch,
)
from integrations_app.organizations.rotation_roots import keep_retired
from integrations_app.organizations.rotation_rows import leaving_keys, move_on


def go_on(drive: Drive) -> KeyRotation:
    """Take the rotation on until it is verified or, when that was asked for, retired; safe beside another driver.

    Raises Conflict `records_unreadable` or `records_left`, Unavailable when other processes or the database do not
    follow, StartRefused for bad key files, VaultSealed. What was done stays done; call it again.
    """
    drive.reached("begun")
    while (rotation := drive.look()).phase not in {Phase.VERIFIED.value, Phase.RETIRED.value}:
        STEPS[Phase(rotation.phase)](drive, rotation)
        drive.tell(always=True)
    return rotation


def _distribute(drive: Drive, rotation: KeyRotation) -> None:
    drive.wait_for_all(rotation, Phase.PREPARED)
    drive.advance(rotation, Phase.DISTRIBUTED)


def _make_primary(drive: Drive, rotation: KeyRotation) -> None:
    hub = drive.hub
    if rotation.kind == Kind.ROOT:
        promote(hub, rotation, drive.reached)

    def flip(session: Session) -> None:
        if not move_on(session, hub, rotation, Phase.PRIMARY):
            return
        if rotation.kind == Kind.DATA:
            _flip(session, rotation)
        total = _count(session, rotation)
        session.execute(update(KeyRotation).where(col(KeyRotation.id) == rotation.id).values(total=total))

    hub.database.write_now(flip)
    drive.reached(Phase.PRIMARY.value)


def _flip(session: Session, rotation: KeyRotation) -> None:
    made = select(DataKey).where(col(DataKey.made_by) == rotation.id).order_by(col(DataKey.organization_id))
    for key in session.execute(made).scalars().all():
        hold(session, f"data key:{key.organization_id}")
        others = (col(DataKey.organization_id) == key.organization_id, col(DataKey.id) != key.id)
        left = update(DataKey).where(*others, col(DataKey.left_by) == "").values(left_by=rotation.id)
        session.execute(left)
        session.execute(update(DataKey).where(*others).values(is_primary=False))
        session.execute(update(DataKey).where(col(DataKey.id) == key.id).values(is_primary=True))


def _begin(drive: Drive, rotation: KeyRotation) -> None:
    follow_rotations(drive.hub, register=False)
    drive.advance(rotation, Phase.REWRAPPING)


def _rewrap(drive: Drive, rotation: KeyRotation) -> None:
    """Move everything, wait until nobody uses the old key any more, move what came meanwhile, prove it."""
    _move_all(drive, rotation)
    drive.wait_for_all(rotation, Phase.PRIMARY)
    _move_all(drive, rotation)
    drive.reached("moved")
    _prove(drive, rotation)

    def verify(session: Session) -> bool:
        return not _count(session, rotation) and move_on(session, drive.hub, rotation, Phase.VERIFIED)

    drive.hub.database.write_now(verify)  # with something left the next step begins anew, here or elsewhere
    drive.reached(Phase.VERIFIED.value)


def _move_all(drive: Drive, rotation: KeyRotation) -> None:
    deadline = time.monotonic() + drive.patience
    while True:
        moved, unreadable = _pass(drive, rotation)
        left = drive.hub.database.read_now(lambda session: _count(session, rotation))
        if not left:
            return
        if moved:
            deadline = time.monotonic() + drive.patience
        elif left == len(unreadable):
            drive.stop(f"{left} records cannot be opened with the key that leaves", unreadable)
        elif time.monotonic() > deadline:
            raise Unavailable("Some records are held by others.", 5.0, "records_held")
        else:
            drive.leave_if_stopped()
            threading.Event().wait(PAUSE_SECONDS)


def _pass(drive: Drive, rotation: KeyRotation) -> tuple[int, list[str]]:
    """Once over everything that is left; what was moved, and what could not be opened."""
    if rotation.kind == Kind.ROOT:
        return _pass_root(drive, rotation), []
    moved, unreadable = 0, list[str]()
    leaving = drive.hub.database.read_now(lambda session: leaving_keys(session, rotation.id))
    for organization_id, keys, place in walk(leaving):
        for batch in _move_place(drive, place, organization_id, keys):
            moved += batch.moved
            unreadable.extend(batch.unreadable)
    return moved, unreadable


def _move_place(drive: Drive, place: Place, organization_id: str, keys: list[str]) -> Iterator[Batch]:
    """Every batch of one place of one organisation, each in its own transaction."""
    after: Position = ()
    seen = 1
    while seen:
        batch = drive.hub.database.write_now(_moving(drive, place, organization_id, keys, after))
        drive.reached("batch.committed")
        drive.tell()
        yield batch
        after, seen = batch.end, batch.seen


def _moving(
    drive: Drive, place: Place, organization_id: str, keys: list[str], after: Position
) -> Callable[[Session], Batch]:
    def work(session: Session) -> Batch:
        batch = move_batch(session, drive.hub.keyring, place, organization_id, keys, after)
        if batch.moved:
            drive.mark_driven(session, batch.moved)
            drive.reached("batch.uncommitted")
        return batch

    return work


def _pass_root(drive: Drive, rotation: KeyRotation) -> int:
    total = 0

    def work(session: Session) -> int:
        moved = rewrap_batch(session, drive.hub.keyring, rotation)
        drive.mark_driven(session, moved)
        drive.reached("batch.uncommitted")
        return moved

    while moved := drive.hub.database.write_now(work):
        drive.reached("batch.committed")
        drive.tell()
        total += moved
    return total


def _prove(drive: Drive, rotation: KeyRotation) -> None:
    """Open everything once; what does not open stops the rotation."""
    database, keyring = drive.hub.database, drive.hub.keyring
    if rotation.kind == Kind.ROOT:
        try:
            database.read_now(lambda session: require_all_open(session, keyring))
        except CredentialUnreadable as error:
            drive.stop("A data key does not open under the new root key", [error.message])
        return
    unreadable: list[str] = []
    leaving = database.read_now(lambda session: leaving_keys(session, rotation.id))
    for organization_id, _, place in walk(leaving):
        for batch in _read_place(drive, place, organization_id):
            unreadable.extend(batch.unreadable)
    if unreadable:
        drive.stop(f"{len(unreadable)} records cannot be opened", unreadable)


def _read_place(drive: Drive, place: Place, organization_id: str) -> Iterator[Batch]:
    after: Position = ()
    keyring, seen = drive.hub.keyring, 1
    while seen:
        work = partial(read_batch, keyring=keyring, place=place, organization_id=organization_id, after=after)
        batch = drive.hub.database.read_now(work)
        drive.leave_if_stopped()
        yield batch
        after, seen = batch.end, batch.seen


def _count(session: Session, rotation: KeyRotation) -> int:
    """What still needs a key that leaves."""
    if rotation.kind == Kind.ROOT:
        return count_wrapped(session, rotation)
    return count_left(session, leaving_keys(session, rotation.id))


def _retire(drive: Drive, rotation: KeyRotation) -> None:
    """Destroy the old key once no process has it, with a sealed copy kept for old backups."""
    hub = drive.hub
    drive.wait_for_all(rotation, Phase.RETIRE_REQUESTED)
    leaving = hub.database.read_now(lambda session: leaving_keys(session, rotation.id))
    if rotation.kind == Kind.ROOT:
        keep_roots(hub, rotation)
    else:
        keep_retired(hub.settings.key_file, [(row.id, wrapped_key(row)) for row in leaving])
    drive.reached("retire.kept")
    if rotation.kind == Kind.ROOT and not hub.database.read_now(lambda session: _count(session, rotation)):
        destroy_roots(hub, rotation)
        drive.reached("retire.destroyed")

    def finish(session: Session) -> bool:
        if _count(session, rotation):
            move_on(session, hub, rotation, Phase.REWRAPPING)
            return False
        session.execute(delete(DataKey).where(col(DataKey.left_by) == rotation.id))
        move_on(session, hub, rotation, Phase.RETIRED)
        return True

    if not hub.database.write_now(finish):
        raise Conflict("records_left", "Something was sealed with the old key meanwhile: it is being moved again.")
    for row in leaving:
        hub.keyring.vault.remove_key(bytes.fromhex(row.id))
    drive.reached(Phase.RETIRED.value)


STEPS: dict[Phase, Callable[[Drive, KeyRotation], None]] = {
    Phase.PREPARED: _distribute,
    Phase.DISTRIBUTED: _make_primary,
    Phase.PRIMARY: _begin,
    Phase.REWRAPPING: _rewrap,
    Phase.RETIRE_REQUESTED: _retire,
}
