"""Keyring: the vault on the table of data keys, and the rules by which a process finds its root key."""

import hashlib
import hmac
import logging
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session, col

from integrations_app.errors import CredentialUnreadable, StartRefused, VaultSealed
from integrations_app.kit.db import Database
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import (
    SYSTEM_TENANT,
    Envelope,
    RootKeys,
    SealContext,
    Vault,
    WrappedKey,
    create_key_file,
    load_key_file,
    new_installation_key,
)
from integrations_app.kit.vault import DataKey as OpenKey
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.models import AuditEvent, DataKey, Organization, User
from integrations_app.organizations.rotation_roots import load_root_files

_log = logging.getLogger(__name__)
SAVE_USES_EVERY = 256

_KEY = cast("Table", DataKey.__table__)  # type: ignore[attr-defined]
_PRIMARY = (
    select(_KEY.c.id, _KEY.c.organization_id, _KEY.c.root_key_id, _KEY.c.wrapped, _KEY.c.created_at, _KEY.c.use_count)
    .where(_KEY.c.organization_id == bindparam("organization"), _KEY.c.is_primary.is_(True))
    .order_by(_KEY.c.created_at.desc(), _KEY.c.id)
    .limit(1)
)

RandomBytes = Callable[[int], bytes]


class Keyring:
    """Seals values of an organisation, opens them, hashes tokens and signs, all below one root key.

    Safe to use from several threads. When `sealed` is not empty every use raises VaultSealed with it.
    """

    def __init__(self, vault: Vault, clock: Callable[[], datetime]) -> None:
        """`vault` knows the root keys and the installation's key; data keys are read from the session at hand."""
        self.vault = vault
        self._clock = clock
        self._subkeys: dict[str, Secret] = {}
        self._unsaved = 0
        self.holder_id = os.urandom(16).hex()
        """Names this process among those that hold keys."""

    @property
    def sealed(self) -> str:
        """Why nothing can be opened (key ids only), or an empty text."""
        return self.vault.sealed_reason

    def seal(
        self,
        session: Session,
        organization_id: str,
        *,
        record: str,
        kind: str,
        field: str,
        version: int,
        secret: Secret,
    ) -> bytes:
        """An envelope that opens only under the same organisation, record, kind, field and version.

        Makes the organisation's data key in this transaction when it has none. Raises VaultSealed.
        """
        self._refuse_if_sealed()
        key = self._primary(session, organization_id)
        sealed = self.vault.seal(secret, SealContext(organization_id, record, kind, field, version), key)
        self._unsaved += 1
        if self._unsaved >= SAVE_USES_EVERY:
            self.save_uses(session)
        return sealed

    def open(
        self,
        session: Session,
        organization_id: str,
        *,
        record: str,
        kind: str,
        field: str,
        version: int,
        envelope: bytes,
    ) -> Secret:
        """The value sealed for exactly this place; CredentialUnreadable for anything else. Raises VaultSealed."""
        self._refuse_if_sealed()
        key_id = Envelope.parse(envelope).key_id
        if not self.vault.knows(key_id):
            row = session.get(DataKey, key_id.hex())
            if row is None or row.organization_id != organization_id:
                raise CredentialUnreadable("The stored value was sealed with a key that is not known.")
            self.vault.add_keys((wrapped_key(row),))
        return self.vault.open(envelope, SealContext(organization_id, record, kind, field, version))

    def data_key_id(self, envelope: bytes) -> str:
        """The id (32 hex digits, as in the table) of the data key that sealed `envelope`."""
        return Envelope.parse(envelope).key_id.hex()

    def hash_token(self, purpose: str, token: str) -> str:
        """Keyed hash (64 hex digits) under which a token is stored; `purpose` separates sessions, states, links."""
        return self.mac(f"token:{purpose}", token.encode("utf-8", "surrogatepass"))

    def mac(self, purpose: str, message: bytes) -> str:
        """HMAC-SHA256 (64 hex digits) of `message` under the sub-key of `purpose`. Raises VaultSealed."""
        subkey = self._subkeys.get(purpose)
        if subkey is None:
            subkey = self._subkeys[purpose] = self.vault.derive(purpose)
        return hmac.new(subkey.reveal_bytes("mac"), message, hashlib.sha256).hexdigest()

    def fingerprint(self, secret: Secret, scope: str = "") -> str:
        """8 hex digits by which a person tells values apart; pass the organisation's id as `scope`."""
        return self.vault.fingerprint(secret, scope)

    def new_data_key(self, session: Session, organization_id: str) -> DataKey:
        """Store a new data key of the organisation, primary; the former one stays for opening."""
        made = self.vault.new_data_key(organization_id, self._clock())
        session.execute(update(DataKey).where(col(DataKey.organization_id) == organization_id).values(is_primary=False))
        row = _row(made)
        session.add(row)
        session.flush()
        return row

    def save_uses(self, session: Session) -> None:
        """Add the sealings counted in this process to the rows of their keys."""
        self._unsaved = 0
        for key_id, uses in self.vault.drain_uses().items():
            session.execute(
                update(DataKey).where(col(DataKey.id) == key_id.hex()).values(use_count=col(DataKey.use_count) + uses)
            )

    def _primary(self, session: Session, organization_id: str) -> OpenKey:
        # Asked at every sealing: another process may have rotated, and a key cached from a transaction that was
        # rolled back would seal what nobody can open after the next start.
        key = _read_primary(session, organization_id)
        if key is None or self._is_worn(key):
            hold(session, f"data key:{organization_id}")
            key = _read_primary(session, organization_id)
        if key is None or self._is_worn(key):
            key = wrapped_key(self.new_data_key(session, organization_id))
        return self.vault.data_key(key.id)

    def _is_worn(self, key: WrappedKey) -> bool:
        self.vault.add_keys((key,))
        return self.vault.is_worn(key.id)

    def _refuse_if_sealed(self) -> None:
        if self.sealed:
            raise VaultSealed(self.sealed)


def wrapped_key(row: DataKey) -> WrappedKey:
    """The row of a data key as the vault takes it."""
    return WrappedKey(
        bytes.fromhex(row.id), row.organization_id, row.root_key_id, row.wrapped, row.created_at, row.use_count
    )


def open_keyring(
    database: Database,
    *,
    listed: Secret | None,
    key_file: Path,
    clock: Callable[[], datetime],
    random: RandomBytes = os.urandom,
) -> Keyring:
    """The keyring of this installation, at the start of a process.

    `listed` (`id:base64,…`) wins over `key_file`. On an empty database the key file and the installation's key
    are made. StartRefused `root_key_missing` when the database has an owner for a key that is not there,
    `root_key_permissions` and `root_key_invalid` for a bad one. A wrong root key gives a sealed keyring.
    """
    installation, empty = database.read_now(_look)
    if installation is None and not empty:
        raise StartRefused("root_key_missing", "The database holds data but not its installation key: restore it.")
    roots = _root_keys(listed, key_file, may_create=installation is None, random=random)
    if installation is None:
        installation = database.write_now(lambda session: _install(session, roots, clock(), random))
    keyring = Keyring(Vault(roots, wrapped_key(installation), random), clock)
    if keyring.sealed:
        _log.error(
            "vault sealed: the database expects root key %s, found %s",
            installation.root_key_id,
            ", ".join(roots.ids()),
        )
    return keyring


def _look(session: Session) -> tuple[DataKey | None, bool]:
    """The installation's key, and whether the database holds nothing yet."""
    installation = _find_primary(session, SYSTEM_TENANT)
    tables = (col(DataKey.id), col(Organization.id), col(User.id))
    used = any(session.execute(select(column).limit(1)).first() for column in tables)
    audited = select(col(AuditEvent.sequence)).where(col(AuditEvent.organization_id) == SYSTEM_TENANT).limit(1)
    return installation, not used and session.execute(audited).first() is None


def _root_keys(listed: Secret | None, key_file: Path, *, may_create: bool, random: RandomBytes) -> RootKeys:
    if listed:
        return RootKeys.parse(listed)
    try:
        return load_root_files(key_file)
    except StartRefused as refusal:
        if refusal.code != "root_key_missing" or not may_create:
            raise
    try:
        return RootKeys((create_key_file(key_file, random),))
    except StartRefused as refusal:
        if refusal.code != "root_key_exists":
            raise
        return RootKeys((load_key_file(key_file),))  # another process of the same first start was faster


def _install(session: Session, roots: RootKeys, now: datetime, random: RandomBytes) -> DataKey:
    hold(session, "installation key")
    row = _find_primary(session, SYSTEM_TENANT)
    if row is None:
        row = _row(new_installation_key(roots, now, random))
        session.add(row)
        session.flush()
    return row


def _read_primary(session: Session, organization_id: str) -> WrappedKey | None:
    """As `_find_primary`, prepared once and without a mapped object: every accepted event asks it."""
    session.flush()
    found = session.connection().execute(_PRIMARY, {"organization": organization_id}).one_or_none()
    return WrappedKey(bytes.fromhex(found[0]), *found[1:]) if found is not None else None


def _find_primary(session: Session, organization_id: str) -> DataKey | None:
    statement = (
        select(DataKey)
        .where(col(DataKey.organization_id) == organization_id, col(DataKey.is_primary).is_(True))
        .order_by(col(DataKey.created_at).desc(), col(DataKey.id))
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return session.execute(statement).scalars().first()


def _row(key: WrappedKey) -> DataKey:
    return DataKey(
        id=key.id.hex(),
        organization_id=key.tenant,
        root_key_id=key.root_key_id,
        wrapped=key.wrapped,
        created_at=key.created_at,
    )
