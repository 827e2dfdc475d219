"""Drafts: workflows created, listed, edited, renamed and copied; nothing here reaches a vendor."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from integrations_app.connections.repository import Connections
from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.db import on_commit
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows import app_feeds
from integrations_app.workflows.checkpoints import announcement
from integrations_app.workflows.definition import Definition, blank, parse
from integrations_app.workflows.editing.history import Edits
from integrations_app.workflows.models import Workflow
from integrations_app.workflows.problems import KnownConnection, Problem, problems, template_problems
from integrations_app.workflows.references import connections_in, with_ids
from integrations_app.workflows.repository import Workflows, known, known_endpoints
from integrations_app.workflows.tag_rows import tags_of
from integrations_app.workflows.views import Page, SavedDraft, WorkflowDetail, WorkflowRow, workflow_row

NAME_LIMIT = 200


async def create(hub: Hub, actor: Actor, definition: Mapping[str, Any] | str, *, origin: str = "") -> SavedDraft:
    """Create a workflow from a definition, or a blank one with the given name; `origin` says whence, for the audit.

    Raises Forbidden; InvalidInput with dotted fields (`template_invalid` when a template is none).
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    parsed = blank(definition) if isinstance(definition, str) else readable(hub, definition)
    now, workflow_id = hub.clock(), hub.new_id()

    def write(session: Session) -> SavedDraft:
        row = Workflow(
            organization_id=actor.organization_id,
            id=workflow_id,
            name=parsed.name,
            created_by=actor.user_id,
            created_at=now,
            updated_at=now,
        )
        Workflows(session, actor.organization_id).add(row)
        keep_draft(session, row, parsed)
        told = {"origin": origin} if origin else {}
        note(hub, session, actor, "workflow.created", workflow_id, name=parsed.name, **told)
        return saved(hub, session, actor, row)

    return await hub.database.write(write)


async def duplicate(hub: Hub, actor: Actor, workflow_id: str) -> SavedDraft:
    """Copy the draft into a new, unpublished workflow; raises NotFound, Forbidden."""
    actor.require(Permission.EDIT_WORKFLOWS)
    draft = (await get(hub, actor, workflow_id)).draft
    copy = {**draft, "name": f"{str(draft['name'])[: NAME_LIMIT - 7]} (copy)"}
    return await create(hub, actor, copy)


async def get(hub: Hub, actor: Actor, workflow_id: str) -> WorkflowDetail:
    """The workflow with its draft, its live version and the draft's problems; raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> WorkflowDetail:
        workflows = Workflows(session, actor.organization_id)
        row = workflows.get(workflow_id)
        live = workflows.version(workflow_id, row.published_number) if row.published_number else None
        named = workflows.connections_of([workflow_id]).get(workflow_id, ())
        failed = _trigger_errors(hub, session, actor, [workflow_id]).get(workflow_id, "")
        kept = saved(hub, session, actor, row)
        shown = workflow_row(row, named, failed, tags_of(session, actor.organization_id, [workflow_id])[workflow_id])
        return WorkflowDetail(shown, row.draft, live.definition if live else None, kept.problems, kept.history)

    return await hub.database.read(read)


async def list_by_organization(
    hub: Hub, actor: Actor, *, cursor: str = "", limit: int = 50, search: str = "", tag: str = "", state: str = ""
) -> Page[WorkflowRow]:
    """The organisation's workflows that match, newest first, with the health of their connections.

    `search` is part of the name or of a tag, `state` is `draft`, `live` or `paused`.
    """
    actor.require(Permission.VIEW)

    def read(session: Session) -> Page[WorkflowRow]:
        workflows = Workflows(session, actor.organization_id)
        rows, next_cursor = workflows.list_page(cursor, limit, search=search, tag=tag, state=state)
        ids = [row.id for row in rows]
        named, failed = workflows.connections_of(ids), _trigger_errors(hub, session, actor, ids)
        tags = tags_of(session, actor.organization_id, ids)
        shown = (workflow_row(row, named.get(row.id, ()), failed.get(row.id, ""), tags[row.id]) for row in rows)
        return Page(tuple(shown), next_cursor)

    return await hub.database.read(read)


def _trigger_errors(hub: Hub, session: Session, actor: Actor, ids: list[str]) -> dict[str, str]:
    """Why live workflows hear nothing, by their ids."""
    organization_id = actor.organization_id
    by_looks = Workflows(session, organization_id).trigger_errors(ids)
    return {**by_looks, **app_feeds.troubles(session, organization_id, ids, hub.clock())}


def require_version(row: Workflow, draft_version: int) -> None:
    """Raise Conflict `stale_version` when the draft is not the one that was read."""
    if row.draft_version != draft_version:
        raise Conflict("stale_version", "Somebody else changed this workflow meanwhile. Load it again.")


def find_problems(hub: Hub, session: Session, organization_id: str, definition: Definition) -> tuple[Problem, ...]:
    """The definition's problems against what the organisation has."""
    endpoints = known_endpoints(session, organization_id)
    return tuple(problems(definition, hub.registry, known_connections(session, organization_id), endpoints))


def known_connections(session: Session, organization_id: str) -> list[KnownConnection]:
    """What validation may know of the organisation's connections."""
    return [known(row) for row in Connections(session, organization_id).list_all()]


def note(hub: Hub, session: Session, actor: Actor, name: str, workflow_id: str, /, **detail: Any) -> None:
    """Audit an act on a workflow and announce it. Call it last in the transaction."""
    on_commit(session, announcement(hub, actor.organization_id, "workflow", workflow_id))
    record(
        session, hub.keyring, actor, name, now=hub.clock(), subject=f"workflow:{workflow_id}", detail=detail
    )  # fmt: skip


def readable(hub: Hub, raw: Mapping[str, Any]) -> Definition:
    """A definition whose every template can be parsed; raises InvalidInput, `template_invalid` for one that cannot."""
    parsed = parse(raw)
    wrong = template_problems(parsed, hub.registry)
    if wrong:
        raise InvalidInput(wrong, "", "template_invalid")
    return parsed


def with_known_ids(session: Session, organization_id: str, parsed: Definition) -> Definition:
    """The definition with ids in place of names that the organisation knows."""
    endpoints = known_endpoints(session, organization_id)
    return with_ids(parsed, known_connections(session, organization_id), endpoints)


def keep_draft(session: Session, row: Workflow, parsed: Definition) -> None:
    """Store the draft with ids in place of names, and which connections it names."""
    resolved = with_known_ids(session, row.organization_id, parsed)
    row.draft = resolved.dump()
    session.add(row)
    session.flush()
    Workflows(session, row.organization_id).set_uses(row.id, connections_in(resolved), live=False)


def saved(hub: Hub, session: Session, actor: Actor, row: Workflow) -> SavedDraft:
    """The draft as it is stored now, with its problems and what the actor can undo in it."""
    found = find_problems(hub, session, row.organization_id, parse(row.draft))
    history = Edits(session, row.organization_id, row.id).history(actor.user_id)
    return SavedDraft(row.id, row.draft_version, found, dict(row.draft), history)
