"""Rows of tags, always of one organisation."""

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select
from sqlmodel import Session, col

from integrations_app.workflows.models import WorkflowTag


def tags_of(session: Session, organization_id: str, workflow_ids: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The tags of each of the workflows, in alphabetical order; none for one without."""
    listed = list(workflow_ids)
    statement = (
        select(WorkflowTag)
        .where(col(WorkflowTag.organization_id) == organization_id, col(WorkflowTag.workflow_id).in_(listed))
        .order_by(col(WorkflowTag.workflow_id), col(WorkflowTag.tag))
    )
    found: dict[str, list[str]] = {workflow_id: [] for workflow_id in listed}
    for row in session.scalars(statement):
        found[row.workflow_id].append(row.tag)
    return {workflow_id: tuple(sorted(tags)) for workflow_id, tags in found.items()}


def every_tag(session: Session, organization_id: str) -> tuple[str, ...]:
    """The tags in use, in alphabetical order."""
    statement = select(col(WorkflowTag.tag)).where(col(WorkflowTag.organization_id) == organization_id).distinct()
    return tuple(sorted(session.scalars(statement)))


def replace_tags(session: Session, organization_id: str, workflow_id: str, tags: Iterable[str]) -> None:
    """Keep exactly these."""
    session.execute(
        delete(WorkflowTag).where(
            col(WorkflowTag.organization_id) == organization_id, col(WorkflowTag.workflow_id) == workflow_id
        )
    )
    session.add_all(
        WorkflowTag(organization_id=organization_id, workflow_id=workflow_id, tag=tag) for tag in sorted(set(tags))
    )
    session.flush()
