"""What is particular to a root key: which one is new, wrapping data keys anew, keeping the former one sealed."""

from collections.abc import Callable

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from integrations_app.errors import Conflict
from integrations_app.kit.vault import load_key_file
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring, wrapped_key
from integrations_app.organizations.models import DataKey, KeyRotation
from integrations_app.organizations.rotation_holders import root_keys
from integrations_app.organizations.rotation_places import BATCH
from integrations_app.organizations.rotation_roots import (
    keep_retired,
    load_root_files,
    old_root_file,
    prepare_root_file,
    promote_root_file,
    remove_root_file,
)

SUPPLY = (
    "Every data key is wrapped by the first root key already. Put a new one first in INTEGRATIONS_ENCRYPTION_KEYS, "
    "keep the old one behind it, start again, and rotate then."
)


def prepare_root(hub: Hub) -> str:
    """The id of the key to rotate to, loaded here: a new file, or the first that the operator listed.

    Raises Conflict `no_new_root_key` or `retire_first`, StartRefused for bad files.
    """
    if hub.settings.encryption_keys:
        primary = root_keys(hub).primary.id
        if not hub.database.read_now(lambda session: _count_others(session, primary)):
            raise Conflict("no_new_root_key", SUPPLY)
        return primary
    made = prepare_root_file(hub.settings.key_file)
    hub.keyring.vault.load_roots(root_keys(hub))
    return made.id


def roots_in_use(session: Session, without: str) -> list[str]:
    """Ids of the root keys that wrap data keys, except one."""
    found = select(col(DataKey.root_key_id)).where(col(DataKey.root_key_id) != without).distinct()
    return sorted(session.execute(found).scalars())


def promote(hub: Hub, rotation: KeyRotation, reached: Callable[[str], None]) -> None:
    """Wrap with the new root key from now on, here and in every process that loads it anew."""
    if not hub.settings.encryption_keys:
        promote_root_file(hub.settings.key_file, rotation.root_key_id, reached)
        hub.keyring.vault.load_roots(root_keys(hub))
    _require_primary(hub.keyring, rotation)


def count_wrapped(session: Session, rotation: KeyRotation) -> int:
    """How many data keys are not yet wrapped by the new root key."""
    return _count_others(session, rotation.root_key_id)


def rewrap_batch(session: Session, keyring: Keyring, rotation: KeyRotation) -> int:
    """Wrap the next data keys (at most BATCH) with the primary root key; how many were. Raises Conflict."""
    _require_primary(keyring, rotation)
    found = select(DataKey).where(col(DataKey.root_key_id) != rotation.root_key_id).order_by(col(DataKey.id))
    moved = 0
    for row in session.execute(found.limit(BATCH).with_for_update(skip_locked=True)).scalars().all():
        fresh = keyring.vault.rewrap_key(wrapped_key(row))
        result = session.execute(
            update(DataKey)
            .where(col(DataKey.id) == row.id, col(DataKey.wrapped) == row.wrapped)
            .values(wrapped=fresh.wrapped, root_key_id=fresh.root_key_id)
        )
        moved += result.rowcount  # type: ignore[attr-defined]
        keyring.vault.add_keys((fresh,))
    return moved


def require_all_open(session: Session, keyring: Keyring) -> None:
    """Unwrap every data key anew; raises CredentialUnreadable for the first that does not open."""
    for row in session.execute(select(DataKey)).scalars():
        keyring.vault.require_opens(wrapped_key(row))


def keep_roots(hub: Hub, rotation: KeyRotation) -> None:
    """Keep the former key file's key, wrapped by the new one; a listed key is the operator's to keep."""
    key_file = hub.settings.key_file
    if hub.settings.encryption_keys or not old_root_file(key_file).exists():
        return
    old = load_key_file(old_root_file(key_file))
    if old.id in rotation.left_root_ids:
        keep_retired(key_file, [(old.id, hub.keyring.vault.seal_root(old, hub.clock()))])


def destroy_roots(hub: Hub, rotation: KeyRotation) -> None:
    """Destroy the former key file."""
    if not hub.settings.encryption_keys:
        remove_root_file(hub.settings.key_file, rotation.left_root_ids)
        hub.keyring.vault.load_roots(load_root_files(hub.settings.key_file))


def _require_primary(keyring: Keyring, rotation: KeyRotation) -> None:
    if keyring.vault.root_ids()[0] != rotation.root_key_id:
        raise Conflict("root_key_changed", f"The first root key is not {rotation.root_key_id}, that of this rotation.")


def _count_others(session: Session, root_key_id: str) -> int:
    found = select(func.count()).select_from(DataKey).where(col(DataKey.root_key_id) != root_key_id)
    return int(session.execute(found).scalar_one())
