"""Sole: the lock by which one process at a time executes the runs of a database."""

import asyncio
import fcntl
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from integrations_app.errors import StartRefused, Unavailable

_log = logging.getLogger(__name__)

LOCK_NAME = "integrations: executes runs"
LOOK_SECONDS = 5.0
"""How often a held lock is looked at: only PostgreSQL can lose one, when the connection breaks."""

GHOST_SECONDS = 0.5


class Sole(Protocol):
    """Held for as long as a process executes runs; ends with the process, however that ends."""

    def take(self) -> None:
        """Raises StartRefused `already_executing` when another holds it, Unavailable when nobody can tell."""

    def holds(self) -> bool:
        """Whether it is still ours."""

    def release(self) -> None:
        """Let go of it. Safe to repeat."""


def sole(url: str | URL) -> Sole:
    """The lock of the database at that address; not taken yet."""
    made = make_url(url)
    return _FileLock(made) if made.get_backend_name() == "sqlite" else _SessionLock(made)


def refuse_second(url: str) -> None:
    """Raise StartRefused when a process executes the runs of this database; its lock is only looked at."""
    lock = sole(url)
    if isinstance(lock, _FileLock) and not lock.path.exists():
        return
    try:
        lock.take()
    except Unavailable as error:
        raise StartRefused("database_unreachable", f"the database cannot be opened: {error.message}") from None
    lock.release()


async def keep(lock: Sole, lost: Callable[[], None], seconds: float = LOOK_SECONDS) -> None:
    """Look after a taken lock until cancelled: take it again when it broke, call `lost` when another was faster."""
    refused = False
    while True:
        await asyncio.sleep(min(seconds, GHOST_SECONDS) if refused else seconds)
        if await asyncio.to_thread(lock.holds):
            continue
        try:
            await asyncio.to_thread(lock.take)
            refused = False
        except Unavailable:
            _log.warning("the lock on executing is lost while the database is away; taking it again soon")
        except StartRefused:
            if refused:
                lost()
                return
            refused = True  # once it may be our own broken connection, which the server is about to end
        except Exception:  # noqa: BLE001 - whoever looks after the lock must not end
            _log.exception("the lock on executing could not be taken; trying again soon")


class _FileLock:
    """SQLite: a lock on a file beside the database, by the kernel of its one machine."""

    def __init__(self, url: URL) -> None:
        database = Path(url.database or "").resolve()
        self.path = database.with_name(f"{database.name}.executing")
        self._file: int | None = None

    def take(self) -> None:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartRefused("lock_refused", f"{self.path} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise _taken() from None
        except OSError as error:
            os.close(file)
            raise StartRefused("lock_refused", f"{self.path} cannot be locked: {error.strerror}") from None
        self._file = file

    def holds(self) -> bool:
        return self._file is not None

    def release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class _SessionLock:
    """PostgreSQL: an advisory lock of a connection that does nothing else; the server ends both together."""

    def __init__(self, url: URL) -> None:
        alive = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 5}
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=alive)
        self._connection: Connection | None = None
        self._one_thread = threading.RLock()

    def take(self) -> None:
        with self._one_thread:
            self.release()
            self._connection = self._locked()

    def _locked(self) -> Connection:
        try:
            connection = self._engine.connect()
            asked = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
            given = bool(connection.execute(asked, {"name": LOCK_NAME}).scalar_one())
        except DBAPIError as error:
            reason = " ".join(str(error.orig).split())
            raise Unavailable(reason, LOOK_SECONDS, "storage_unavailable") from error
        if not given:
            connection.close()
            raise _taken()
        return connection

    def holds(self) -> bool:
        with self._one_thread:
            if self._connection is None:
                return False
            try:
                self._connection.execute(text("SELECT 1"))
            except DBAPIError:
                self.release()  # or it would connect anew, without the lock
                return False
            return True

    def release(self) -> None:
        with self._one_thread:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(SQLAlchemyError), connection:  # a broken connection has let go already
                    connection.execute(text("SELECT pg_advisory_unlock_all()"))  # the server ends sessions later


def _taken() -> StartRefused:
    return StartRefused(
        "already_executing",
        "another process executes the runs of this database: stop it, or start this one with --no-execute",
    )
