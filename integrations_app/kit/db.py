"""The database: engine, the one way to open a transaction, and the writer that commits in batches.

A transaction is a *sync* function that takes a Session. It runs in a worker thread, so it can neither
block the event loop nor await a network call while it holds a lock; both are ruled out by shape.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from integrations_app.errors import Unavailable
from integrations_app.kit import tenancy

_log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Session], T]

LOCK_SECONDS = 5.0
BATCH = 256
READERS = 4
POSTGRES_CONNECTIONS = 16
_AFTER_COMMIT = "after_commit"


def on_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run `callback` once the surrounding transaction is durable; never when it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(callback)


class Database:
    """One database, opened lazily so that a forked or building process holds no connection."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the one-machine database."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> Engine:
        """The engine for writing; for migrations and tests."""
        return self._open().engine

    async def read(self, work: Work[T]) -> T:
        """Run `work` in a read-only transaction in a worker thread and return its result."""
        opened = self._open()
        context = copy_context()
        return await _awaited(opened.readers.submit(lambda: context.run(_guarded, opened.read, work)))

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a write transaction; returns once it is durable.

        Raises `Unavailable` (`storage_unavailable`) when the lock or the disk cannot be had within 5 s.
        """
        return await _awaited(self._open().writer.submit(work))

    def read_now(self, work: Work[T]) -> T:
        """Like `read`, for commands and threads without an event loop."""
        return _guarded(self._open().read, work)

    def write_now(self, work: Work[T]) -> T:
        """Like `write`, for commands and threads without an event loop."""
        return self._open().writer.submit(work).result()

    def close(self) -> None:
        """End the writer and drop every connection."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened:
            opened.close()

    def _open(self) -> "_Opened":
        if self._opened is None:
            with self._lock:
                if self._opened is None:
                    self._opened = _open_sqlite(self) if self.is_sqlite else _open_postgres(self)
        return self._opened


async def _awaited(future: "Future[T]") -> T:
    return await asyncio.wrap_future(future)


def _guarded(run: Callable[[Work[T]], T], work: Work[T]) -> T:
    try:
        return run(work)
    except (OperationalError, PoolTimeoutError) as error:
        raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable("The database cannot be used right now; nothing was changed.", 1.0, "storage_unavailable")


class _Writer(Protocol):
    def submit(self, work: Work[T]) -> "Future[T]": ...
    def close(self) -> None: ...


@dataclass
class _Opened:
    engine: Engine
    read_engine: Engine
    readers: ThreadPoolExecutor
    writer: _Writer

    def read(self, work: Work[T]) -> T:
        with Session(self.read_engine, expire_on_commit=False) as session:
            return work(session)

    def close(self) -> None:
        self.writer.close()
        self.readers.shutdown(wait=True)
        self.engine.dispose()
        self.read_engine.dispose()


def _engine(database: Database, **options: Any) -> Engine:
    engine = create_engine(
        database.url,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        **options,
    )
    tenancy.enforce(engine)
    return engine


# --- SQLite: many readers, one writer that commits what waits together -----------------------------


def _open_sqlite(database: Database) -> _Opened:
    engine = _sqlite_engine(database, "BEGIN IMMEDIATE", pool_size=1, max_overflow=4)
    reading = _sqlite_engine(database, "BEGIN", query_only=True, pool_size=READERS, max_overflow=0)
    return _Opened(engine, reading, ThreadPoolExecutor(READERS, "db-read"), BatchingWriter(engine))


def _sqlite_engine(database: Database, begin: str, *, query_only: bool = False, **pool: int) -> Engine:
    engine = _engine(database, connect_args={"check_same_thread": False, "timeout": LOCK_SECONDS}, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's recipe: we say BEGIN ourselves, so savepoints work
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if query_only:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        _control(connection, begin)

    dialect: Any = engine.dialect
    dialect.do_savepoint = lambda connection, name: _control(connection, f"SAVEPOINT {name}")
    dialect.do_release_savepoint = lambda connection, name: _control(connection, f"RELEASE {name}")
    dialect.do_rollback_to_savepoint = lambda connection, name: _control(connection, f"ROLLBACK TO {name}")
    return engine


def _control(connection: Connection, words: str) -> None:
    """Say where a transaction begins or ends to the driver itself.

    As SQLAlchemy statements, the words around a savepoint would cost more than the work inside it.
    """
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(words)
    except sqlite3.Error as error:
        raise DBAPIError.instance(words, None, error, sqlite3.Error) from error


@dataclass
class _Waiting:
    work: Work[Any]
    future: "Future[Any]"
    context: Context
    callbacks: list[Callable[[], None]]


class BatchingWriter:
    """The one writer of a SQLite file: takes all that waits, a savepoint each, and commits them together."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="db-write", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> "Future[T]":
        """Queue `work`; the future ends only after the commit that holds it."""
        future: Future[T] = Future()
        self._queue.put(_Waiting(work, future, copy_context(), []))
        return future

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while self._take_and_commit():
            pass

    def _take_and_commit(self) -> bool:
        """A frame of its own: what was written is not held until something else is."""
        batch, open_for_work = self._take()
        if batch:
            self._commit(batch)
        return open_for_work

    def _take(self) -> tuple[list[_Waiting], bool]:
        batch: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            if item.future.set_running_or_notify_cancel():
                batch.append(item)
            if len(batch) >= BATCH or self._queue.empty():
                return batch, True
            item = self._queue.get()
        return batch, False

    def _commit(self, batch: list[_Waiting]) -> None:
        results: list[tuple[_Waiting, Any]] = []
        try:
            with self._engine.begin() as connection:
                for item in batch:
                    self._attempt(connection, item, results)
        except Exception as error:  # noqa: BLE001 - every waiting caller gets it; none is lost
            failure = _unavailable() if isinstance(error, DBAPIError) else error
            failure.__cause__ = error if failure is not error else None
            for item in batch:
                if not item.future.done():
                    item.future.set_exception(failure)
            return
        for item, result in results:
            _run_callbacks(item)  # first: who waits for the commit sees its announcements done, as on PostgreSQL
            item.future.set_result(result)

    def _attempt(self, connection: Connection, item: _Waiting, results: list[tuple[_Waiting, Any]]) -> None:
        try:
            with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
                result = item.context.run(item.work, session)
                session.commit()
                item.callbacks = session.info.get(_AFTER_COMMIT, [])
        except OperationalError:
            raise  # the whole batch is in doubt (disk full, lock lost): everybody hears it
        except Exception as error:  # noqa: BLE001 - belongs to this caller alone; its savepoint is rolled back
            item.future.set_exception(error)
        else:
            results.append((item, result))


def _run_callbacks(item: _Waiting) -> None:
    for callback in item.callbacks:
        try:
            item.context.run(callback)
        except Exception:  # noqa: BLE001 - the commit stands; a failed announcement must not end the writer
            _log.exception("an after-commit callback failed")


# --- PostgreSQL: a pool of threads, a transaction each --------------------------------------------


def _open_postgres(database: Database) -> _Opened:
    engine = _engine(
        database, pool_size=POSTGRES_CONNECTIONS, max_overflow=0, pool_timeout=LOCK_SECONDS, pool_pre_ping=True
    )
    reading = engine.execution_options(postgresql_readonly=True)
    return _Opened(engine, reading, ThreadPoolExecutor(POSTGRES_CONNECTIONS // 2, "db-read"), PooledWriter(engine))


class PooledWriter:
    """Writes side by side, each in its own transaction and thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(POSTGRES_CONNECTIONS // 2, "db-write")

    def submit(self, work: Work[T]) -> "Future[T]":
        """Run `work` in its own transaction; the future ends after the commit."""
        context = copy_context()
        return self._threads.submit(lambda: context.run(_guarded, self._transact, work))

    def close(self) -> None:
        """Finish what runs."""
        self._threads.shutdown(wait=True)

    def _transact(self, work: Work[T]) -> T:
        with Session(self._engine, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
            callbacks = session.info.get(_AFTER_COMMIT, [])
        for callback in callbacks:
            callback()
        return result
