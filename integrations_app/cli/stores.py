"""Everything that this installation has written down, as pieces of bytes to be searched."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import CursorResult, inspect
from sqlmodel import Session

from integrations_app.kit.db import Database

PIECE = 256 * 1024
ROWS = 32
_BESIDE = ("", "-wal", "-shm", "-journal")


def table_texts(session: Session) -> Iterator[tuple[str, bytes]]:
    """The content of every column of every table, many values a piece, as `table.column` and bytes.

    Read from the tables and not only from the file: SQLite splits a long value over pages that need not be adjacent.
    """
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    for table in sorted(inspect(connection).get_table_names()):
        # The driver's own values: a damaged JSON or time must not end the search. It is every tenant's data by
        # intent, and the names come from the database itself.
        statement = f"SELECT * FROM {quote(table)}"  # noqa: S608
        yield from _column_texts(table, connection.exec_driver_sql(statement, execution_options={"yield_per": ROWS}))


def database_files(database: Database) -> list[Path]:
    """The files of a SQLite database, which keep deleted rows for a while; none for PostgreSQL."""
    if not database.is_sqlite:
        return []
    return [path for end in _BESIDE if (path := Path(f"{database.url.database}{end}")).is_file()]


def list_files(places: Iterable[Path], without: Path) -> list[Path]:
    """Every regular file at or below `places` but `without`, each once; links are not followed."""
    found = {
        file.absolute()
        for place in places
        for file in ([place] if place.is_file() else place.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }
    return sorted(found - {without.absolute()})


def file_texts(path: Path, overlap: int) -> Iterator[bytes]:
    """The content of a file in pieces that overlap by `overlap` bytes, so that none hides a value at its edge."""
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield kept + piece
            kept = (kept + piece)[-overlap:]


def _column_texts(table: str, rows: CursorResult[Any]) -> Iterator[tuple[str, bytes]]:
    """The columns of some rows at a time, so that a large table is never in memory."""
    held: dict[str, list[bytes]] = {f"{table}.{column}": [] for column in rows.keys()}  # noqa: SIM118 - no mapping
    size = 0
    for row in rows:
        for values, value in zip(held.values(), row, strict=True):
            values.append(_to_bytes(value))
            size += len(values[-1])
        if size >= PIECE:
            yield from ((place, b"\0".join(values)) for place, values in held.items())
            held, size = {place: [] for place in held}, 0
    yield from ((place, b"\0".join(values)) for place, values in held.items())


def _to_bytes(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return b"" if value is None else orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
