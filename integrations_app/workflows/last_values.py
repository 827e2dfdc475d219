"""What a workflow last worked on: the newest run's data, and the example of its trigger before there is a run."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.errors import NotFound
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import Definition
from integrations_app.workflows.models import Run, StepRun, StepStatus


def last_values(session: Session, organization_id: str, workflow_id: str) -> tuple[Any, dict[str, Any]]:
    """The newest run's payload (None without one) and its steps' outputs by key."""
    newest = (
        select(Run)
        .where(col(Run.organization_id) == organization_id, col(Run.workflow_id) == workflow_id)
        .order_by(col(Run.created_at).desc())
        .limit(1)
    )
    run = session.scalars(newest).first()
    if run is None:
        return None, {}
    steps = select(col(StepRun.step_key), col(StepRun.output)).where(
        col(StepRun.organization_id) == organization_id,
        col(StepRun.run_id) == run.id,
        col(StepRun.status) == StepStatus.SUCCEEDED.value,
    )
    return run.trigger_payload, _by_key(session.execute(steps.order_by(col(StepRun.position))))


def _by_key(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.step_key: row.output for row in rows}


def example_of(definition: Definition, registry: Registry) -> Mapping[str, Any]:
    """The example of the definition's trigger; empty for one that has none."""
    try:
        return registry.trigger(definition.trigger.type)[1].example
    except NotFound:
        return {}
