"""How long runs and events are kept: chosen per organisation, applied by a sweep in small transactions."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import CursorResult, Select, delete, func, or_, select, update
from sqlmodel import Session, col

from integrations_app.errors import InvalidInput
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission, system_actor
from integrations_app.workflows.models import Event, PollState, RetentionRow, Run, RunStatus, StepRun

CHOICES = (0, 7, 14, 30, 90, 180, 365)
"""Days; 0 is for ever. No fewer than 7: an event that is gone is not known any more when its sender repeats it."""
AT_ONCE = 200
"""Rows of one transaction: others write in between."""
LIVELY = timedelta(days=1)
FINISHED = (RunStatus.SUCCEEDED.value, RunStatus.FAILED.value, RunStatus.CANCELLED.value)


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that are kept; 0 is for ever."""

    run_days: int = 0
    event_days: int = 0


@dataclass(frozen=True, slots=True)
class Old:
    """How much is older than is kept."""

    runs: int = 0
    events: int = 0


async def load_retention(hub: Hub, actor: Actor) -> Retention:
    """What the organisation keeps. Raises Forbidden."""
    actor.require(Permission.MANAGE_MEMBERS)
    return await hub.database.read(lambda session: _kept(session, actor.organization_id))


async def count_old(hub: Hub, actor: Actor, wanted: Retention) -> Old:
    """How much would be deleted if this were kept from now on. Raises Forbidden."""
    actor.require(Permission.MANAGE_MEMBERS)

    runs = _old_runs(actor.organization_id, _before(hub, wanted.run_days))
    events = _old_events(actor.organization_id, _before(hub, wanted.event_days))

    def count(session: Session, found: Select[Any] | None) -> int:
        if found is None:
            return 0
        return int(session.execute(select(func.count()).select_from(found.order_by(None).subquery())).scalar_one())

    def read(session: Session) -> Old:
        return Old(count(session, runs), count(session, events))

    return await hub.database.read(read)


async def set_retention(hub: Hub, actor: Actor, wanted: Retention) -> None:
    """Keep so many days from now on; audited. Raises Forbidden, InvalidInput for days that are no choice."""
    actor.require(Permission.MANAGE_MEMBERS)
    wrong = {name: "is none of the choices" for name, days in asdict(wanted).items() if days not in CHOICES}
    if wrong:
        raise InvalidInput(wrong)

    def write(session: Session) -> None:
        row = session.get(RetentionRow, actor.organization_id) or RetentionRow(organization_id=actor.organization_id)
        row.run_days, row.event_days = wanted.run_days, wanted.event_days
        session.add(row)
        detail = asdict(wanted)
        record(session, hub.keyring, actor, "retention.changed", now=hub.clock(), subject="organization", detail=detail)

    await hub.database.write(write)


async def delete_old(hub: Hub) -> int:
    """The sweep over every organisation: delete finished runs and events that are kept no longer; returns how many.

    Runs that wait, are held or go on are left alone, and so are their events.
    """
    if hub.keyring.sealed:
        return 0
    deleted = 0
    for organization_id in await hub.database.read(_those_who_delete):
        deleted += await _sweep(hub, organization_id)
    return deleted


def _those_who_delete(session: Session) -> list[str]:
    with across_organizations("the sweep of old runs and events visits every organisation"):
        chosen = or_(col(RetentionRow.run_days) > 0, col(RetentionRow.event_days) > 0)
        return list(session.scalars(select(col(RetentionRow.organization_id)).where(chosen)))


async def _sweep(hub: Hub, organization_id: str) -> int:
    counted = {"runs": 0, "events": 0}
    for name, act in (("runs", _delete_runs), ("events", _delete_events)):
        while gone := await hub.database.write(partial(act, hub, organization_id)):
            counted[name] += gone
    if any(counted.values()):

        def tell(session: Session) -> None:
            actor, now = system_actor(organization_id), hub.clock()
            record(session, hub.keyring, actor, "retention.applied", now=now, subject="organization", detail=counted)

        await hub.database.write(tell)
    return sum(counted.values())


def _delete_runs(hub: Hub, organization_id: str, session: Session) -> int:
    found = _old_runs(organization_id, _before(hub, _kept(session, organization_id).run_days))
    ids = list(session.scalars(found.limit(AT_ONCE))) if found is not None else []
    if ids:
        mine, theirs = col(StepRun.organization_id) == organization_id, col(Run.organization_id) == organization_id
        session.execute(delete(StepRun).where(mine, col(StepRun.run_id).in_(ids)))
        session.execute(delete(Run).where(theirs, col(Run.id).in_(ids)))
    return len(ids)


def _delete_events(hub: Hub, organization_id: str, session: Session) -> int:
    found = _old_events(organization_id, _before(hub, _kept(session, organization_id).event_days))
    ids = list(session.scalars(found.limit(AT_ONCE))) if found is not None else []
    if not ids:
        return 0
    runs = (col(Run.organization_id) == organization_id, col(Run.event_id).in_(ids))
    session.execute(update(Run).where(*runs).values(event_id=None))
    mine = (col(Event.organization_id) == organization_id, col(Event.id).in_(ids))
    gone: CursorResult[Any] = session.execute(delete(Event).where(*mine))  # type: ignore[assignment]
    return gone.rowcount


def _kept(session: Session, organization_id: str) -> Retention:
    row = session.get(RetentionRow, organization_id)
    return Retention(row.run_days, row.event_days) if row else Retention()


def _before(hub: Hub, days: int) -> datetime | None:
    return hub.clock() - timedelta(days=days) if days else None


def _old_runs(organization_id: str, before: datetime | None) -> Select[Any] | None:
    """Ids of finished runs that ended before, the oldest first."""
    if before is None:
        return None
    mine = (col(Run.organization_id) == organization_id, col(Run.created_at) < before, col(Run.ended_at) < before)
    return select(col(Run.id)).where(*mine, col(Run.status).in_(FINISHED)).order_by(col(Run.created_at))


def _old_events(organization_id: str, before: datetime | None) -> Select[Any] | None:
    """Ids of events that came before and of which no run that goes on was made, the oldest first."""
    if before is None:
        return None
    needed = (
        select(col(Run.id))
        .where(
            col(Run.organization_id) == organization_id,
            col(Run.event_id) == col(Event.id),
            col(Run.status).not_in(FINISHED),
        )
        .exists()
    )
    # A poll that stands still brings its overlap again when it goes on: what it brought before must be known then.
    stalled = (
        select(col(PollState.endpoint_id))
        .where(
            col(PollState.organization_id) == organization_id,
            col(PollState.endpoint_id) == col(Event.endpoint_id),
            or_(col(PollState.polled_at).is_(None), col(PollState.polled_at) < before + LIVELY),
        )
        .exists()
    )
    mine = (col(Event.organization_id) == organization_id, col(Event.received_at) < before)
    return select(col(Event.id)).where(*mine, ~needed, ~stalled).order_by(col(Event.received_at))
