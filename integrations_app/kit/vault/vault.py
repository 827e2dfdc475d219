"""Vault: seals values to their place, opens them there only, and derives the installation's sub-keys."""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from datetime import datetime

from integrations_app.errors import CredentialUnreadable, IntegrationsError, VaultSealed
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault.cipher import KEY_BYTES, NONCE_BYTES, derive_key, require_cipher
from integrations_app.kit.vault.envelope import KEY_ID_BYTES, Envelope, SealContext, associate, bind
from integrations_app.kit.vault.keyring import SYSTEM_TENANT, DataKey, Keyring, WrappedKey, unwrap, wrap
from integrations_app.kit.vault.root_keys import RootKey, RootKeys

RandomBytes = Callable[[int], bytes]


def new_installation_key(roots: RootKeys, now: datetime, random: RandomBytes = os.urandom) -> WrappedKey:
    """The key of a new installation, wrapped by the primary root key; the caller stores it once, for good.

    It is also the check record: a root key that does not open it is not this database's.
    """
    require_cipher()
    return _new_key(SYSTEM_TENANT, roots, now, random)


class Vault:
    """Seals and opens. Sealed as a whole (every call raises VaultSealed) when the root key is absent or wrong.

    Keys are chosen only by the id in an envelope's header, never by trying. The tables are the caller's:
    it hands in `WrappedKey` rows and stores those that come back.
    """

    def __init__(
        self, roots: RootKeys | None, installation: WrappedKey | None, random: RandomBytes = os.urandom
    ) -> None:
        """StartRefused `cipher_missing` on a build without the cipher; a wrong root key does not raise here."""
        require_cipher()
        self._random = random
        self._roots = roots
        self._keyring = Keyring(roots) if roots else None
        self._installation: Secret | None = None
        self.sealed_reason = self._unlock(installation)

    @property
    def sealed(self) -> bool:
        """Whether nothing can be sealed or opened; `sealed_reason` says why, naming key ids only."""
        return bool(self.sealed_reason)

    def seal(self, plain: Secret, context: SealContext, data_key: DataKey) -> bytes:
        """An envelope with `plain`, bound to `context`. ValueError for another tenant's key; VaultSealed."""
        if data_key.tenant != context.tenant:
            raise ValueError("the data key belongs to another tenant")
        nonce = self._random(NONCE_BYTES)
        sealed = data_key.cipher.encrypt(nonce, plain, bind(context, data_key.id))
        self._ring().count_use(data_key.id)
        return bytes(Envelope(data_key.id, nonce, sealed))

    def open(self, envelope: bytes, context: SealContext) -> Secret:
        """The value sealed for exactly this `context`.

        CredentialUnreadable when it was changed, moved, or its key is not known; VaultSealed.
        """
        ring = self._ring()
        parsed = Envelope.parse(envelope)
        data_key = ring.get(parsed.key_id)
        if data_key.tenant != context.tenant:
            raise CredentialUnreadable("The stored value was sealed for another tenant.")
        return data_key.cipher.decrypt(parsed.nonce, parsed.sealed, bind(context, parsed.key_id))

    def add_keys(self, rows: Iterable[WrappedKey]) -> None:
        """Make data keys known; they are unwrapped at their first use."""
        self._ring().add(rows)

    def remove_key(self, key_id: bytes) -> None:
        """Forget a retired data key; what it sealed becomes unreadable here."""
        self._ring().remove(key_id)

    def knows(self, key_id: bytes) -> bool:
        """Whether a data key is known; a caller that meets an unknown id in an envelope loads its row first."""
        return self._ring().knows(key_id)

    def data_key(self, key_id: bytes) -> DataKey:
        """A known data key, for `seal`. CredentialUnreadable when unknown or damaged; VaultSealed."""
        return self._ring().get(key_id)

    def new_data_key(self, tenant: str, now: datetime, random: RandomBytes | None = None) -> WrappedKey:
        """A new data key for `tenant`, wrapped by the primary root key, opened again as a test, and known here."""
        roots = self._require_roots()
        row = _new_key(tenant, roots, now, random or self._random)
        self._ring().add((row,))
        self._ring().get(row.id)
        return row

    def rewrap_key(self, row: WrappedKey) -> WrappedKey:
        """The same data key under the primary root key, opened again as a test: one step of root-key rotation."""
        roots = self._require_roots()
        value = unwrap(row, roots)
        wrapped = wrap(value, row.id, row.tenant, roots.primary, self._random(NONCE_BYTES))
        fresh = WrappedKey(row.id, row.tenant, roots.primary.id, wrapped, row.created_at, row.use_count)
        if unwrap(fresh, roots) != value:
            raise CredentialUnreadable("The re-wrapped data key differs.")
        return fresh

    def require_opens(self, row: WrappedKey) -> None:
        """Unwrap the row anew, whatever is known already; CredentialUnreadable or VaultSealed when it does not open."""
        unwrap(row, self._require_roots())

    def root_ids(self) -> tuple[str, ...]:
        """Ids of the loaded root keys, primary first; of a sealed vault too."""
        return self._roots.ids() if self._roots else ()

    def load_roots(self, roots: RootKeys) -> None:
        """Wrap and unwrap with these root keys from now on. Raises VaultSealed."""
        ring = self._ring()
        self._roots = roots
        ring.replace_roots(roots)

    def seal_root(self, key: RootKey, now: datetime) -> WrappedKey:
        """A former root key, wrapped by the primary one, to be kept for old backups. Raises VaultSealed."""
        roots = self._require_roots()
        name, tenant = self._random(KEY_ID_BYTES), f"root:{key.id}"
        wrapped = wrap(key.value, name, tenant, roots.primary, self._random(NONCE_BYTES))
        return WrappedKey(name, tenant, roots.primary.id, wrapped, now)

    def drain_uses(self) -> dict[bytes, int]:
        """Sealings per data key since the last call; the caller adds them to its rows."""
        return self._ring().drain_uses()

    def is_worn(self, key_id: bytes) -> bool:
        """Whether a data key has reached its number of uses and must be replaced."""
        return self._ring().is_worn(key_id)

    def derive(self, label: str) -> Secret:
        """32 bytes for one use, the same for the whole life of the installation, whatever its root key."""
        if self._installation is None:
            raise VaultSealed(self.sealed_reason)
        return derive_key(self._installation, associate("derive", label))

    def fingerprint(self, value: Secret, scope: str = "") -> str:
        """8 hex digits by which a person tells values apart; with `scope` equal values differ between scopes."""
        key = self.derive("fingerprint").reveal_bytes("fingerprint")
        scoped = associate(scope, value.reveal_bytes("fingerprint"))
        return hmac.new(key, scoped, hashlib.sha256).hexdigest()[:8]

    def _unlock(self, installation: WrappedKey | None) -> str:
        if self._roots is None:
            return "No root key is loaded."
        if installation is None:
            return "This installation has no key yet."
        try:
            self._installation = unwrap(installation, self._roots)
        except CredentialUnreadable:
            loaded = ", ".join(self._roots.ids())
            return f"The root key {installation.root_key_id} is not the one of this database (loaded: {loaded})."
        except IntegrationsError as error:
            return error.message
        return ""

    def _require_roots(self) -> RootKeys:
        if self._roots is None or self.sealed:
            raise VaultSealed(self.sealed_reason)
        return self._roots

    def _ring(self) -> Keyring:
        if self._keyring is None or self.sealed:
            raise VaultSealed(self.sealed_reason)
        return self._keyring


def _new_key(tenant: str, roots: RootKeys, now: datetime, random: RandomBytes) -> WrappedKey:
    key_id = random(KEY_ID_BYTES)
    value = Secret(random(KEY_BYTES))
    wrapped = wrap(value, key_id, tenant, roots.primary, random(NONCE_BYTES))
    return WrappedKey(key_id, tenant, roots.primary.id, wrapped, now)
