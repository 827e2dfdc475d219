"""Workflows of GitHub Actions: started, and their runs read, cancelled, run again."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from github import Github, GithubException
from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.github import choices
from integrations_app.providers.github.actions.fields import (
    IN_REPOSITORY,
    SCOPES,
    Branch,
    InRepository,
    Limit,
    place,
    segment,
)
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.find import since
from integrations_app.providers.github.names import repository_of
from integrations_app.providers.github.rest import call, change_unless, get, items, present
from integrations_app.providers.github.results import Done, Kept, WorkflowRun
from integrations_app.providers.github.workflow_inputs import check_inputs, declared_inputs, list_inputs
from integrations_app.sdk.actions import Effect, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Json

INPUTS_LIMIT = 25
PROPERTIES_LIMIT = 10


class DispatchWorkflow(InRepository):
    """Which workflow to start, where, and with what."""

    workflow: Annotated[str, Choices(choices.list_workflows, IN_REPOSITORY)] = Field(
        title="Workflow", min_length=1, description="The file's name, such as deploy.yml, or the workflow's number."
    )
    ref: Annotated[str, Choices(choices.list_branches, IN_REPOSITORY)] = Field(title="Branch or tag", min_length=1)
    inputs: Annotated[dict[str, str], Choices(list_inputs, ("repository", "workflow", "ref"))] = Field(
        default={}, title="Inputs", description="As the workflow file declares them."
    )


class ListWorkflowRuns(InRepository):
    """Which runs to read."""

    workflow: Annotated[str, Choices(choices.list_workflows, IN_REPOSITORY)] = Field(
        default="", title="Workflow", description="When empty, the runs of all."
    )
    branch: Branch = Field(default="", title="Branch")
    event: str = Field(default="", title="Event", description="What started it, such as push.")
    status: Literal["", "queued", "in_progress", "completed", "success", "failure", "cancelled"] = Field(
        default="", title="Status"
    )
    limit: Limit = 30


class OnRun(InRepository):
    """A run."""

    run_id: int = Field(title="Run's number", ge=1, description="The id of a run, as triggers and lists give it.")


class Rerun(OnRun):
    """What to run again."""

    only_failed: bool = Field(default=False, title="Only the jobs that failed")


class RepositoryDispatch(InRepository):
    """What to tell the workflows that listen to `repository_dispatch`."""

    event_type: str = Field(title="Event type", min_length=1, max_length=100)
    client_payload: Annotated[dict[str, Any], Json()] = Field(
        default={}, title="Payload", description="An object with at most 10 members."
    )


class Dispatch(Result):
    """A started workflow; the run's identifiers when GitHub tells them."""

    accepted: bool
    workflow_run_id: int | None = None
    run_url: str | None = None
    html_url: str | None = None


class RunList(Kept):
    """Runs, the newest first."""

    items: list[WorkflowRun]


class Accepted(Result):
    """GitHub took the event; what it starts is not told."""

    accepted: bool


async def find_rerun(params: Rerun, ctx: ActionContext[GitHubClient]) -> WorkflowRun | None:
    """See whether a further attempt of the run began since; whoever asked for it, it is the one that was wanted."""
    found = WorkflowRun.of(await get(ctx.client, _run_url(params, ctx)))
    return found if found.run_attempt > 1 and (found.run_started_at or "") >= since(ctx) else None


@action(scopes=SCOPES, repeat=Repeat.UNKNOWABLE)
async def dispatch_workflow(params: DispatchWorkflow, ctx: ActionContext[GitHubClient]) -> Dispatch:
    """Start a workflow.

    The workflow file must have the trigger `workflow_dispatch`; the inputs are compared with what it declares.
    """
    return await start_workflow(params, ctx)


async def start_workflow(params: DispatchWorkflow, ctx: ActionContext[GitHubClient]) -> Dispatch:
    """Ask GitHub to start it; which run it becomes is told by github.com and newer servers.

    Raises InvalidInput for inputs that the workflow file, when it can be read, does not take.
    """
    at = place(params, ctx)
    if len(params.inputs) > INPUTS_LIMIT:
        raise InvalidInput({"inputs": f"may hold at most {INPUTS_LIMIT} values"}, "", "input_too_long")
    repository = repository_of(params.repository, ctx.settings)
    declared = await declared_inputs(ctx.client, repository, params.workflow, params.ref)
    if declared is not None:
        check_inputs(declared, params.inputs)
    url = f"{at}/actions/workflows/{quote(params.workflow.rpartition('/')[2], safe='')}/dispatches"
    wanted: dict[str, Any] = {"ref": params.ref, "inputs": params.inputs}
    answer = await ctx.client.change(lambda github: _dispatch(github, url, wanted))
    return Dispatch(
        accepted=True,
        workflow_run_id=answer.get("workflow_run_id"),
        run_url=answer.get("run_url"),
        html_url=answer.get("html_url"),
    )


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_workflow_runs(params: ListWorkflowRuns, ctx: ActionContext[GitHubClient]) -> RunList:
    """List workflow runs."""
    at = f"{place(params, ctx)}/actions"
    if params.workflow.strip():
        at = f"{at}/workflows/{segment(params.workflow.rpartition('/')[2], 'workflow')}"
    query = present(branch=params.branch, event=params.event, status=params.status)
    return await ctx.client.read(
        lambda github: RunList.of({"items": items(github, f"{at}/runs", params.limit, "workflow_runs", **query)})
    )


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_workflow_run(params: OnRun, ctx: ActionContext[GitHubClient]) -> WorkflowRun:
    """Get a workflow run."""
    return WorkflowRun.of(await get(ctx.client, _run_url(params, ctx)))


@action(scopes=SCOPES, repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def cancel_workflow_run(params: OnRun, ctx: ActionContext[GitHubClient]) -> Done:
    """Cancel a workflow run.

    One that is over already is success, and nothing is changed.
    """
    url = f"{_run_url(params, ctx)}/cancel"
    return await change_unless(ctx.client, lambda error: error.code == "conflict", "POST", url)


@action(scopes=SCOPES, repeat=Repeat.RECONCILABLE, find=find_rerun)
async def rerun_workflow_run(params: Rerun, ctx: ActionContext[GitHubClient]) -> WorkflowRun:
    """Run a workflow again."""
    url = _run_url(params, ctx)
    verb = "rerun-failed-jobs" if params.only_failed else "rerun"
    await ctx.client.change(lambda github: call(github, "POST", f"{url}/{verb}"))
    return WorkflowRun.of(await get(ctx.client, url))


@action(scopes=SCOPES, repeat=Repeat.UNKNOWABLE)
async def repository_dispatch(params: RepositoryDispatch, ctx: ActionContext[GitHubClient]) -> Accepted:
    """Send an event to a repository.

    Starts the workflows that listen to `repository_dispatch`.
    """
    if len(params.client_payload) > PROPERTIES_LIMIT:
        said = f"may hold at most {PROPERTIES_LIMIT} members"
        raise InvalidInput({"client_payload": said}, "", "input_too_long")
    url = f"{place(params, ctx)}/dispatches"
    body = {"event_type": params.event_type, "client_payload": params.client_payload}
    await ctx.client.change(lambda github: call(github, "POST", url, body))
    return Accepted(accepted=True)


def _run_url(params: OnRun, ctx: ActionContext[GitHubClient]) -> str:
    return f"{place(params, ctx)}/actions/runs/{params.run_id}"


def _dispatch(github: Github, url: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """In the thread. 204, or 200 with the run's identifiers; an old Enterprise Server refuses to be asked for them."""
    try:
        _, answer = github.requester.requestJsonAndCheck("POST", url, input={**wanted, "return_run_details": True})
    except GithubException as error:
        if error.status not in (400, 422) or "return_run_details" not in str(error.data):
            raise
        _, answer = github.requester.requestJsonAndCheck("POST", url, input=wanted)
    return answer if isinstance(answer, dict) else {}
