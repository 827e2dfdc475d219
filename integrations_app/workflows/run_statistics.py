"""Run statistics: how many runs stand where, hour by hour, and how far the steps of a run have come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, case, func, select
from sqlmodel import Session

from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.models import Run, StepRun

HOURS = 24
_RUN = cast("Table", Run.__table__)  # type: ignore[attr-defined]
_STEP = cast("Table", StepRun.__table__)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class HourCount:
    """The runs that were created within one hour, by the status they have now."""

    begins_at: datetime
    by_status: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())


async def last_hours(hub: Hub, actor: Actor, hours: int = HOURS) -> tuple[HourCount, ...]:
    """The organisation's runs of the last `hours` clock hours (UTC), oldest hour first, the present one last."""
    actor.require(Permission.VIEW)
    now = hub.clock()
    return await hub.database.read(lambda session: count_by_hour(session, actor.organization_id, now, hours))


async def steps_by_status(hub: Hub, actor: Actor, run_ids: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """How many steps of each of these runs stand where: run id, then status, then a number."""
    actor.require(Permission.VIEW)
    wanted = tuple(run_ids)
    return await hub.database.read(lambda session: count_steps(session, actor.organization_id, wanted))


def count_by_hour(session: Session, organization_id: str, now: datetime, hours: int = HOURS) -> tuple[HourCount, ...]:
    """Count runs by the clock hour of their creation, and by status; an hour without runs is there and empty."""
    present = now.replace(minute=0, second=0, microsecond=0)
    begins = [present - timedelta(hours=back) for back in range(hours - 1, -1, -1)]
    # Compared with edges rather than cut by a date function: exact, and the same on every database and session zone.
    newest_first = [(_RUN.c.created_at >= at, position) for position, at in reversed(list(enumerate(begins)))]
    hour = case(*newest_first, else_=0).label("hour")
    found = select(hour, _RUN.c.status).where(
        _RUN.c.organization_id == organization_id, _RUN.c.created_at >= begins[0], _RUN.c.created_at <= now
    )
    rows = found.subquery()
    statement = select(rows.c.hour, rows.c.status, func.count()).group_by(rows.c.hour, rows.c.status)
    counted: dict[int, dict[str, int]] = {}
    for position, status, number in session.connection().execute(statement):
        counted.setdefault(int(position), {})[str(status)] = int(number)
    return tuple(HourCount(at, counted.get(position, {})) for position, at in enumerate(begins))


def count_steps(session: Session, organization_id: str, run_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """Count the steps of these runs by status; a run without steps is not in the answer."""
    wanted = list(run_ids)
    if not wanted:
        return {}
    statement = (
        select(_STEP.c.run_id, _STEP.c.status, func.count())
        .where(_STEP.c.organization_id == organization_id, _STEP.c.run_id.in_(wanted))
        .group_by(_STEP.c.run_id, _STEP.c.status)
    )
    counted: dict[str, dict[str, int]] = {}
    for run_id, status, number in session.connection().execute(statement):
        counted.setdefault(str(run_id), {})[str(status)] = int(number)
    return counted
