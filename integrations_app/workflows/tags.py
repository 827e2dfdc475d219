"""Tags: words that people sort workflows by; what a workflow does is not touched by them."""

from collections.abc import Iterable

from sqlmodel import Session

from integrations_app.errors import InvalidInput
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.drafts import note
from integrations_app.workflows.repository import Workflows
from integrations_app.workflows.tag_rows import every_tag, replace_tags, tags_of

MOST = 10
LONGEST = 40


async def list_tags(hub: Hub, actor: Actor) -> tuple[str, ...]:
    """The tags that the organisation's workflows have, in alphabetical order."""
    actor.require(Permission.VIEW)
    return await hub.database.read(lambda session: every_tag(session, actor.organization_id))


async def set_tags(hub: Hub, actor: Actor, workflow_id: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Give a workflow these tags and no others; returns them as they are kept: lower case, each once.

    Raises NotFound, Forbidden; InvalidInput for more than ten, for one of more than 40 characters, with a comma or
    with what cannot be read.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    wanted = _readable(tags)

    def write(session: Session) -> None:
        Workflows(session, actor.organization_id).lock(workflow_id)
        if tags_of(session, actor.organization_id, [workflow_id])[workflow_id] == wanted:
            return
        replace_tags(session, actor.organization_id, workflow_id, wanted)
        note(hub, session, actor, "workflow.tagged", workflow_id, tags=list(wanted))

    await hub.database.write(write)
    return wanted


def _readable(tags: Iterable[str]) -> tuple[str, ...]:
    found = {" ".join(tag.lower().split()) for tag in tags} - {""}
    if len(found) > MOST:
        raise InvalidInput({"tags": f"are at most {MOST}"})
    for tag in found:
        if len(tag) > LONGEST or "," in tag or not tag.isprintable():
            raise InvalidInput({"tags": f"have at most {LONGEST} readable characters each, and no comma"})
    return tuple(sorted(found))
