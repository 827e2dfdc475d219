"""Root keys: read from the environment's list or from a key file that only we can read."""

import base64
import binascii
import errno
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from integrations_app.errors import StartRefused
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault.cipher import KEY_BYTES

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, eq=False)
class RootKey:
    """32 bytes outside the database that wrap data keys; `id` is public and stands beside what it wrapped."""

    id: str
    value: Secret


@dataclass(frozen=True, slots=True, eq=False)
class RootKeys:
    """All loaded root keys; the first is primary and wraps, the others only unwrap."""

    keys: tuple[RootKey, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise StartRefused("root_key_missing", "No root key is configured.")
        if len({key.id for key in self.keys}) != len(self.keys):
            raise StartRefused("root_key_invalid", "Two root keys have the same id.")

    @property
    def primary(self) -> RootKey:
        """The key that wraps new data keys."""
        return self.keys[0]

    def get(self, key_id: str) -> RootKey | None:
        """The key of that id, or None."""
        return next((key for key in self.keys if key.id == key_id), None)

    def ids(self) -> tuple[str, ...]:
        """Ids of all loaded keys, primary first."""
        return tuple(key.id for key in self.keys)

    @classmethod
    def parse(cls, listed: Secret) -> "RootKeys":
        """Read `id:base64(32 bytes)[,id:base64…]`; StartRefused `root_key_missing` or `root_key_invalid`."""
        entries = [entry.strip() for entry in listed.reveal("parse root keys").split(",") if entry.strip()]
        return cls(tuple(_parse_entry(place, entry) for place, entry in enumerate(entries, 1)))


def root_key_fingerprint(value: Secret) -> str:
    """8 hex digits that tell root keys apart without telling anything of them."""
    keyed = hmac.new(value.reveal_bytes("fingerprint"), b"integrations root key fingerprint", hashlib.sha256)
    return keyed.hexdigest()[:8]


def load_key_file(path: Path) -> RootKey:
    """The key in `path`: 32 bytes in a regular file of ours with no rights for group and others.

    The id is `file-` and the fingerprint, so that another file's key has another id. StartRefused
    `root_key_missing`, `root_key_permissions` or `root_key_invalid`; the path itself is in the message.
    """
    descriptor = _open_key_file(path)
    try:
        _check_rights(path, os.fstat(descriptor))
        raw = os.read(descriptor, KEY_BYTES + 1)
    finally:
        os.close(descriptor)
    value = _check_value(raw, f"The key file {path}")
    return RootKey(f"file-{root_key_fingerprint(value)}", value)


def create_key_file(path: Path, random: Callable[[int], bytes] = os.urandom) -> RootKey:
    """Make a new key in a file 0600 that must not exist yet, its folder 0700 when missing.

    `random` gives that many random bytes. StartRefused `root_key_exists` when the file is there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise StartRefused("root_key_exists", f"The key file {path} exists already.") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(random(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)
    return load_key_file(path)


def _parse_entry(place: int, entry: str) -> RootKey:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _ID.fullmatch(key_id):
        # The entry is not shown: without its colon it may be a bare key.
        raise StartRefused("root_key_invalid", f"Root key number {place} is not of the form id:base64.")
    return RootKey(key_id, _check_value(_decode(encoded), f"The root key {key_id}"))


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _check_value(raw: bytes, what: str) -> Secret:
    if len(raw) != KEY_BYTES:
        raise StartRefused("root_key_invalid", f"{what} is not 32 bytes.")
    if not any(raw):
        raise StartRefused("root_key_invalid", f"{what} is all zero.")
    return Secret(raw)


def _open_key_file(path: Path) -> int:
    # Non-blocking, so that a pipe in its place cannot hold up the start.
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise StartRefused("root_key_missing", f"The key file {path} does not exist.") from None
    except OSError as error:
        why = "is a symbolic link" if error.errno == errno.ELOOP else "cannot be opened"
        raise StartRefused("root_key_permissions", f"The key file {path} {why}.") from None


def _check_rights(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StartRefused("root_key_permissions", f"The key file {path} is not a regular file.")
    if status.st_uid != os.geteuid():
        raise StartRefused("root_key_permissions", f"The key file {path} belongs to another user.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise StartRefused("root_key_permissions", f"The key file {path} is open to others: chmod 600 it.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
