"""Calls about workflows: drafts saved, published, paused, resumed, deleted."""

from typing import Annotated, Any, Literal

from fastapi import Body, Header, Query
from pydantic import Field
from starlette.responses import Response

from integrations_app.errors import InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.web.api.answers import PublishedShown, SavedShown, WorkflowShown, WorkflowWhole
from integrations_app.web.api.calls import Asked, Call, Caller
from integrations_app.web.api.lists import Json, Listed, Paging, listed
from integrations_app.workflows import service
from integrations_app.workflows.problems import Problem
from integrations_app.workflows.views import SavedDraft

MAX_VERSION_DIGITS = 9
Definition = Annotated[dict[str, Any], Body()]
Version = Annotated[str, Header(alias="If-Match", description="The `draft_version` that was read.")]
IfVersion = Annotated[str | None, Header(alias="If-Match", description="Only while the draft is of this version.")]


class WorkflowsAsked(Paging):
    """Which workflows."""

    search: str = Field(default="", max_length=200, description="Part of the name or of a tag.")
    tag: str = Field(default="", max_length=200, description="With exactly this tag.")
    state: Literal["draft", "live", "paused"] | None = None


async def create_workflow(asked: Caller, definition: Definition) -> Response:
    """Make a workflow from its definition.

    It is a draft: `problems` names what is to be mended before it can be published.
    """
    return Json(_saved(await service.create(asked.hub, asked.actor, definition)), 201)


async def list_workflows(asked: Caller, ask: Annotated[WorkflowsAsked, Query()]) -> Response:
    """List workflows, newest first."""
    page = await service.list_by_organization(
        asked.hub,
        asked.actor,
        cursor=ask.after(),
        limit=ask.limit,
        search=ask.search,
        tag=ask.tag,
        state=ask.state or "",
    )
    return listed((row.as_dict() for row in page.items), page.next_cursor)


async def get_workflow(asked: Caller, workflow_id: str) -> Response:
    """Show a workflow.

    With its draft, its live version, and what is wrong with the draft. The ETag is the draft's version.
    """
    found = await service.get(asked.hub, asked.actor, workflow_id)
    shown = found.row.as_dict() | {
        "draft": found.draft,
        "live": found.live,
        "problems": [_problem(one) for one in found.problems],
    }
    return Json(shown, headers={"ETag": f'"{found.row.draft_version}"'})


async def save_workflow(asked: Caller, workflow_id: str, definition: Definition, if_match: Version) -> Response:
    """Save a draft.

    It replaces the one that was read as `If-Match`; `stale_version` when somebody saved meanwhile.
    """
    saved = await service.save_draft(asked.hub, asked.actor, workflow_id, definition, _version(if_match))
    return Json(_saved(saved))


async def delete_workflow(asked: Caller, workflow_id: str) -> Response:
    """Delete a workflow.

    What still runs is cancelled, the history of its runs stays.
    """
    await service.delete(asked.hub, asked.actor, workflow_id)
    return Response(status_code=204)


async def publish_workflow(asked: Caller, workflow_id: str, if_match: IfVersion = None) -> Response:
    """Publish a workflow.

    The draft becomes the live version, and its trigger listens from now on. `not_publishable` names the problems.
    """
    version = _version(if_match) if if_match is not None else None
    made = await service.publish(asked.hub, asked.actor, workflow_id, version)
    return Json({"id": made.id, "version": made.number, "endpoint_id": made.endpoint_id})


async def pause_workflow(asked: Caller, workflow_id: str) -> Response:
    """Pause a workflow.

    No more runs are started, and those that wait to begin are held.
    """
    await service.pause(asked.hub, asked.actor, workflow_id)
    return await _row(asked, workflow_id)


async def resume_workflow(asked: Caller, workflow_id: str) -> Response:
    """Resume a workflow.

    It may start again, and its held runs go on.
    """
    await service.resume(asked.hub, asked.actor, workflow_id)
    return await _row(asked, workflow_id)


EDIT = Permission.EDIT_WORKFLOWS
ONE = "/workflows/{workflow_id}"
CALLS = (
    Call("POST", "/workflows", create_workflow, EDIT, SavedShown, 201),
    Call("GET", "/workflows", list_workflows, Permission.VIEW, Listed[WorkflowShown]),
    Call("GET", ONE, get_workflow, Permission.VIEW, WorkflowWhole),
    Call("PUT", ONE, save_workflow, EDIT, SavedShown, refusals=(409,)),
    Call("DELETE", ONE, delete_workflow, EDIT, None, 204, refusals=(409, 502)),
    Call("POST", f"{ONE}/publish", publish_workflow, EDIT, PublishedShown, refusals=(409, 502)),
    Call("POST", f"{ONE}/pause", pause_workflow, EDIT, WorkflowShown, refusals=(409,)),
    Call("POST", f"{ONE}/resume", resume_workflow, EDIT, WorkflowShown, refusals=(409,)),
)


async def _row(asked: Asked, workflow_id: str) -> Response:
    return Json((await service.get(asked.hub, asked.actor, workflow_id)).row.as_dict())


def _saved(saved: SavedDraft) -> dict[str, Any]:
    problems = [_problem(one) for one in saved.problems]
    return {"id": saved.id, "draft_version": saved.draft_version, "problems": problems}


def _problem(one: Problem) -> dict[str, Any]:
    return {"path": one.path, "code": one.code, "message": one.message, "severity": str(one.severity)}


def _version(given: str) -> int:
    """The number in an If-Match header, bare or as the ETag that we gave."""
    number = given.strip().removeprefix('"').removesuffix('"')
    if not (number.isascii() and number.isdecimal() and len(number) <= MAX_VERSION_DIGITS):
        raise InvalidInput({"If-Match": "is not a draft_version"})
    return int(number)
