"""Root keys are taken from safe places only, and a refused one is never shown."""

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integrations_app.errors import StartRefused
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import RootKeys, create_key_file, load_key_file, root_key_fingerprint

GOOD = base64.b64encode(b"k" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()


def code_of(call: Callable[..., object], *args: Any) -> str:
    with pytest.raises(StartRefused) as caught:
        call(*args)
    assert GOOD not in str(caught.value)
    return caught.value.code


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_parses_a_list_with_the_primary_first() -> None:
    roots = RootKeys.parse(Secret(f"new:{GOOD}, old:{OTHER},"))
    assert roots.ids() == ("new", "old")
    assert roots.primary.value == Secret(b"k" * 32)
    assert next(key for key in roots.keys if key.id == "old").value == Secret(b"\xfb\xff" * 16)
    assert roots.get("absent") is None


@pytest.mark.parametrize(
    "listed",
    [
        GOOD,
        f":{GOOD}",
        f"bad id:{GOOD}",
        f"a:{GOOD},a:{GOOD}",
        "a:" + base64.b64encode(b"k" * 31).decode(),
        "a:" + base64.b64encode(bytes(32)).decode(),
        "a:é",
        "a:not base64!",
        "a:",
    ],
)
def test_refuses_a_malformed_list(listed: str) -> None:
    assert code_of(RootKeys.parse, Secret(listed)) == "root_key_invalid"


def test_an_empty_list_is_a_missing_key() -> None:
    assert code_of(RootKeys.parse, Secret(" , ")) == "root_key_missing"


def test_creates_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys" / "root.key"
    created = create_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    loaded = load_key_file(path)
    assert loaded.value == created.value
    assert loaded.id == created.id == f"file-{root_key_fingerprint(loaded.value)}"


def test_never_overwrites_a_key(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    create_key_file(path)
    before = path.read_bytes()
    assert code_of(create_key_file, path) == "root_key_exists"
    assert path.read_bytes() == before


def test_does_not_create_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert code_of(create_key_file, tmp_path / "link") == "root_key_exists"
    assert not (tmp_path / "target").exists()


def test_a_missing_file_is_named_missing(tmp_path: Path) -> None:
    assert code_of(load_key_file, tmp_path / "none") == "root_key_missing"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o660, 0o601])
def test_refuses_a_file_open_to_others(tmp_path: Path, mode: int) -> None:
    assert code_of(load_key_file, write(tmp_path / "key", b"k" * 32, mode)) == "root_key_permissions"


def test_accepts_a_read_only_file(tmp_path: Path) -> None:
    assert load_key_file(write(tmp_path / "key", b"k" * 32, 0o400)).value == Secret(b"k" * 32)


def test_refuses_what_is_no_regular_file_of_ours(tmp_path: Path) -> None:
    target = write(tmp_path / "key", b"k" * 32)
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("link", "pipe", "folder"):
        assert code_of(load_key_file, tmp_path / name) == "root_key_permissions"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_refuses_a_file_of_another_user(tmp_path: Path) -> None:
    path = write(tmp_path / "key", b"k" * 32)
    os.chown(path, 12345, -1)
    assert code_of(load_key_file, path) == "root_key_permissions"


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33, bytes(32)])
def test_refuses_a_wrong_length_or_all_zero(tmp_path: Path, content: bytes) -> None:
    assert code_of(load_key_file, write(tmp_path / "key", content)) == "root_key_invalid"
