"""Starting a workflow of GitHub Actions and waiting for its end: the run sleeps and looks from time to time."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from integrations_app.errors import Rejected
from integrations_app.providers.github.actions.fields import SCOPES, place
from integrations_app.providers.github.actions.runs import DispatchWorkflow, start_workflow
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.rest import get
from integrations_app.providers.github.results import WorkflowRun
from integrations_app.sdk.actions import Repeat, action
from integrations_app.sdk.context import ActionContext, utc_now
from integrations_app.sdk.waiting import Later, Waited

SOONEST, LATEST = timedelta(seconds=10), timedelta(minutes=1)
"""Between two looks: a tenth of the time that has passed, within these."""
LONGEST_MINUTES = 35 * 24 * 60
"""A workflow run ends by itself after 35 days ("Actions limits")."""


class DispatchAndWait(DispatchWorkflow):
    """Which workflow to start, where, with what, and for how long to wait."""

    timeout_minutes: int = Field(default=60, title="Wait at most (minutes)", ge=1, le=LONGEST_MINUTES)
    on_failure: Literal["fail", "continue"] = Field(
        default="fail", title="When it does not succeed", description="Continue: with its conclusion."
    )


async def resume(params: DispatchAndWait, waited: Waited, ctx: ActionContext[GitHubClient]) -> WorkflowRun | Later:
    """Look whether the run has ended; raises Rejected `run_not_successful`, `timed_out`."""
    url = f"{place(params, ctx)}/actions/runs/{int(waited.state['run_id'])}"
    found = WorkflowRun.of(await get(ctx.client, url))
    if found.status != "completed":
        return _later(params, ctx, found.id)
    if found.conclusion != "success" and params.on_failure == "fail":
        raise Rejected("run_not_successful", f"The workflow run ended as {found.conclusion}: {found.html_url}")
    return found


@action(scopes=SCOPES, repeat=Repeat.UNKNOWABLE, resume=resume)
async def dispatch_and_wait(params: DispatchAndWait, ctx: ActionContext[GitHubClient]) -> WorkflowRun | Later:
    """Start a workflow and wait for its end.

    The workflow file must have the trigger `workflow_dispatch`; the inputs are compared with what it declares.
    Nothing is occupied while it waits.
    """
    started = await start_workflow(params, ctx)
    if started.workflow_run_id is None:
        raise Rejected("run_not_told", "The workflow was started, but this server does not tell which run it became.")
    return _later(params, ctx, started.workflow_run_id)


def _later(params: DispatchAndWait, ctx: ActionContext[GitHubClient], run_id: int) -> Later:
    now: datetime = ctx.now or utc_now()
    began = ctx.started or now
    ends = began + timedelta(minutes=params.timeout_minutes)
    if now >= ends:
        raise Rejected("timed_out", f"The workflow run has not ended within {params.timeout_minutes} minutes.")
    pause = min(max((now - began) / 10, SOONEST), LATEST)
    return Later({"run_id": run_id}, min(now + pause, ends))
