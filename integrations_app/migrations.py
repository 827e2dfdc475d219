"""Bring the database to this version's schema, one process at a time, or refuse a newer one."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from integrations_app.errors import StartRefused

_PACKAGE = Path(__file__).resolve().parent
_ADVISORY_LOCK = 0x1A7E6A7E  # any number, but the same in every process of this product


def scripts() -> Path:
    """The folder of the migrations: in the wheel, or in the checkout."""
    packed = _PACKAGE / "_app" / "alembic"
    return packed if packed.is_dir() else _PACKAGE.parent / "alembic"


def migrate(url: str) -> bool:
    """Upgrade the database at `url` (a SQLAlchemy URL) to the newest schema; whether anything was done.

    Raises StartRefused: `schema_too_new`, `database_read_only`, `database_unreachable`.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            _refuse_replica(connection)
            if pending(connection) == 0:
                return False
        with _alone(engine) as connection:
            if pending(connection) == 0:
                return False
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            return True
    except OperationalError as error:
        raise StartRefused("database_unreachable", f"the database cannot be opened: {reason(error)}") from None


def pending(connection: Connection) -> int:
    """How many migrations the database still lacks. Raises StartRefused when it is ahead of this version."""
    steps = ScriptDirectory.from_config(_config())
    known = {step.revision for step in steps.walk_revisions()}
    applied = set(MigrationContext.configure(connection).get_current_heads())
    connection.rollback()
    if applied - known:
        raise StartRefused("schema_too_new", "the database belongs to a newer version of this program: upgrade it")
    done = {step.revision for head in applied for step in steps.iterate_revisions(head, "base")}
    return len(known - done)


def sqlite_file(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(url.database or "")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    return config


def _refuse_replica(connection: Connection) -> None:
    if connection.dialect.name == "postgresql" and connection.scalar(text("SELECT pg_is_in_recovery()")):
        raise StartRefused("database_read_only", "the database is a read-only replica: name the primary")
    connection.rollback()


@contextlib.contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    if engine.dialect.name == "sqlite":
        # A file lock, since SQLite holds none between the transactions of several migrations.
        with Path(f"{sqlite_file(engine.url)}.migrate.lock").open("w") as lock, engine.connect() as connection:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield connection
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        connection.commit()  # held by the session; closing the connection frees it, after an error too
        yield connection


def reason(error: OperationalError) -> str:
    """The driver's own first line, which names no password."""
    return str(error.orig or error).strip().splitlines()[0].removeprefix("connection failed: ")
