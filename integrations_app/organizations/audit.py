"""The audit chain: who did what, each row signed together with the one before it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlmodel import Session, col

from integrations_app.kit.vault import SYSTEM_TENANT
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.models import AuditEvent
from integrations_app.organizations.permissions import Actor, system_actor

ANONYMOUS = Actor(SYSTEM_TENANT, "", "anonymous", "")
"""Somebody without a session; combine with `dataclasses.replace` to add the address."""
FIRST = ""
PAGE = 1000
TEXT_LIMIT = 300
MAX_LIMIT = 200
CURSOR_DIGITS = 15
WINDOW = timedelta(minutes=1)
MOST_KINDS = 4096
"""Of acts that are counted; beyond, those whose minute is over are forgotten with what was held back."""
_SIGNED = (
    "organization_id",
    "sequence",
    "at",
    "name",
    "actor_id",
    "actor",
    "subject",
    "address",
    "detail",
    "previous_mac",
)

Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show; an empty text means any. `name` may end in `.*` for a whole group of acts."""

    name: str = ""
    actor_id: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `next_cursor` is empty at the end."""

    items: list[AuditEvent]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: kept outside the database it shows that a tail was cut."""

    organization_id: str
    sequence: int
    mac: str


def record(  # noqa: PLR0913 - the columns of a row, by name
    session: Session,
    keyring: Keyring,
    actor: Actor | None,
    name: str,
    *,
    now: datetime,
    subject: str = "",
    detail: Detail | None = None,
    organization_id: str = "",
) -> int:
    """Write one act in the caller's transaction and return its sequence number.

    `actor` None means the product itself. The chain is the actor's organisation, or `organization_id`. Call it last
    in the transaction: on PostgreSQL it holds the organisation's chain until the commit. `detail` is small, JSON
    and without secrets (TypeError for a Secret); long texts are cut; the id of the API token that acted is added.
    Raises VaultSealed: no act without its record.
    """
    chain = organization_id or (actor.organization_id if actor else SYSTEM_TENANT)
    actor = actor or system_actor(chain)
    hold(session, f"audit:{chain}")
    last = head(session, chain)
    row: dict[str, Any] = {
        "organization_id": chain,
        "sequence": last.sequence + 1,
        "at": now,
        "name": name,
        "actor_id": actor.user_id,
        "actor": actor.email,
        "subject": subject,
        "address": actor.address,
        "detail": _plain({**(detail or {}), **({"token": actor.token_id} if actor.token_id else {})}),
        "previous_mac": last.mac,
    }
    row["mac"] = _sign(keyring, row)
    session.execute(insert(AuditEvent), [row])
    return last.sequence + 1


def head(session: Session, organization_id: str) -> Head:
    """The newest row of the chain; sequence 0 when there is none."""
    statement = (
        select(col(AuditEvent.sequence), col(AuditEvent.mac))
        .where(col(AuditEvent.organization_id) == organization_id)
        .order_by(col(AuditEvent.sequence).desc())
        .limit(1)
    )
    found = session.execute(statement).first()
    return Head(organization_id, found[0], found[1]) if found else Head(organization_id, 0, FIRST)


def verify(session: Session, keyring: Keyring, organization_id: str, known: Head | None = None) -> int | None:
    """The first bad sequence number of the chain, or None when it is whole.

    `known` is a head written down earlier outside the database: a chain that ends before it was cut.
    """
    expected, mac = 1, FIRST
    for sequence, row in _walk(session, organization_id):
        if sequence != expected:
            return expected
        if row is None or row["previous_mac"] != mac or row["mac"] != _sign(keyring, row):
            return sequence
        mac = row["mac"]
        if known and known.sequence == sequence and known.mac != mac:
            return sequence
        expected += 1
    return expected if known and known.sequence >= expected else None


def list_events(session: Session, organization_id: str, filters: Filters, cursor: str = "", limit: int = 50) -> Page:
    """Acts of the organisation that match, newest first; `cursor` is a former page's `next_cursor`."""
    if not (filters.name + filters.actor_id + filters.subject).isprintable():
        return Page([], "")  # no act is called that, and PostgreSQL refuses to look for a NUL
    limit = max(1, min(limit, MAX_LIMIT))
    statement = select(AuditEvent).where(col(AuditEvent.organization_id) == organization_id)
    if filters.name.endswith(".*"):
        statement = statement.where(col(AuditEvent.name).startswith(filters.name[:-1], autoescape=True))
    elif filters.name:
        statement = statement.where(col(AuditEvent.name) == filters.name)
    if filters.actor_id:
        statement = statement.where(col(AuditEvent.actor_id) == filters.actor_id)
    if filters.subject:
        statement = statement.where(col(AuditEvent.subject) == filters.subject)
    if filters.since:
        statement = statement.where(col(AuditEvent.at) >= filters.since)
    if filters.until:
        statement = statement.where(col(AuditEvent.at) < filters.until)
    if cursor.isdecimal() and len(cursor) <= CURSOR_DIGITS:
        statement = statement.where(col(AuditEvent.sequence) < int(cursor))
    rows = list(session.execute(statement.order_by(col(AuditEvent.sequence).desc()).limit(limit + 1)).scalars())
    return Page(rows[:limit], str(rows[limit - 1].sequence) if len(rows) > limit else "")


@dataclass
class Throttle:
    """Lets one act per kind and minute through and counts the rest, so that nobody can fill the chain from outside."""

    _seen: dict[str, datetime] = field(default_factory=dict)
    _held: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, name: str, now: datetime) -> int:
        """How many acts of this kind the row to write now stands for; 0 when none is to be written."""
        with self._lock:
            last = self._seen.get(name)
            if last is not None and abs(now - last) < WINDOW:
                self._held[name] = self._held.get(name, 0) + 1
                return 0
            if len(self._seen) >= MOST_KINDS:
                self._forget(now)
            self._seen[name] = now
            return self._held.pop(name, 0) + 1

    def take_back(self, name: str, count: int) -> None:
        """The row for so many acts could not be written: the next one stands for them, too."""
        with self._lock:
            self._seen.pop(name, None)
            self._held[name] = self._held.get(name, 0) + count

    def _forget(self, now: datetime) -> None:
        for name in [name for name, last in self._seen.items() if abs(now - last) >= WINDOW]:
            del self._seen[name]
            self._held.pop(name, None)


_throttle = Throttle()


def record_system(
    session: Session,
    keyring: Keyring,
    name: str,
    *,
    now: datetime,
    actor: Actor = ANONYMOUS,
    detail: Detail | None = None,
    throttle: Throttle = _throttle,
) -> bool:
    """Write an act that belongs to no organisation, at most one row per minute and kind; whether one was written.

    The row's `count` says how many it stands for, those held back since the last row included. Ask
    `Throttle.admit` first and call `record` where a flood must not even open a transaction.
    """
    count = throttle.admit(name, now)
    if not count:
        return False
    merged = {**(detail or {}), "count": count}
    record(session, keyring, actor, name, now=now, detail=merged, organization_id=SYSTEM_TENANT)
    return True


def _walk(session: Session, organization_id: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Every row by sequence; None for one whose values cannot even be read any more."""
    after: int | None = None
    while True:
        where = [col(AuditEvent.organization_id) == organization_id]
        if after is not None:
            where.append(col(AuditEvent.sequence) > after)
        numbers = select(col(AuditEvent.sequence)).where(*where).order_by(col(AuditEvent.sequence)).limit(PAGE)
        sequences = list(session.execute(numbers).scalars())
        if not sequences:
            return
        yield from _rows(session, organization_id, sequences)
        after = sequences[-1]


def _rows(
    session: Session, organization_id: str, sequences: Sequence[int]
) -> Iterator[tuple[int, dict[str, Any] | None]]:
    table = AuditEvent.metadata.tables["audit_event"]
    statement = (
        select(table)
        .where(table.c.organization_id == organization_id, table.c.sequence.between(sequences[0], sequences[-1]))
        .order_by(table.c.sequence)
    )
    try:
        rows = [dict(row) for row in session.execute(statement).mappings()]
    except ValueError:  # a value that is no longer JSON or no longer a time
        if len(sequences) == 1:
            yield sequences[0], None
            return
        middle = len(sequences) // 2
        yield from _rows(session, organization_id, sequences[:middle])
        yield from _rows(session, organization_id, sequences[middle:])
        return
    for row in rows:
        yield row["sequence"], row


def _sign(keyring: Keyring, row: Mapping[str, Any]) -> str:
    return keyring.mac("audit", orjson.dumps([row[name] for name in _SIGNED], option=orjson.OPT_SORT_KEYS))


def _plain(detail: Detail) -> dict[str, Any]:
    """A copy that is certain to be JSON, texts cut to TEXT_LIMIT."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps({key: _cut(value) for key, value in detail.items()}))
    return plain


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= TEXT_LIMIT else f"{value[:TEXT_LIMIT]}…"
    if isinstance(value, Mapping):
        return {key: _cut(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cut(inner) for inner in value]
    return value
