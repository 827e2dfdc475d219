"""The files of root keys while one replaces another: `keys` is primary, `keys.next` comes, `keys.old` goes."""

import base64
import json
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from integrations_app.errors import Conflict
from integrations_app.kit.vault import RootKey, RootKeys, WrappedKey, create_key_file, load_key_file

RETIRED_FILE = "retired-keys.jsonl"
"""Beside the key file: retired keys, each wrapped by a root key that was primary then, for backups older than it."""

RandomBytes = Callable[[int], bytes]


def load_root_files(key_file: Path, without: Collection[str] = ()) -> RootKeys:
    """The root key in `key_file` as primary, then those beside it, except the ids in `without`.

    StartRefused as `load_key_file` does, for the files beside it too.
    """
    found = [load_key_file(key_file)]
    for beside in (next_root_file(key_file), old_root_file(key_file)):
        if beside.exists():
            key = load_key_file(beside)
            if key.id not in without and key.id not in {one.id for one in found}:
                found.append(key)
    return RootKeys(tuple(found))


def prepare_root_file(key_file: Path, random: RandomBytes = os.urandom) -> RootKey:
    """Make the next root key beside the present one, whole or not at all; one that is there already is taken.

    Raises Conflict `retire_first` while a former root key is still there.
    """
    if old_root_file(key_file).exists():
        raise Conflict("retire_first", "A former root key is still there: retire it before the next rotation.")
    coming = next_root_file(key_file)
    if not coming.exists():
        unfinished = key_file.with_name(f"{key_file.name}.making")
        unfinished.unlink(missing_ok=True)
        create_key_file(unfinished, random)
        unfinished.replace(coming)
        _sync(key_file.parent)
    return load_key_file(coming)


def promote_root_file(key_file: Path, key_id: str, reached: Callable[[str], None]) -> None:
    """Make the next key the present one and keep the former beside it; safe to be repeated after any crash."""
    if load_key_file(key_file).id == key_id:
        return
    old, coming = old_root_file(key_file), next_root_file(key_file)
    if load_key_file(coming).id != key_id:
        raise Conflict("root_key_changed", f"The file {coming} does not hold the key of this rotation.")
    if not old.exists():
        os.link(key_file, old)
        _sync(key_file.parent)
    reached("primary.linked")
    coming.replace(key_file)
    _sync(key_file.parent)


def remove_root_file(key_file: Path, key_ids: Collection[str]) -> None:
    """Destroy the former root key if it is one of these."""
    old = old_root_file(key_file)
    if old.exists() and load_key_file(old).id in key_ids:
        old.unlink()
        _sync(key_file.parent)


def keep_retired(key_file: Path, keys: Iterable[tuple[str, WrappedKey]]) -> None:
    """Append the sealed keys, by the name under which they were used, to RETIRED_FILE (0600); each once."""
    path = key_file.with_name(RETIRED_FILE)
    known = {json.loads(line)["name"] for line in _whole_lines(path)}
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        # A line that a crash tore is left behind as it is, on a line of its own.
        file.write("".join(f"\n{_line(name, key)}\n" for name, key in keys if name not in known))
        file.flush()
        os.fsync(file.fileno())


def _whole_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line for line in lines if line.startswith("{") and line.endswith("}")]


def _line(name: str, key: WrappedKey) -> str:
    wrapped = base64.b64encode(key.wrapped).decode()
    shown = {"name": name, "id": key.id.hex(), "belongs_to": key.tenant, "root_key": key.root_key_id}
    return json.dumps({**shown, "wrapped": wrapped, "created_at": key.created_at.isoformat()})


def next_root_file(key_file: Path) -> Path:
    """Where the coming key stands."""
    return key_file.with_name(f"{key_file.name}.next")


def old_root_file(key_file: Path) -> Path:
    """Where the former key stands until it is retired."""
    return key_file.with_name(f"{key_file.name}.old")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
