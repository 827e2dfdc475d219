"""Workflow runs of the emulated REST API: queued, in progress and completed as the clock goes."""

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Json, Refusal, Reply, endpoint, not_found, paged
from integrations_app.sandbox.github.state import Repository, Run, stamp
from integrations_app.sandbox.github.views import account_view
from integrations_app.sandbox.world import World

AT = "/repos/{owner}/{repo}/actions"
STARTS_AFTER, ENDS_AFTER = 2.0, 6.0


def run_state(run: Run, now: float) -> tuple[str, str | None]:
    """Status and conclusion of a run by its age."""
    if run.conclusion:
        return "completed", run.conclusion
    age = now - (run.started_at or run.created_at)
    if age < STARTS_AFTER:
        return "queued", None
    return ("in_progress", None) if age < ENDS_AFTER else ("completed", "success")


def run_view(run: Run, repository: Repository, web: str, now: float) -> Json:
    """A run as the API shows it."""
    api = f"{web}/api/v3/repos/{repository.full_name}"
    status, conclusion = run_state(run, now)
    return {
        "id": run.id,
        "name": run.workflow_name,
        "node_id": f"WFR_{run.id}",
        "head_branch": run.ref,
        "head_sha": run.sha,
        "path": run.path,
        "display_title": run.workflow_name,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": status,
        "conclusion": conclusion,
        "workflow_id": run.workflow_id,
        "url": f"{api}/actions/runs/{run.id}",
        "html_url": f"{web}/{repository.full_name}#run-{run.id}",
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.created_at),
        "run_started_at": stamp(run.started_at or run.created_at),
        "actor": account_view(run.actor, web),
        "triggering_actor": account_view(run.actor, web),
    }


def runs_reply(call: Call, repository: Repository, workflow_id: int | None) -> Reply:
    """Runs, newest first; filters event, branch, actor, status and head_sha."""
    query = call.query
    notice(call.world, call.web, repository)
    found = [run for run in reversed(repository.runs) if workflow_id is None or run.workflow_id == workflow_id]
    for name in ("event", "branch", "actor", "head_sha"):
        if name in query:
            found = [
                run
                for run in found
                if query[name]
                == {"event": run.event, "branch": run.ref, "head_sha": run.sha}.get(name, run.actor.login)
            ]
    if "status" in query:
        found = [run for run in found if query["status"] in run_state(run, call.now)]
    return paged(
        call,
        found,
        lambda page: {
            "total_count": len(found),
            "workflow_runs": [run_view(run, repository, call.web, call.now) for run in page],
        },
    )


@endpoint("GET", AT + "/runs", "repo")
def list_runs(call: Call) -> Reply:
    """Runs of a repository, newest first."""
    return runs_reply(call, call.repository(), None)


def begin(world: World, web: str, repository: Repository, run: Run) -> None:
    """Let a run, new or once more, begin."""
    if run not in repository.runs:
        repository.runs.append(run)
    fire(world, web, repository, run, "requested")


def fire(world: World, web: str, repository: Repository, run: Run, action: str) -> None:
    """`workflow_run`: requested or completed."""
    workflow = {"id": run.workflow_id, "name": run.workflow_name, "path": run.path, "state": "active"}
    view = run_view(run, repository, web, world.clock())
    payload = {"action": action, "workflow_run": view, "workflow": workflow}
    webhooks.fire(world, web, repository, "workflow_run", run.actor, payload)


def notice(world: World, web: str, repository: Repository) -> None:
    """Tell the hooks of the runs that the clock has ended since somebody last looked."""
    for run in repository.runs:
        if not run.told and run_state(run, world.clock())[0] == "completed":
            run.told = True
            fire(world, web, repository, run, "completed")


def finish(world: World, web: str, repository: Repository, run: Run, conclusion: str) -> None:
    """End a run now."""
    run.conclusion = conclusion
    notice(world, web, repository)


def run_of(call: Call, repository: Repository) -> Run:
    """The run of the path; 404 when there is none."""
    for run in repository.runs:
        if run.id == call.path["run"]:
            return run
    raise not_found()


@endpoint("GET", AT + "/runs/{run:int}", "repo")
def get_run(call: Call) -> Reply:
    """One run."""
    repository = call.repository()
    notice(call.world, call.web, repository)
    return Reply(200, run_view(run_of(call, repository), repository, call.web, call.now))


@endpoint("POST", AT + "/runs/{run:int}/cancel", "repo")
def cancel_run(call: Call) -> Reply:
    """End a run; 409 for one that is over."""
    repository = call.repository("push", REPO)
    run = run_of(call, repository)
    if run_state(run, call.now)[0] == "completed":
        raise Refusal(409, "Cannot cancel a workflow run that is completed.")
    finish(call.world, call.web, repository, run, "cancelled")
    return Reply(202, {})


@endpoint("POST", AT + "/runs/{run:int}/rerun", "repo")
@endpoint("POST", AT + "/runs/{run:int}/rerun-failed-jobs", "repo")
def rerun(call: Call) -> Reply:
    """Run once more; 403 for one that is not over yet."""
    repository = call.repository("push", REPO)
    run = run_of(call, repository)
    if run_state(run, call.now)[0] != "completed":
        raise Refusal(403, "The workflow run cannot be rerun because it is already running.")
    notice(call.world, call.web, repository)
    run.attempt, run.started_at, run.conclusion, run.told = run.attempt + 1, call.now, "", False
    begin(call.world, call.web, repository, run)
    return Reply(201, {})
