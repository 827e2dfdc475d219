"""Giving up: a run that cannot be executed at all ends as failed, instead of being tried for ever."""

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.checkpoints import ACTIVE, announcement
from integrations_app.workflows.models import Run, RunStatus, StepRun, StepStatus

CRASHED = "crashed"
_OPEN = (StepStatus.PENDING.value, StepStatus.RUNNING.value, StepStatus.WAITING.value, StepStatus.HELD.value)


async def give_up(hub: Hub, run_id: str, error: Exception, tries: int) -> None:
    """End the run as failed with code `crashed`; one that was to be cancelled is. An ended one stays as it is."""
    message = (
        f"The run could not be executed and was given up after {tries} tries ({type(error).__name__}): what is stored"
        " of it cannot be read, or the product has a fault; the log of the server says more."
    )

    def write(session: Session) -> None:
        with across_organizations("an engine knows a run only by its id"):
            row = session.scalars(select(Run).where(col(Run.id) == run_id).with_for_update()).one_or_none()
        if row is None or row.status not in ACTIVE:
            return
        row.ended_at, row.wake_at = hub.clock(), None
        if row.cancel_requested:
            row.status = RunStatus.CANCELLED.value
        else:
            row.status, row.error_code, row.error_message = RunStatus.FAILED.value, CRASHED, message
        session.add(row)
        end_steps(session, row, hub.clock())
        on_commit(session, announcement(hub, row.organization_id, "run", run_id))

    await hub.database.write(write)


def end_steps(session: Session, row: Run, now: datetime) -> None:
    """The steps under way end with their run."""
    mine = (col(StepRun.organization_id) == row.organization_id, col(StepRun.run_id) == row.id)
    statement = update(StepRun).where(*mine, col(StepRun.status).in_(_OPEN))
    session.execute(statement.values(status=StepStatus.CANCELLED.value, ended_at=now))
