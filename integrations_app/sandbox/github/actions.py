"""Workflows of the emulated REST API: read from committed files, and dispatched."""

import json
import zlib
from dataclasses import dataclass
from typing import Any

import yaml

from integrations_app.sandbox.github.calls import Call, Json, Refusal, Reply, endpoint, not_found, paged
from integrations_app.sandbox.github.runs import AT, begin, run_view, runs_reply
from integrations_app.sandbox.github.state import Repository, Run, stamp

INPUT_LIMIT = 25
NEW_VERSION = "2026-03-10"


@dataclass
class Workflow:
    """A committed workflow file; `inputs` is None when it has no workflow_dispatch trigger."""

    id: int
    name: str
    path: str
    inputs: dict[str, Json] | None


def _parse(repository: Repository, path: str, content: bytes) -> Workflow:
    number = zlib.crc32(f"{repository.id}:{path}".encode())
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError:
        return Workflow(number, path, path, None)
    if not isinstance(document, dict):
        return Workflow(number, path, path, None)
    # YAML 1.1 reads the key `on` as the boolean true.
    triggers: Any = document.get("on", document.get(True))
    inputs: dict[str, Json] | None = None
    if triggers == "workflow_dispatch" or (isinstance(triggers, list) and "workflow_dispatch" in triggers):
        inputs = {}
    elif isinstance(triggers, dict) and "workflow_dispatch" in triggers:
        declared = (triggers["workflow_dispatch"] or {}).get("inputs") or {}
        inputs = {name: value or {} for name, value in declared.items()}
    return Workflow(number, str(document.get("name") or path), path, inputs)


def workflows(repository: Repository, ref: str = "") -> list[Workflow]:
    """The workflows committed at a ref (by default on the default branch)."""
    head = repository.head(ref or repository.default_branch)
    files = head.files if head else {}
    paths = [p for p in sorted(files) if p.startswith(".github/workflows/") and p.endswith((".yml", ".yaml"))]
    return [_parse(repository, path, repository.blobs[files[path]]) for path in paths]


def _find(call: Call, repository: Repository, ref: str = "") -> Workflow:
    wanted = call.path["workflow"]
    for workflow in workflows(repository, ref):
        if wanted in (str(workflow.id), workflow.path.rpartition("/")[2], workflow.path):
            return workflow
    raise not_found()


def _view(call: Call, repository: Repository, workflow: Workflow) -> Json:
    api, moment = (f"{call.api}/repos/{repository.full_name}", stamp(repository.created_at))
    html = f"{call.web}/{repository.full_name}/blob/{repository.default_branch}/{workflow.path}"
    return {
        "id": workflow.id,
        "node_id": f"W_{workflow.id}",
        "name": workflow.name,
        "path": workflow.path,
        "state": "active",
        "created_at": moment,
        "updated_at": moment,
        "url": f"{api}/actions/workflows/{workflow.id}",
        "html_url": html,
        "badge_url": f"{html}/badge.svg",
    }


@endpoint("GET", AT + "/workflows", "repo")
def list_workflows(call: Call) -> Reply:
    """Workflows of a repository."""
    repository = call.repository()
    found = workflows(repository)
    return paged(
        call,
        found,
        lambda page: {"total_count": len(found), "workflows": [_view(call, repository, one) for one in page]},
    )


@endpoint("GET", AT + "/workflows/{workflow}", "repo")
def get_workflow(call: Call) -> Reply:
    """One workflow by id or file name."""
    repository = call.repository()
    return Reply(200, _view(call, repository, _find(call, repository)))


def _checked_inputs(workflow: Workflow, given: Any) -> Json:
    declared = workflow.inputs
    if declared is None:
        raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
    if not isinstance(given, dict):
        raise Refusal(422, "Invalid request.\n\nFor 'properties/inputs', it is not an object.")
    if len(given) > INPUT_LIMIT:
        raise Refusal(422, f"you may only define up to {INPUT_LIMIT} `inputs`")
    if unexpected := sorted(set(given) - set(declared)):
        raise Refusal(422, f"Unexpected inputs provided: {json.dumps(unexpected)}")
    values = {}
    for name, rule in declared.items():
        value = given.get(name, rule.get("default"))
        if rule.get("required") and value in (None, ""):
            raise Refusal(422, f"Required input '{name}' not provided")
        _check_value(name, rule, value)
        values[name] = value
    return values


def _check_value(name: str, rule: Json, value: Any) -> None:
    if value in (None, ""):
        return
    if rule.get("type") == "choice" and value not in rule.get("options", []):
        raise Refusal(422, f"Provided value '{value}' for input '{name}' not in the list of allowed values")
    if rule.get("type") == "boolean" and str(value).lower() not in ("true", "false"):
        raise Refusal(422, f"Provided value '{value}' for input '{name}' is not a boolean")


@endpoint("POST", AT + "/workflows/{workflow}/dispatches", "repo")
def dispatch(call: Call) -> Reply:
    """Start a run: 204, or 200 with the run when `return_run_details` is true or the new API version is asked."""
    repository = call.repository("push", ("repo", "public_repo"))
    _find(call, repository)
    ref = call.text("ref", "Workflow")
    named = [full for full in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref) if full in repository.refs]
    if not named:
        raise Refusal(422, f"No ref found for: {ref}")
    workflow = _find(call, repository, ref)
    inputs = _checked_inputs(workflow, call.body.get("inputs") or {})
    sha = repository.refs[named[0]]
    short = named[0].split("/", 2)[2]
    run = Run(
        call.github.next_id(), len(repository.runs) + 1, workflow.id, workflow.name, workflow.path, short, sha,
        "workflow_dispatch", call.me(), inputs, call.now,
    )  # fmt: skip
    begin(call.world, call.web, repository, run)
    if call.api_version < NEW_VERSION and not call.body.get("return_run_details"):
        return Reply(204)
    view = run_view(run, repository, call.web, call.now)
    return Reply(200, {"workflow_run_id": run.id, "run_url": view["url"], "html_url": view["html_url"]})


@endpoint("GET", AT + "/workflows/{workflow}/runs", "repo")
def list_workflowruns_reply(call: Call) -> Reply:
    """Runs of one workflow, newest first."""
    repository = call.repository()
    return runs_reply(call, repository, _find(call, repository).id)
