"""Rate budgets of connections: one for all workflows that use a connection, fed by the answers of the vendor.

Each process keeps the budgets of the connections it uses and asks them before a call leaves. What they learn is written
down now and then, and at once when calls have to wait: for the other processes, for a restart, and for people.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlmodel import Session

from integrations_app.connections.changes import announce
from integrations_app.connections.models import RateBucket
from integrations_app.connections.repository import Connections, RateBuckets
from integrations_app.errors import IntegrationsError, NotFound, RateLimited
from integrations_app.kit.db import Database, on_commit
from integrations_app.kit.rate_budget import BucketState, RateBudget, Reading
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.limits import Answered, Limits

_log = logging.getLogger(__name__)

SAVED_EVERY = timedelta(seconds=30)
"""What is only counted is written no more often than this."""
READ_EVERY = timedelta(seconds=30)
"""How old what another process has learnt may be."""
MOST_KEPT = 20_000
ON_THE_SPOT = 3.0
"""Seconds that a call waits here instead of being turned away."""


@dataclass(slots=True)
class _Kept:
    budget: RateBudget = field(default_factory=RateBudget)
    read_at: datetime | None = None
    saved_at: datetime | None = None
    saved: tuple[BucketState, ...] = ()
    saving: asyncio.Task[None] | None = None


class Budgets:
    """The budgets that one process keeps, by connection; the longest unused go first. One event loop only."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def of(self, organization_id: str, connection_id: str) -> _Kept:
        """The budget of a connection, a fresh one when nothing is known yet."""
        key = (organization_id, connection_id)
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept

    def forget(self, organization_id: str, connection_id: str) -> None:
        """The next account of this connection begins anew."""
        self._kept.pop((organization_id, connection_id), None)


_budgets: "WeakKeyDictionary[Database, Budgets]" = WeakKeyDictionary()


def budgets(hub: Hub) -> Budgets:
    """The budgets of this process for the hub's database."""
    found = _budgets.get(hub.database)
    if found is None:
        found = _budgets[hub.database] = Budgets()
    return found


def wants_reading(hub: Hub, organization_id: str, connection_id: str) -> bool:
    """Whether what is written down should be read again."""
    read_at = budgets(hub).of(organization_id, connection_id).read_at
    return read_at is None or not timedelta(0) <= hub.clock() - read_at < READ_EVERY


def restore(hub: Hub, organization_id: str, connection_id: str, states: tuple[BucketState, ...]) -> None:
    """Take over what was read."""
    kept = budgets(hub).of(organization_id, connection_id)
    for state in states:
        kept.budget.restore(state)
    kept.read_at = hub.clock()


def written_states(session: Session, organization_id: str, connection_id: str) -> tuple[BucketState, ...]:
    """What is written down of a connection's limits."""
    return tuple(state_of(row) for row in RateBuckets(session, organization_id).list_by_connection(connection_id))


def state_of(row: RateBucket) -> BucketState:
    """A row as the budget knows it."""
    return BucketState(row.bucket, row.most, row.remaining, row.resets_at, row.blocked_until)


@dataclass(frozen=True, slots=True)
class _Ticket:
    method: str
    url: str
    bucket: str


class BudgetWatch:
    """Looks on at the calls of one connection; satisfies `kit.egress.Watch`."""

    def __init__(self, hub: Hub, organization_id: str, connection_id: str, name: str, limits: Limits) -> None:
        self._hub = hub
        self._where = (organization_id, connection_id)
        self._name = name
        self._limits = limits
        self._last_bucket = ""
        self._told = False
        """Whether the refusal that ends the work has been taken over already."""

    async def before(self, method: str, url: str) -> _Ticket:
        """Raise RateLimited while the connection's calls of this kind have to wait.

        A moment is waited for on the spot: an action of several calls would never come to its last one otherwise,
        in the time when calls leave one after another.
        """
        bucket, budget = self._limits.bucket(method, url), budgets(self._hub).of(*self._where).budget
        now, waited = self._hub.clock(), 0.0
        while waits := budget.take(bucket, now + timedelta(seconds=waited)):
            if waited + waits > ON_THE_SPOT:
                self._told = True
                raise RateLimited(f"The calls that {self._name} may make are used up for now.", waits)
            await asyncio.sleep(waits)
            waited += waits
        self._last_bucket = bucket
        return _Ticket(method, url, bucket)

    def after(self, ticket: object, status: int | None, headers: Mapping[str, str]) -> None:
        """Take over what the answer says."""
        if not isinstance(ticket, _Ticket):
            raise TypeError("the ticket is one of `before`")
        now, reading = self._hub.clock(), None
        if status is not None:
            answered = Answered(ticket.method, ticket.url, ticket.bucket, status, headers, now)
            reading = self._limits.read(answered)
        budget = budgets(self._hub).of(*self._where).budget
        budget.give_back(ticket.bucket, answered=status is not None)
        if reading is not None:
            budget.tell(reading, now)
        self._told = reading is not None and reading.refused
        self._save(reading)

    def turned_away(self, after: float | None) -> None:
        """A refusal that only the body of the answer told."""
        if not self._told:
            reading = Reading(self._last_bucket, refused=True, pause=after)
            budgets(self._hub).of(*self._where).budget.tell(reading, self._hub.clock())
            self._save(reading)
        self._told = True

    def _save(self, reading: Reading | None) -> None:
        """Write down what is new, beside the work that brought it: it must not wait for it, nor fail with it."""
        kept = budgets(self._hub).of(*self._where)
        states, now = kept.budget.states(), self._hub.clock()
        if reading is None or states == kept.saved:
            return
        if not reading.refused and kept.saved_at is not None and now - kept.saved_at < SAVED_EVERY:
            return
        kept.saved, kept.saved_at = states, now
        task = asyncio.get_running_loop().create_task(_write_down(self._hub, *self._where, states))
        kept.saving = task
        self._hub.background.add(task)
        task.add_done_callback(self._hub.background.discard)


async def written(hub: Hub, organization_id: str, connection_id: str) -> None:
    """Return once what this process has learnt of a connection's limits is written down."""
    saving = budgets(hub).of(organization_id, connection_id).saving
    if saving is not None:
        await asyncio.wait({saving})


async def _write_down(hub: Hub, organization_id: str, connection_id: str, states: tuple[BucketState, ...]) -> None:
    def write(session: Session) -> None:
        try:
            Connections(session, organization_id).lock(connection_id)
        except NotFound:
            return  # a trial of what is not stored yet, or one that was removed meanwhile
        rows = RateBuckets(session, organization_id)
        for state in states:
            rows.put(_row(organization_id, connection_id, state, hub.clock()))
        announce(hub, session, organization_id, connection_id)

    try:
        await hub.database.write(write)
    except IntegrationsError as error:
        budgets(hub).of(organization_id, connection_id).saved = ()  # the next answer tries again
        _log.warning("what a vendor said of its limits could not be written down: %s", error.code)


def _row(organization_id: str, connection_id: str, state: BucketState, now: datetime) -> RateBucket:
    return RateBucket(
        organization_id=organization_id,
        connection_id=connection_id,
        bucket=state.bucket,
        most=state.most,
        remaining=state.remaining,
        resets_at=state.resets_at,
        blocked_until=state.blocked_until,
        told_at=now,
    )


def forget_budget(hub: Hub, session: Session, organization_id: str, connection_id: str) -> None:
    """The connection is cut, or is another account's from now on."""
    RateBuckets(session, organization_id).remove(connection_id)
    on_commit(session, lambda: budgets(hub).forget(organization_id, connection_id))
