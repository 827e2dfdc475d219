"""Data keys: wrapped by a root key at rest, unwrapped lazily and cached in memory."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from integrations_app.errors import CredentialUnreadable, VaultSealed
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault.cipher import NONCE_BYTES, Cipher
from integrations_app.kit.vault.envelope import AES_256_GCM_SIV, ENVELOPE_VERSION, KEY_ID_BYTES, associate
from integrations_app.kit.vault.root_keys import RootKey, RootKeys

SYSTEM_TENANT = "system"
DATA_KEY_MAX_USES = 2**30


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as the caller's table holds it: `id` is 16 random bytes, `wrapped` opens under the root key."""

    id: bytes
    tenant: str
    root_key_id: str
    wrapped: bytes
    created_at: datetime
    use_count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class DataKey:
    """An unwrapped data key of one tenant."""

    id: bytes
    tenant: str
    cipher: Cipher = field(repr=False)


def wrap(value: Secret, key_id: bytes, tenant: str, root: RootKey, nonce: bytes) -> bytes:
    """Seal a data key under a root key, bound to its id, tenant and the root key's id."""
    header = bytes((ENVELOPE_VERSION, AES_256_GCM_SIV))
    return header + nonce + Cipher(root.value).encrypt(nonce, value, _bind(key_id, tenant, root.id))


def unwrap(row: WrappedKey, roots: RootKeys) -> Secret:
    """The 32 bytes of a data key.

    VaultSealed when its root key is not loaded, CredentialUnreadable when it does not open under it.
    """
    root = roots.get(row.root_key_id)
    if root is None:
        found = ", ".join(roots.ids())
        raise VaultSealed(f"The database expects root key {row.root_key_id}; found {found}.")
    if row.wrapped[:2] != bytes((ENVELOPE_VERSION, AES_256_GCM_SIV)) or len(row.id) != KEY_ID_BYTES:
        raise CredentialUnreadable("The stored data key has an unknown version or algorithm.")
    nonce, sealed = row.wrapped[2 : 2 + NONCE_BYTES], row.wrapped[2 + NONCE_BYTES :]
    if len(nonce) != NONCE_BYTES:
        raise CredentialUnreadable("The stored data key is too short.")
    return Cipher(root.value).decrypt(nonce, sealed, _bind(row.id, row.tenant, row.root_key_id))


class Keyring:
    """The data keys a process knows, by id; safe to use from several threads."""

    def __init__(self, roots: RootKeys) -> None:
        self._roots = roots
        self._rows: dict[bytes, WrappedKey] = {}
        self._open: dict[bytes, DataKey] = {}
        self._uses: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def replace_roots(self, roots: RootKeys) -> None:
        """Unwrap with these root keys from now on; keys that are open stay open."""
        self._roots = roots

    def add(self, rows: Iterable[WrappedKey]) -> None:
        """Make keys known; a row met again (re-wrapped) replaces the older one."""
        with self._lock:
            for row in rows:
                self._rows[row.id] = row

    def remove(self, key_id: bytes) -> None:
        """Forget a key, wrapped and unwrapped."""
        with self._lock:
            self._rows.pop(key_id, None)
            self._open.pop(key_id, None)

    def knows(self, key_id: bytes) -> bool:
        """Whether the key is known; costs the same however many are."""
        return key_id in self._rows

    def get(self, key_id: bytes) -> DataKey:
        """The key of that id, unwrapped at its first use; CredentialUnreadable when it is not known."""
        key = self._open.get(key_id)
        if key is not None:
            return key
        row = self._rows.get(key_id)
        if row is None:
            raise CredentialUnreadable("The stored value was sealed with a key that is not known.")
        key = DataKey(row.id, row.tenant, Cipher(unwrap(row, self._roots)))
        with self._lock:
            if row.id in self._rows:
                self._open[row.id] = key
        return key

    def count_use(self, key_id: bytes) -> None:
        """Count one sealing under the key."""
        with self._lock:
            self._uses[key_id] = self._uses.get(key_id, 0) + 1

    def drain_uses(self) -> dict[bytes, int]:
        """Sealings per key since the last call, for the caller to add to its rows."""
        with self._lock:
            uses, self._uses = self._uses, {}
            return uses

    def is_worn(self, key_id: bytes) -> bool:
        """Whether the key has sealed DATA_KEY_MAX_USES times and must be replaced."""
        with self._lock:
            row = self._rows.get(key_id)
            return (row.use_count if row else 0) + self._uses.get(key_id, 0) >= DATA_KEY_MAX_USES


def _bind(key_id: bytes, tenant: str, root_key_id: str) -> bytes:
    return associate("data key", ENVELOPE_VERSION, AES_256_GCM_SIV, tenant, key_id, root_key_id)
