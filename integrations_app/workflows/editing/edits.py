"""Edits of drafts: each is one command applied to the newest draft, stored at once, and undone by its author."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from integrations_app.errors import Conflict, IntegrationsError, InvalidInput
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.definition import Definition, blank
from integrations_app.workflows.drafts import keep_draft, note, readable, require_version, saved, with_known_ids
from integrations_app.workflows.editing.commands import COMMANDS, Command, ReplaceAll, ReplaceStep, SetPart, apply
from integrations_app.workflows.editing.history import Edits
from integrations_app.workflows.editing.words import words_for
from integrations_app.workflows.models import DraftEdit, Workflow
from integrations_app.workflows.repository import Workflows
from integrations_app.workflows.views import SavedDraft


async def edit(hub: Hub, actor: Actor, workflow_id: str, command: Command) -> SavedDraft:
    """Apply a command to the draft as it is now, whoever changed it meanwhile.

    Two people's edits of different parts are both kept. Raises Conflict `changed_meanwhile` or `step_gone` when the
    part is not any more what the command's author saw, `key_taken`, `branch_gone`; InvalidInput with dotted fields
    (`template_invalid` when a template is none); NotFound, Forbidden. Nothing is stored then.
    """
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> SavedDraft:
        row = Workflows(session, actor.organization_id).lock(workflow_id)
        return _edit(hub, session, actor, row, command)

    return await hub.database.write(write)


async def undo(hub: Hub, actor: Actor, workflow_id: str) -> SavedDraft:
    """Take back the actor's newest edit of the draft; edits of others stay.

    Raises Conflict `nothing_to_undo`; `undo_refused` when somebody changed the same part since: the edit is then
    left as it is, and the one before it is next. NotFound, Forbidden.
    """
    return await _go(hub, actor, workflow_id, again=False)


async def redo(hub: Hub, actor: Actor, workflow_id: str) -> SavedDraft:
    """Do again what the actor undid last. Raises as `undo`, with `nothing_to_redo`."""
    return await _go(hub, actor, workflow_id, again=True)


async def save_draft(
    hub: Hub, actor: Actor, workflow_id: str, definition: Mapping[str, Any], draft_version: int
) -> SavedDraft:
    """Replace the draft that was read as `draft_version`.

    Raises Conflict `stale_version` when somebody saved meanwhile, NotFound, Forbidden, InvalidInput.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    parsed = readable(hub, definition)

    def write(session: Session) -> SavedDraft:
        row = Workflows(session, actor.organization_id).lock(workflow_id)
        require_version(row, draft_version)
        whole = with_known_ids(session, actor.organization_id, parsed).dump()
        return _edit(hub, session, actor, row, ReplaceAll(document=whole))

    return await hub.database.write(write)


async def rename(hub: Hub, actor: Actor, workflow_id: str, name: str) -> SavedDraft:
    """Give the workflow another name; raises NotFound, Forbidden, InvalidInput."""
    actor.require(Permission.EDIT_WORKFLOWS)
    wanted = blank(name).name

    def write(session: Session) -> SavedDraft:
        row = Workflows(session, actor.organization_id).lock(workflow_id)
        command = SetPart(target="", path=("name",), to=[wanted], was=[row.draft["name"]])
        return _edit(hub, session, actor, row, command)

    return await hub.database.write(write)


def _edit(hub: Hub, session: Session, actor: Actor, row: Workflow, command: Command) -> SavedDraft:
    before = dict(row.draft)
    changed, inverse = apply(before, command)
    if changed == before:
        return saved(hub, session, actor, row)
    parsed = readable(hub, changed)
    entry = DraftEdit(
        organization_id=actor.organization_id,
        workflow_id=row.id,
        number=0,
        user_id=actor.user_id,
        words=words_for(command, before),
        command=COMMANDS.dump_python(command, mode="json"),
        inverse=COMMANDS.dump_python(_as_stored(session, row, inverse, parsed), mode="json"),
        made_at=hub.clock(),
    )
    Edits(session, actor.organization_id, row.id).add(entry)
    return _store(hub, session, actor, row, parsed)


def _as_stored(session: Session, row: Workflow, inverse: Command, parsed: Definition) -> Command:
    """What undoes a replacement, as of somebody who saw what is stored of it: ids in place of names."""
    if isinstance(inverse, ReplaceAll | ReplaceStep):
        return inverse.after(with_known_ids(session, row.organization_id, parsed).dump())
    return inverse


def _store(hub: Hub, session: Session, actor: Actor, row: Workflow, parsed: Definition) -> SavedDraft:
    renamed = row.name != parsed.name
    row.draft_version += 1
    row.name, row.updated_at = parsed.name, hub.clock()
    keep_draft(session, row, parsed)
    made = saved(hub, session, actor, row)
    act, detail = ("workflow.renamed", {"name": parsed.name}) if renamed else ("workflow.saved", {})
    note(hub, session, actor, act, row.id, draft_version=row.draft_version, **detail)
    return made


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why an edit could not be taken back; returned, so that forgetting it is committed."""

    words: str
    error: IntegrationsError


async def _go(hub: Hub, actor: Actor, workflow_id: str, *, again: bool) -> SavedDraft:
    actor.require(Permission.EDIT_WORKFLOWS)
    done = await hub.database.write(lambda session: _step(hub, session, actor, workflow_id, again=again))
    if isinstance(done, _Refused):
        what = "done again" if again else "undone"
        raise Conflict("undo_refused", f"{done.words} cannot be {what}: {done.error.message}")
    return done


def _step(hub: Hub, session: Session, actor: Actor, workflow_id: str, *, again: bool) -> SavedDraft | _Refused:
    row = Workflows(session, actor.organization_id).lock(workflow_id)
    edits = Edits(session, actor.organization_id, row.id)
    entry = edits.undone(actor.user_id) if again else edits.newest(actor.user_id)
    if entry is None:
        code, words = ("nothing_to_redo", "do again") if again else ("nothing_to_undo", "undo")
        raise Conflict(code, f"There is nothing to {words}.")
    try:
        command = COMMANDS.validate_python(entry.command if again else entry.inverse)
        changed, back = apply(dict(row.draft), command)
        parsed = readable(hub, changed)
    except (Conflict, InvalidInput) as error:
        edits.remove(entry)
        return _Refused(entry.words, error)
    stored = COMMANDS.dump_python(back, mode="json")
    entry.undone = not again
    if again:
        entry.inverse = stored
    else:
        entry.command = stored
    session.add(entry)
    return _store(hub, session, actor, row, parsed)
