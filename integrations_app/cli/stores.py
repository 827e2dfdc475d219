"""Everything that this installation has written down, as pieces of bytes to be searched."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
from sqlalchemy import inspect

from integrations_app.kit.db import Database

PIECE = 1024 * 1024
ROWS = 500
_BESIDE = ("", "-wal", "-shm", "-journal")


def table_texts(database: Database) -> Iterator[tuple[str, bytes]]:
    """The content of every column of every table, many values a piece, as `table.column` and bytes.

    Read from the tables and not only from the file: SQLite splits a long value over pages that need not be adjacent.
    """
    with database.engine.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for table in sorted(inspect(connection).get_table_names()):
            # The driver's own values: a damaged JSON or time must not end the search. It is every tenant's data by
            # intent, and the names come from the database itself.
            statement = f"SELECT * FROM {quote(table)}"  # noqa: S608
            rows = connection.execution_options(stream_results=True, max_row_buffer=ROWS).exec_driver_sql(statement)
            columns = list(rows.keys())
            for part in rows.partitions(ROWS):
                for place, column in enumerate(columns):
                    yield f"{table}.{column}", b"\0".join(_to_bytes(row[place]) for row in part)


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


def _to_bytes(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return b"" if value is None else orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
