"""How far a newcomer has come: whether anything was built and run yet."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.models import Run, RunStatus, Workflow


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps after the first connection."""

    any_workflow: bool
    any_run: bool


async def first_progress(hub: Hub, actor: Actor) -> Progress:
    """Whether the organisation has a workflow, and a run that succeeded."""
    actor.require(Permission.VIEW)
    organization_id = actor.organization_id

    def read(session: Session) -> Progress:
        built = select(col(Workflow.id)).where(col(Workflow.organization_id) == organization_id).limit(1)
        ran = (
            select(col(Run.id))
            .where(col(Run.organization_id) == organization_id, col(Run.status) == RunStatus.SUCCEEDED.value)
            .limit(1)
        )
        return Progress(session.execute(built).first() is not None, session.execute(ran).first() is not None)

    return await hub.database.read(read)
