"""The bus between processes: PostgreSQL's LISTEN and NOTIFY over two connections that mend themselves."""

import asyncio
import logging
import threading
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from integrations_app.kit.bus.local import QUEUE_LIMIT, Event, LocalBus, Subscription, decode, encode

OUTBOX_LIMIT = 4096
FLUSH_SECONDS = 2.0

_log = logging.getLogger(__name__)


class PostgresBus:
    """A bus between all processes on one database.

    Subscribers of this process get an event at once, even while the database is away; the others get it by
    NOTIFY. After a broken connection every subscriber gets RESYNC. `unsent` counts events that were
    dropped because too many waited for the database.
    """

    def __init__(
        self, url: str, channel: str = "integrations_bus", retry_seconds: tuple[float, float] = (0.1, 10.0)
    ) -> None:
        """`url` is a libpq or SQLAlchemy address; `retry_seconds` are the first and longest pause between tries."""
        self.unsent = 0
        self._conninfo = make_conninfo(
            url.replace("postgresql+psycopg://", "postgresql://", 1),
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
        )
        self._channel = channel
        self._retry = retry_seconds
        self._origin = uuid.uuid4().hex
        self._local = LocalBus()
        self._outbox: deque[str] = deque()
        self._lock = threading.Lock()
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def publish(self, topic: str, message: Mapping[str, str]) -> None:
        """As `Bus.publish`."""
        payload = encode(self._origin, topic, message)
        self._local.deliver(Event(topic, dict(message)))
        with self._lock:
            self._outbox.append(payload)
            if len(self._outbox) > OUTBOX_LIMIT:
                self._outbox.popleft()
                self.unsent += 1
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._filled.set)

    def subscribe(self, topic: str = "", limit: int = QUEUE_LIMIT) -> Subscription:
        """As `Bus.subscribe`; call it on the event loop that consumes."""
        return self._local.subscribe(topic, limit)

    async def start(self) -> None:
        """Listen and send from now on; returns when the first LISTEN stands, or at once when the database is away."""
        self._loop = asyncio.get_running_loop()
        tried = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._keep("listen", lambda: self._listen(tried), tried)),
            asyncio.create_task(self._keep("send", self._send, asyncio.Event())),
        ]
        self._filled.set()
        await tried.wait()

    async def close(self) -> None:
        """As `Bus.close`, after giving what waits FLUSH_SECONDS to be sent."""
        await self._flush()
        with self._lock:
            self._loop = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._local.close()

    async def _flush(self) -> None:
        self._drained.clear()
        if not (self._outbox and self._tasks):
            return
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._drained.wait()
        except TimeoutError:
            _log.warning("bus: %d events were not sent before closing", len(self._outbox))

    async def _keep(self, what: str, work: Callable[[], Awaitable[None]], tried: asyncio.Event) -> None:
        """Do `work` again whenever its connection breaks, with doubling pauses while it keeps failing."""
        first, longest = self._retry
        pause = first
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await work()
            except (psycopg.Error, OSError) as error:
                _log.warning("bus: cannot %s (%s); trying again in %.1f s", what, type(error).__name__, pause)
            tried.set()
            lasted = asyncio.get_running_loop().time() - began
            pause = first if lasted > longest else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _listen(self, tried: asyncio.Event) -> None:
        async with await self._connect() as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            if tried.is_set():
                self._local.resync()
            tried.set()
            async for notify in connection.notifies():
                self._receive(notify.payload)

    def _receive(self, payload: str) -> None:
        decoded = decode(payload)
        if decoded is None:
            _log.warning("bus: a foreign message on the channel was ignored")
        elif decoded[0] != self._origin:
            self._local.deliver(decoded[1])

    async def _send(self) -> None:
        async with await self._connect() as connection:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._outbox:
                    payload = self._outbox[0]
                    await connection.execute("SELECT pg_notify(%s, %s)", (self._channel, payload))
                    self._sent(payload)

    def _sent(self, payload: str) -> None:
        """Take out what was sent, unless an overflow already did."""
        with self._lock:
            if self._outbox and self._outbox[0] is payload:
                self._outbox.popleft()
            if not self._outbox:
                self._drained.set()

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        self._filled.set()
        return await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, connect_timeout=5)
