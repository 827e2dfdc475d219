"""The scheduler: starts live workflows whose time has come, once per time; what was missed as the workflow says."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from integrations_app.errors import IntegrationsError, Unavailable
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.cron import Cron, Interval, parse_cron
from integrations_app.workflows.definition import RUN_ALL, RUN_ONCE, SKIP, parse
from integrations_app.workflows.deliveries import insert_run
from integrations_app.workflows.models import SCHEDULE_KEY, RunStatus, Workflow
from integrations_app.workflows.repository import Workflows

_log = logging.getLogger(__name__)
LOOK_SECONDS = 60.0
"""The longest sleep between two looks: the wall clock may jump."""
TROUBLE_SECONDS = 5.0
POSTPONED = timedelta(hours=1)
"""When a workflow that cannot be started is looked at again."""
BATCH = 100
LATE = timedelta(minutes=1)
"""So much later than its time a start counts as missed."""
MOST = 100
"""Missed times that are made up for at once; the oldest ones."""
WHY = "scheduler: schedules of every organisation fall due"


async def keep_schedule(hub: Hub, changed: asyncio.Event) -> None:
    """Start what is due, sleep until the next time, look again when `changed` is set; runs until cancelled."""
    while True:
        changed.clear()
        seconds = LOOK_SECONDS
        try:
            upcoming = await hub.database.write(lambda session: start_due(hub, session))
            if upcoming is not None:
                seconds = min(LOOK_SECONDS, max(0.0, (upcoming - hub.clock()).total_seconds()))
        except Unavailable:
            _log.warning("the schedule could not be read; looking again soon")
            seconds = 1.0
        except Exception:  # noqa: BLE001 - a fault of ours must not end the schedule of everybody
            _log.exception("the schedule could not be followed; looking again soon")
            seconds = TROUBLE_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()


def start_due(hub: Hub, session: Session) -> datetime | None:
    """Start every workflow that is due, in the caller's transaction; when the next one will be, if any."""
    now = hub.clock()
    with across_organizations(WHY):
        statement = select(Workflow).where(col(Workflow.next_run_at) <= now).order_by(col(Workflow.next_run_at))
        due = list(session.scalars(statement.limit(BATCH).with_for_update(skip_locked=True)))
    for row in due:
        _start_or_postpone(hub, session, row, now)
    session.flush()
    with across_organizations(WHY):
        return session.execute(select(func.min(Workflow.next_run_at))).scalar_one_or_none()


def _start_or_postpone(hub: Hub, session: Session, row: Workflow, now: datetime) -> None:
    """Start one that is due; what cannot be read of it is no reason to keep the others waiting."""
    try:
        with session.begin_nested():
            _start(hub, session, row, now)
    except (IntegrationsError, ValueError, LookupError, TypeError):
        _log.exception("the workflow %s could not be started by its schedule; trying again in an hour", row.id)
        row.next_run_at = now + POSTPONED


def _start(hub: Hub, session: Session, row: Workflow, now: datetime) -> None:
    due = row.next_run_at or now
    version = Workflows(session, row.organization_id).version(row.id, row.published_number or 0)
    if version is None or row.paused:
        row.next_run_at = None
        return
    config = parse(version.definition).trigger.config
    zone, cron = str(config.get("timezone", "UTC")), parse_cron(str(config["cron"]))
    for time in _times(cron, zone, due, now, str(config.get("missed", RUN_ONCE))):
        insert_run(hub, session, _run(hub, row, time, zone, now))
        row.last_run_at = now
    row.next_run_at = cron.after(max(now, due), zone)


def _times(cron: Cron | Interval, zone: str, due: datetime, now: datetime, missed: str) -> list[datetime]:
    """For which of the times up to `now` a run is started; `due` is the first of them."""
    if missed == SKIP:
        return [] if now - due >= LATE else [due]
    times = [due]
    while missed == RUN_ALL and len(times) < MOST:
        later = cron.after(times[-1], zone)
        if later is None or later > now:
            break
        times.append(later)
    return times


def _run(hub: Hub, row: Workflow, time: datetime, zone: str, now: datetime) -> dict[str, Any]:
    return {
        "organization_id": row.organization_id,
        "id": hub.new_id(),
        "workflow_id": row.id,
        "workflow_name": row.name,
        "version": row.published_number,
        "status": RunStatus.QUEUED.value,
        "reason": "",
        "error_code": "",
        "error_message": "",
        "trigger_payload": {"scheduled_at": time.isoformat(), "timezone": zone},
        "idempotency_key": f"{SCHEDULE_KEY}{time.isoformat()}",
        "cancel_requested": False,
        "created_at": now,
    }
