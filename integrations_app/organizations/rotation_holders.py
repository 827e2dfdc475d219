"""Living processes: each says which root keys it holds and how far it has followed a rotation."""

import os
import platform
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlmodel import Session, col

from integrations_app.kit.vault import RootKeys
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring, wrapped_key
from integrations_app.organizations.models import DataKey, KeyHolder, KeyRotation
from integrations_app.organizations.rotation_phases import Kind, Phase, rank
from integrations_app.organizations.rotation_roots import load_root_files

SAY_EVERY = timedelta(seconds=15)
"""How often a process says that it lives when nothing else is to be said."""
ALIVE = timedelta(seconds=45)
"""A process that said nothing for so long is taken for dead."""


def follow_rotations(hub: Hub, *, register: bool) -> tuple[KeyRotation, ...]:
    """Bring this process's keys up to date with every open rotation, then say so; the open rotations.

    With `register` the process counts as a holder of keys from now on: rotations wait for it. Without, only a
    process that counts already says how far it is. Raises VaultSealed.
    """
    keyring = hub.keyring
    rotations, keys = hub.database.read_now(_open_rotations)
    _load_roots(hub, rotations)
    for rotation in rotations:
        _follow(keyring, rotation, keys)
    followed = {rotation.id: rotation.phase for rotation in rotations}
    said = hub.database.read_now(lambda session: session.get(KeyHolder, keyring.holder_id))
    if said is None and not register:
        return rotations
    roots, now = list(keyring.vault.root_ids()), hub.clock()
    if said and said.followed == followed and said.root_key_ids == roots and now - said.seen_at < SAY_EVERY:
        return rotations
    hub.database.write_now(lambda session: _say(session, keyring.holder_id, roots, followed, now))
    return rotations


def laggards(session: Session, rotation: KeyRotation, phase: Phase, now: datetime) -> list[str]:
    """Living processes that have not followed the rotation to that phase, as `host/pid`; forgets dead ones' rows."""
    behind = []
    for holder in session.execute(select(KeyHolder)).scalars().all():
        if not _lives(holder, now):
            session.execute(delete(KeyHolder).where(col(KeyHolder.id) == holder.id))
        elif rank(holder.followed.get(rotation.id, "")) < rank(phase) or not _holds(holder, rotation, phase):
            behind.append(f"{holder.host.partition(' ')[0]}/{holder.process_id}")
    return behind


def root_keys(hub: Hub, without: tuple[str, ...] = ()) -> RootKeys:
    """The root keys as environment or files have them now. Raises StartRefused."""
    listed = hub.settings.encryption_keys
    return RootKeys.parse(listed) if listed else load_root_files(hub.settings.key_file, without)


def _open_rotations(session: Session) -> tuple[tuple[KeyRotation, ...], list[DataKey]]:
    found = select(KeyRotation).where(col(KeyRotation.phase) != Phase.RETIRED.value)
    rotations = tuple(session.execute(found.order_by(col(KeyRotation.started_at))).scalars())
    ids = [rotation.id for rotation in rotations if rotation.kind == Kind.DATA]
    concerned = select(DataKey).where(col(DataKey.made_by).in_(ids) | col(DataKey.left_by).in_(ids))
    return rotations, list(session.execute(concerned).scalars()) if ids else []


def _load_roots(hub: Hub, rotations: tuple[KeyRotation, ...]) -> None:
    if not any(rotation.kind == Kind.ROOT for rotation in rotations) or hub.settings.encryption_keys:
        return
    leaving = [one for one in rotations if one.kind == Kind.ROOT and one.phase == Phase.RETIRE_REQUESTED]
    roots = root_keys(hub, tuple(key_id for one in leaving for key_id in one.left_root_ids))
    if roots.ids() != hub.keyring.vault.root_ids():
        hub.keyring.vault.load_roots(roots)


def _follow(keyring: Keyring, rotation: KeyRotation, keys: list[DataKey]) -> None:
    if rotation.kind == Kind.ROOT:
        return
    vault = keyring.vault
    if rank(rotation.phase) < rank(Phase.PRIMARY):
        made = [wrapped_key(row) for row in keys if row.made_by == rotation.id]
        vault.add_keys(made)
        for key in made:
            vault.data_key(key.id)
    if rotation.phase == Phase.RETIRE_REQUESTED:
        for row in keys:
            if row.left_by == rotation.id:
                vault.remove_key(bytes.fromhex(row.id))


def _say(session: Session, holder_id: str, roots: list[str], followed: dict[str, str], now: datetime) -> None:
    row = KeyHolder(
        id=holder_id, host=_host(), process_id=os.getpid(), root_key_ids=roots, followed=followed, seen_at=now
    )
    session.merge(row)
    session.flush()


def _holds(holder: KeyHolder, rotation: KeyRotation, phase: Phase) -> bool:
    """Whether its root keys are those that a root rotation in that phase wants to see."""
    if rotation.kind != Kind.ROOT:
        return True
    if phase is Phase.PREPARED:
        return rotation.root_key_id in holder.root_key_ids
    if phase is Phase.RETIRE_REQUESTED:
        return not set(rotation.left_root_ids) & set(holder.root_key_ids)
    return holder.root_key_ids[:1] == [rotation.root_key_id]


def _lives(holder: KeyHolder, now: datetime) -> bool:
    if now - holder.seen_at > ALIVE:
        return False
    if holder.host != _host():
        return True
    try:
        os.kill(holder.process_id, 0)  # asks only
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    """The machine and its set of process numbers: containers may share a name."""
    numbers = Path("/proc/self/ns/pid")
    return f"{platform.node()} {numbers.readlink() if numbers.exists() else ''}"
