"""Archives as GitHub packs logs and artifacts: their files, read within bounds."""

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from integrations_app.errors import ResponseRefused
from integrations_app.sdk.actions import Result

MOST_FILES = 1_000
MOST_MEMBERS = 20_000
"""Files that an archive may name at all: each costs memory before any of them is read."""
LONGEST_NAME = 500
"""Characters of a file's name that count."""
UNPACKED = 64 * 1024 * 1024
"""Bytes of an archive's files together that are unpacked; an archive itself is no larger than any other answer."""
RESULT = 512 * 1024
"""Bytes of JSON that names and texts may take in a step's result: half of what a result may hold."""
CHUNK = 64 * 1024
_MEMBER = b"PK\x01\x02"
"""What the entry of a file in an archive's directory begins with."""
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What `zipfile` unpacks a piece at a time, and GitHub packs with; of the others it unpacks as much as there is."""
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, RuntimeError, ValueError, OSError)
End = Literal["start", "end"]


class ArchivedFile(Result):
    """A file of an archive: a text, base64 of what is none, or only its name when there was no room for it."""

    name: str
    size: int
    text: str | None = None
    content_base64: str | None = None
    cut: bool = False
    """Whether some of it is missing here."""


class Archive(Result):
    """What was in an archive; `left_out` counts the files that are not even named."""

    items: list[ArchivedFile]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """Which files of an archive are wanted, how many characters of each, and from which end."""

    names: Sequence[str]
    most: int
    end: End
    binary: bool = False
    """Whether what is no text is wanted too, when it fits whole."""

    def wants(self, name: str) -> bool:
        """Whether the file's name or path is one of those wanted, which may be patterns; none wanted means all."""
        forms = (name, name.rpartition("/")[2])
        return not self.names or any(fnmatchcase(one, wanted.strip()) for wanted in self.names for one in forms)


def unpack(content: bytes, wish: Wish) -> Archive:
    """Read the files of a ZIP archive. Raises ResponseRefused for one that is broken, locked or unpacks to too much."""
    if content.count(_MEMBER) > MOST_MEMBERS:
        raise ResponseRefused("too_large", f"The archive names more than {MOST_MEMBERS:,} files.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [one for one in archive.infolist() if not one.is_dir() and wish.wants(_name(one))]
            budget, items = _Budget(UNPACKED, RESULT), list[ArchivedFile]()
            for one in wanted[:MOST_FILES]:
                name = _name(one)
                if not budget.take(name):
                    break
                items.append(_read(archive, one, name, wish, budget))
            return Archive(items=items, left_out=len(wanted) - len(items))
    except _BROKEN as error:
        raise ResponseRefused("archive_broken", "The archive cannot be read.") from error


def _name(one: zipfile.ZipInfo) -> str:
    return one.filename[:LONGEST_NAME].replace("\x00", "")


@dataclass(slots=True)
class _Budget:
    """What may still be unpacked, and what still fits into the result; bytes."""

    unpacked: int
    result: int

    def spend(self, size: int) -> None:
        self.unpacked -= size
        if self.unpacked < 0:
            raise ResponseRefused("too_large", "The archive unpacks to more than 64 MiB.")

    def take(self, value: str) -> bool:
        """Whether the value fits; then it is counted."""
        size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        if size > self.result:
            return False
        self.result -= size
        return True


def _read(archive: zipfile.ZipFile, one: zipfile.ZipInfo, name: str, wish: Wish, budget: _Budget) -> ArchivedFile:
    if one.compress_type not in _BOUNDED:
        raise ResponseRefused("archive_broken", "The archive is packed in a way that GitHub does not use.")
    with archive.open(one) as opened:
        size, kept = _kept(iter(lambda: opened.read(CHUNK), b""), wish, budget.spend)
    if b"\x00" in kept:
        return _binary(name, size, kept, wish, budget)
    text = kept.decode("utf-8", "replace").replace("\ufeff", "")
    cut = size > len(kept) or len(text) > wish.most
    text = text[: wish.most] if wish.end == "start" else text[-wish.most :]
    if not budget.take(text):
        return ArchivedFile(name=name, size=size, cut=True)
    return ArchivedFile(name=name, size=size, text=text, cut=cut)


def _kept(pieces: Iterator[bytes], wish: Wish, spend: Callable[[int], None]) -> tuple[int, bytes]:
    """The size of a file, and as many bytes of the wanted end as its characters may need."""
    most, size, kept = wish.most * 4, 0, b""
    for piece in pieces:
        size += len(piece)
        spend(len(piece))
        if wish.end == "end":
            kept = (kept + piece)[-most:]
        elif len(kept) < most:
            kept = (kept + piece)[:most]
    return size, kept


def _binary(name: str, size: int, kept: bytes, wish: Wish, budget: _Budget) -> ArchivedFile:
    encoded = base64.b64encode(kept).decode() if wish.binary and len(kept) == size else None
    if encoded is None or not budget.take(encoded):
        return ArchivedFile(name=name, size=size, cut=True)
    return ArchivedFile(name=name, size=size, content_base64=encoded)
