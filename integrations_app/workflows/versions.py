"""Versions of a workflow: listed, compared in words with the draft or with each other, and restored as the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.errors import NotFound
from integrations_app.kit.redact import Redactor
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.changes import ABSENT, Change, Kind, Part, changes
from integrations_app.workflows.definition import parse
from integrations_app.workflows.drafts import known_connections
from integrations_app.workflows.editing.commands import TRIGGER, ReplaceAll
from integrations_app.workflows.editing.edits import edit
from integrations_app.workflows.masking import redactor_of
from integrations_app.workflows.models import WorkflowVersion
from integrations_app.workflows.repository import Workflows
from integrations_app.workflows.views import SavedDraft

LISTED = 50
SHOWN_CHARS = 160
NOTHING, HIDDEN = "nothing", "hidden"
_MIDDLE = frozenset({"inputs", "config"})


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version."""

    number: int
    published_at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class PartWords:
    """One part that is another now, for people; secrets are masked."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """One change, for people."""

    kind: Kind
    words: str
    parts: tuple[PartWords, ...] = ()


async def list_versions(hub: Hub, actor: Actor, workflow_id: str) -> tuple[VersionRow, ...]:
    """The newest 50 versions, newest first. Raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> tuple[VersionRow, ...]:
        row = Workflows(session, actor.organization_id).get(workflow_id)
        statement = select(col(WorkflowVersion.number), col(WorkflowVersion.published_at)).where(
            col(WorkflowVersion.organization_id) == actor.organization_id,
            col(WorkflowVersion.workflow_id) == workflow_id,
        )
        newest = session.execute(statement.order_by(col(WorkflowVersion.number).desc()).limit(LISTED))
        return tuple(VersionRow(number, at, number == row.published_number) for number, at in newest)

    return await hub.database.read(read)


async def changes_since(
    hub: Hub, actor: Actor, workflow_id: str, number: int, until: int | None = None
) -> tuple[ChangeWords, ...]:
    """What the draft, or the version `until`, says that the version `number` does not, in words. Raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> tuple[ChangeWords, ...]:
        workflows = Workflows(session, actor.organization_id)
        draft = workflows.get(workflow_id).draft
        after = parse(draft).dump() if until is None else _definition(workflows, workflow_id, until)
        names = {one.id: one.name for one in known_connections(session, actor.organization_id)}
        found = changes(_definition(workflows, workflow_id, number), after)
        return tuple(_told(one, names, redactor_of(hub.registry)) for one in found)

    return await hub.database.read(read)


async def restore(hub: Hub, actor: Actor, workflow_id: str, number: int) -> SavedDraft:
    """Put a version in the draft's place, as one edit that can be undone. Raises NotFound, Forbidden, InvalidInput."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def read(session: Session) -> dict[str, Any]:
        workflows = Workflows(session, actor.organization_id)
        workflows.get(workflow_id)
        return _definition(workflows, workflow_id, number)

    return await edit(hub, actor, workflow_id, ReplaceAll(document=await hub.database.read(read)))


def _definition(workflows: Workflows, workflow_id: str, number: int) -> dict[str, Any]:
    version = workflows.version(workflow_id, number)
    if version is None:
        raise NotFound("There is no such version.")
    return parse(version.definition).dump()


def _told(change: Change, names: Mapping[str, str], redactor: Redactor) -> ChangeWords:
    if change.key == "":
        words = "Workflow renamed"
    elif change.key == TRIGGER:
        words = "Trigger changed"
    else:
        words = f"Step {change.title} {change.kind}"
    parts = () if change.kind is Kind.ADDED else tuple(_part(one, names, redactor) for one in change.parts)
    return ChangeWords(change.kind, words, parts)


def _part(part: Part, names: Mapping[str, str], redactor: Redactor) -> PartWords:
    label = " ".join(name for name in part.path if name not in _MIDDLE).replace("_", " ")
    before, after = (_value(part.path[-1], one, names, redactor) for one in (part.before, part.after))
    return PartWords(label, before, after if after != before else f"{after} ({HIDDEN} change)")


def _value(name: str, value: Any, names: Mapping[str, str], redactor: Redactor) -> str:
    if value is ABSENT:
        return NOTHING
    shown = redactor.scrub_value({name: names.get(value, value) if isinstance(value, str) else value})
    masked = shown.get(name) if isinstance(shown, dict) else None
    text = masked if isinstance(masked, str) else orjson.dumps(masked).decode()
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
