"""The embedded engine: workers, timers and recovery inside one process, on the rows of its database."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from random import random as system_random

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, col

from integrations_app.errors import Unavailable
from integrations_app.kit.bus import RESYNC
from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.workflows.conduct import Conduct
from integrations_app.workflows.engine import attach, detach
from integrations_app.workflows.engine.sole import Sole, keep, sole
from integrations_app.workflows.execute import execute
from integrations_app.workflows.giving_up import give_up
from integrations_app.workflows.held import organizations_with_held, release_connected
from integrations_app.workflows.leaving import Next
from integrations_app.workflows.models import Run, RunStatus
from integrations_app.workflows.polling import go_on_connected, keep_polling
from integrations_app.workflows.schedule import keep_schedule

_log = logging.getLogger(__name__)

WORKERS = 64
SLICE_SECONDS = 2.0
"""After this long a run gives its worker to others that wait."""
GRACE_SECONDS = 10.0
TROUBLE_SECONDS = 1.0
MAX_TROUBLE_SECONDS = 30.0
MAX_FAULTS = 3
"""After so many tries that broke on a fault of ours, not on an outage, a run is given up."""
EVENTS_KEPT = 65536
_TOPIC_OF_ORGANIZATIONS = organization_topic("")


class EmbeddedEngine:
    """Executes the runs of one database with a bounded number of workers on one event loop.

    First come, first served; a run that takes long goes back to the end of the line at its next
    checkpoint. What is due later hangs on the loop's monotonic timers.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        workers: int = WORKERS,
        random: Callable[[], float] = system_random,
        crash_point: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._hub = hub
        self._limit = workers
        self._random = random
        self._crash_point = crash_point
        self._ready: deque[str] = deque()
        self._waiting: set[str] = set()
        self._again: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._reached: dict[str, datetime] = {}
        """Times that runs slept until by the loop's clock: the wall clock may have been set back meanwhile."""
        self._running: dict[str, asyncio.Task[None]] = {}
        self._trouble: dict[str, int] = {}
        self._faults: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._background: list[asyncio.Task[None]] = []
        self._schedule_changed = asyncio.Event()
        self._polls_changed = asyncio.Event()
        self._stopping = False
        self._conduct = Conduct(random, crash_point=crash_point)
        self._sole: Sole = sole(hub.database.url)

    @property
    def load(self) -> tuple[int, int]:
        """Runs being executed, and runs that wait for a worker."""
        return len(self._running), len(self._ready)

    @property
    def healthy(self) -> bool:
        """Whether it was started and everything it needs to find and execute runs is still at work."""
        return bool(self._background) and not self._stopping and not any(one.done() for one in self._background)

    async def start(self) -> None:
        """As `Engine.start`. Raises StartRefused `already_executing` beside another process that executes."""
        await asyncio.to_thread(self._sole.take)
        try:
            await self._begin()
        except BaseException:
            await self.stop()
            raise

    async def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        attach(self._hub.database, self)
        subscribed = asyncio.Event()
        self._background = [
            asyncio.create_task(keep(self._sole, self._surrender)),
            asyncio.create_task(self._listen(subscribed)),
            asyncio.create_task(keep_schedule(self._hub, self._schedule_changed)),
            asyncio.create_task(keep_polling(self._hub, self._polls_changed)),
        ]
        for background in self._background:
            background.add_done_callback(self._note_end)
        await subscribed.wait()
        for run_id, at in await self._hub.database.read(_unfinished):
            self._put(run_id, at)
        await self._release_everywhere()

    def enqueue(self, run_id: str, at: datetime | None = None, session: Session | None = None) -> None:
        """As `Engine.enqueue`."""
        if session is not None:
            on_commit(session, partial(self._hand_over, self._put, run_id, at))
        else:
            self._hand_over(self._put, run_id, at)

    def cancel(self, run_id: str) -> None:
        """As `Engine.cancel`."""
        self._hand_over(self._forget, run_id)

    async def stop(self) -> None:
        """As `Engine.stop`."""
        self._lay_down()
        for background in self._background:
            background.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.to_thread(self._sole.release)

    # --- everything below runs on the event loop -----------------------------------------------

    def _lay_down(self) -> None:
        """Take nothing up any more; what waits stays in its rows."""
        if not self._stopping:
            detach(self._hub.database)
        self._stopping = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._reached.clear()
        self._ready.clear()
        self._waiting.clear()

    def _surrender(self) -> None:
        """Another process executes these rows now: break off as a crash would, it knows what that leaves."""
        _log.critical("another process has begun to execute the runs of this database; this one executes no more")
        self._lay_down()
        for background in self._background:
            background.cancel()
        for task in self._running.values():
            task.cancel()

    def _note_end(self, background: "asyncio.Task[None]") -> None:
        """Its background works until the engine stops: an earlier end is a fault that somebody must hear of."""
        if not self._stopping and not background.cancelled():
            _log.critical("background work of the engine ended", exc_info=background.exception())

    def _hand_over(self, act: Callable[..., None], *given: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed() and not self._stopping:
            loop.call_soon_threadsafe(act, *given)

    def _put(self, run_id: str, at: datetime | None) -> None:
        """Queue the run now, or when its time comes. A run being executed is executed once more afterwards."""
        if self._stopping or self._loop is None:
            return
        timer = self._timers.pop(run_id, None)
        if timer is not None:
            timer.cancel()
        delay = (at - self._hub.clock()).total_seconds() if at is not None else 0.0
        if delay > 0:
            self._timers[run_id] = self._loop.call_later(delay, self._due, run_id, at)
        elif run_id in self._running:
            self._again.add(run_id)
        elif run_id not in self._waiting:
            self._waiting.add(run_id)
            self._ready.append(run_id)
            self._fill()

    def _due(self, run_id: str, at: datetime | None = None) -> None:
        self._timers.pop(run_id, None)
        if at is not None:
            self._reached[run_id] = at
        self._put(run_id, None)

    def _forget(self, run_id: str) -> None:
        timer = self._timers.pop(run_id, None)
        if timer is not None:
            timer.cancel()

    def _fill(self) -> None:
        while self._ready and len(self._running) < self._limit and not self._stopping:
            run_id = self._ready.popleft()
            self._waiting.discard(run_id)
            task = asyncio.create_task(self._work(run_id))
            self._running[run_id] = task
            task.add_done_callback(partial(self._done, run_id))

    def _done(self, run_id: str, task: "asyncio.Task[None]") -> None:
        self._running.pop(run_id, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a worker broke", exc_info=task.exception())
        if run_id in self._again:
            self._again.discard(run_id)
            self._put(run_id, None)
        self._fill()

    async def _work(self, run_id: str) -> None:
        began = time.monotonic()

        def should_yield() -> bool:
            return self._stopping or (bool(self._ready) and time.monotonic() - began > SLICE_SECONDS)

        reached = self._reached.pop(run_id, None)
        conduct = Conduct(self._random, should_yield, self._crash_point, self._conduct.definitions, reached)
        try:
            rest = await execute(self._hub, run_id, conduct)
        except (Unavailable, OperationalError, InterfaceError):
            self._later(run_id)
            return
        except Exception as error:  # noqa: BLE001 - the engine must outlive a fault of ours
            _log.exception("executing the run %s broke", run_id)
            await self._broke(run_id, error)
            return
        self._recovered(run_id)
        if rest.next is Next.AGAIN:
            self._again.add(run_id)
        elif rest.next is Next.AT and rest.at is not None:
            self._put(run_id, rest.at)

    async def _broke(self, run_id: str, error: Exception) -> None:
        """A fault of ours: the run is tried again, and given up when that helps nothing."""
        faults = self._faults[run_id] = self._faults.get(run_id, 0) + 1
        if faults < MAX_FAULTS:
            self._later(run_id)
            return
        try:
            await give_up(self._hub, run_id, error, faults)
        except Exception:  # noqa: BLE001 - the database is away, most likely
            _log.exception("the run %s could not be given up", run_id)
            self._later(run_id)
            return
        self._recovered(run_id)

    def _recovered(self, run_id: str) -> None:
        self._trouble.pop(run_id, None)
        self._faults.pop(run_id, None)

    def _later(self, run_id: str) -> None:
        """Storage or our own code failed outside a step: the run stays as it is and is tried again."""
        tries = self._trouble[run_id] = self._trouble.get(run_id, 0) + 1
        delay = min(TROUBLE_SECONDS * 2 ** min(tries - 1, 10), MAX_TROUBLE_SECONDS)
        if self._loop is not None and not self._stopping:
            self._forget(run_id)
            self._timers[run_id] = self._loop.call_later(delay, self._due, run_id)

    # --- connections that work again -----------------------------------------------------------

    async def _listen(self, subscribed: asyncio.Event) -> None:
        with self._hub.bus.subscribe("", EVENTS_KEPT) as events:
            subscribed.set()
            async for event in events:
                try:
                    if event.topic == RESYNC:
                        self._look_again()
                        await self._release_everywhere()
                    elif event.message.get("kind") == "workflow":
                        self._look_again()
                    elif event.message.get("kind") == "connection":
                        organization_id = event.topic.removeprefix(_TOPIC_OF_ORGANIZATIONS)
                        await release_connected(self._hub, organization_id)
                        await go_on_connected(self._hub, organization_id)
                        self._polls_changed.set()
                except Unavailable:
                    _log.warning("held runs could not be looked for; the next change of a connection looks again")
                except Exception:  # noqa: BLE001 - one bad message must not end the listening
                    _log.exception("a message of the bus could not be followed")

    def _look_again(self) -> None:
        """Workflows have changed: their schedules and polls may have, too."""
        self._schedule_changed.set()
        self._polls_changed.set()

    async def _release_everywhere(self) -> None:
        for organization_id in await self._hub.database.read(organizations_with_held):
            await release_connected(self._hub, organization_id)


def _unfinished(session: Session) -> list[tuple[str, datetime | None]]:
    """Every run that is not finished, oldest first, and when it is due."""
    statuses = (RunStatus.QUEUED.value, RunStatus.RUNNING.value, RunStatus.WAITING.value)
    with across_organizations("run recovery: a start takes up every unfinished run"):
        statement = (
            select(col(Run.id), col(Run.wake_at)).where(col(Run.status).in_(statuses)).order_by(col(Run.created_at))
        )
        return [(run_id, wake_at) for run_id, wake_at in session.execute(statement)]
