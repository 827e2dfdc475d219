"""Moves every workflow from one connection to another: drafts, live versions, and the runs that are held for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections.models import Connection
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import standing
from integrations_app.errors import Conflict, IntegrationsError
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.definition import Definition, parse
from integrations_app.workflows.drafts import note
from integrations_app.workflows.held import WAITS_FOR_CONNECTION, let_go
from integrations_app.workflows.models import ConnectionUse, Run, RunStatus, Workflow
from integrations_app.workflows.publishing import publish_definition
from integrations_app.workflows.references import connections_in, with_connection
from integrations_app.workflows.repository import Workflows

USABLE = frozenset({"connected", "error"})
"""Where a connection must stand for others' workflows to be moved to it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a move came to: ids of workflows, and why one was left as it was."""

    drafts: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    released: int = 0
    """Held runs that go on with the other connection."""
    left: int = 0
    """Held runs of versions with other steps than the live one: they still wait for the old connection."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Workflow -> the reason; its live version and its held runs still use the old connection."""


async def replace_connection(hub: Hub, actor: Actor, old_id: str, new_id: str) -> Replaced:
    """Let every workflow use the connection `new_id` in place of `old_id`, also with another account.

    Each live version gets a successor that differs in nothing else, each draft is rewritten, and runs of those that
    are held for the old connection go on from their step. One workflow that refuses does not stop the others; safe
    to repeat. Needs EDIT_WORKFLOWS. Raises NotFound, Conflict `connection_unsuitable`.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    ids = await hub.database.read(lambda session: _users(session, actor.organization_id, old_id, new_id))
    drafts, published, refused, released, left = [], [], {}, 0, 0
    for workflow_id in ids:
        try:
            if await _move_live(hub, actor, workflow_id, old_id, new_id):
                published.append(workflow_id)
        except IntegrationsError as error:
            refused[workflow_id] = str(error)
            continue
        moved, going, staying = await hub.database.write(_Move(hub, actor, workflow_id, old_id, new_id))
        drafts += [workflow_id] if moved else []
        released, left = released + going, left + staying
    done = Replaced(tuple(drafts), tuple(published), released, left, refused)
    await hub.database.write(lambda session: _audit(hub, session, actor, old_id, new_id, done))
    return done


def _users(session: Session, organization_id: str, old_id: str, new_id: str) -> list[str]:
    connections = Connections(session, organization_id)
    _require_suitable(connections.get(old_id), connections.get(new_id))
    statement = (
        select(col(ConnectionUse.workflow_id))
        .where(col(ConnectionUse.organization_id) == organization_id, col(ConnectionUse.connection_id) == old_id)
        .distinct()
        .order_by(col(ConnectionUse.workflow_id))
    )
    return list(session.scalars(statement))


def _require_suitable(old: Connection, new: Connection) -> None:
    if old.id == new.id or old.provider != new.provider:
        raise Conflict("connection_unsuitable", "Choose another connection of the same service.")
    if standing(new).value not in USABLE:
        raise Conflict("connection_unsuitable", f"{new.name} is not connected.")


async def _move_live(hub: Hub, actor: Actor, workflow_id: str, old_id: str, new_id: str) -> bool:
    """Give the live version a successor; False when there is none or it does not name the connection."""

    def read(session: Session) -> tuple[int, Definition | None]:
        workflows = Workflows(session, actor.organization_id)
        row = workflows.get(workflow_id)
        return row.draft_version, _live(workflows, row)

    draft_version, live = await hub.database.read(read)
    if live is None or old_id not in connections_in(live):
        return False
    await publish_definition(hub, actor, workflow_id, with_connection(live, old_id, new_id), draft_version)
    return True


def _live(workflows: Workflows, row: Workflow) -> Definition | None:
    live = workflows.version(row.id, row.published_number) if row.published_number else None
    return parse(live.definition) if live else None


@dataclass(frozen=True, slots=True)
class _Move:
    """One transaction: the draft, and the held runs that can go on with the other connection."""

    hub: Hub
    actor: Actor
    workflow_id: str
    old_id: str
    new_id: str

    def __call__(self, session: Session) -> tuple[bool, int, int]:
        """Whether the draft changed, how many runs go on, and how many stay held."""
        workflows = Workflows(session, self.actor.organization_id)
        row = workflows.lock(self.workflow_id)
        live, held = _live(workflows, row), self._held(session)
        going = [run.id for run in held if self._move_run(workflows, row, live, run)]
        session.flush()
        if going:
            let_go(self.hub, session, self.actor.organization_id, col(Run.id).in_(going))
        return self._move_draft(session, workflows, row), len(going), len(held) - len(going)

    def _held(self, session: Session) -> list[Run]:
        statement = select(Run).where(
            col(Run.organization_id) == self.actor.organization_id,
            col(Run.workflow_id) == self.workflow_id,
            col(Run.status) == RunStatus.HELD.value,
            col(Run.reason).in_(WAITS_FOR_CONNECTION),
            col(Run.held_connection_id) == self.old_id,
        )
        return list(session.scalars(statement))

    def _move_run(self, workflows: Workflows, row: Workflow, live: Definition | None, run: Run) -> bool:
        """A run of a draft takes its definition along; one of a version goes on as the version that is live now."""
        if run.version is None:
            run.definition = with_connection(parse(run.definition or {}), self.old_id, self.new_id).dump()
            return True
        former = workflows.version(self.workflow_id, run.version)
        moved = with_connection(parse(former.definition), self.old_id, self.new_id) if former else None
        if moved is None or live is None or moved.dump() != live.dump():
            return False
        run.version = row.published_number
        return True

    def _move_draft(self, session: Session, workflows: Workflows, row: Workflow) -> bool:
        draft = parse(row.draft)
        if self.old_id not in connections_in(draft):
            return False
        moved = with_connection(draft, self.old_id, self.new_id)
        row.draft, row.updated_at = moved.dump(), self.hub.clock()
        row.draft_version += 1
        session.add(row)
        session.flush()
        workflows.set_uses(row.id, connections_in(moved), live=False)
        note(self.hub, session, self.actor, "workflow.saved", row.id, draft_version=row.draft_version)
        return True


def _audit(hub: Hub, session: Session, actor: Actor, old_id: str, new_id: str, done: Replaced) -> None:
    detail = {
        "to": new_id,
        "drafts": len(done.drafts),
        "published": len(done.published),
        "released": done.released,
        "left": done.left,
        "refused": len(done.refused),
    }
    subject = f"connection:{old_id}"
    record(session, hub.keyring, actor, "connection.replaced", now=hub.clock(), subject=subject, detail=detail)
