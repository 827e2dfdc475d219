"""Stars, forks, deployments, checks and outside events in the emulated REST API."""

from typing import Any

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Json, Refusal, Reply, endpoint, not_found
from integrations_app.sandbox.github.state import Account, Repository, github_of, stamp
from integrations_app.sandbox.github.views import account_view, repository_view
from integrations_app.sandbox.world import World

AT = "/repos/{owner}/{repo}"
EVENT_TYPE, PROPERTIES = 100, 10
DEPLOYMENT_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")


def star(world: World, web: str, repository: Repository, person: Account, starred: bool) -> None:
    """Star a repository, or take the star back, and fire the hooks."""
    if starred == (person.login in repository.stars):
        return
    (repository.stars.append if starred else repository.stars.remove)(person.login)
    payload = {"action": "created" if starred else "deleted", "starred_at": stamp(world.clock()) if starred else None}
    webhooks.fire(world, web, repository, "star", person, payload)


@endpoint("PUT", "/user/starred/{owner}/{repo}", *REPO)
def put_star(call: Call) -> Reply:
    """Star a repository."""
    star(call.world, call.web, call.repository("pull", REPO), call.me(), True)
    return Reply(204)


@endpoint("DELETE", "/user/starred/{owner}/{repo}", *REPO)
def delete_star(call: Call) -> Reply:
    """Take a star back."""
    star(call.world, call.web, call.repository("pull", REPO), call.me(), False)
    return Reply(204)


def fork(world: World, web: str, repository: Repository, person: Account) -> Json:
    """Tell of a fork; the copy itself is not kept."""
    name = f"{person.login}/{repository.name}"
    if name not in repository.forks:
        repository.forks.append(name)
    forkee = repository_view(repository, web)
    forkee |= {"id": github_of(world).next_id(), "full_name": name, "owner": account_view(person, web), "fork": True}
    forkee |= {"html_url": f"{web}/{name}", "url": f"{web}/api/v3/repos/{name}"}
    webhooks.fire(world, web, repository, "fork", person, {"forkee": forkee})
    return forkee


@endpoint("POST", f"{AT}/forks", *REPO)
def create_fork(call: Call) -> Reply:
    """Fork a repository."""
    return Reply(202, fork(call.world, call.web, call.repository("pull", REPO), call.me()))


@endpoint("POST", f"{AT}/dispatches", "repo")
def repository_dispatch(call: Call) -> Reply:
    """Take an event from outside: 204."""
    call.repository("push", ("repo", "public_repo"))
    kind, payload = call.body.get("event_type"), call.body.get("client_payload", {})
    if not isinstance(kind, str) or not kind:
        raise Refusal(422, 'Invalid request.\n\n"event_type" wasn\'t supplied.')
    if len(kind) > EVENT_TYPE:
        raise Refusal(422, "Invalid request.\n\nevent_type is too long (maximum is 100 characters).")
    if not isinstance(payload, dict) or len(payload) > PROPERTIES:
        raise Refusal(422, "Invalid request.\n\nNo more than 10 properties are allowed in client_payload.")
    return Reply(204)


@endpoint("POST", f"{AT}/check-runs", "repo")
def create_check_run(call: Call) -> Reply:
    """Refused: only GitHub Apps write checks."""
    call.repository("push", REPO)
    raise Refusal(403, "You must authenticate via a GitHub App.")


def check_run(world: World, web: str, repository: Repository, person: Account, conclusion: str) -> None:
    """An app's check ends."""
    head, number = repository.refs[f"refs/heads/{repository.default_branch}"], github_of(world).next_id()
    moment = stamp(world.clock())
    view = {"id": number, "name": "lint", "head_sha": head, "status": "completed", "conclusion": conclusion}
    view |= {"html_url": f"{web}/{repository.full_name}#check-{number}", "started_at": moment, "completed_at": moment}
    view |= {"check_suite": {"id": number, "head_branch": repository.default_branch, "head_sha": head}}
    webhooks.fire(world, web, repository, "check_run", person, {"action": "completed", "check_run": view})


@endpoint("POST", f"{AT}/deployments", "repo", "repo_deployment")
def create_deployment(call: Call) -> Reply:
    """Say that a ref is to be deployed."""
    repository = call.repository("push", REPO)
    ref = call.text("ref", "Deployment")
    head = repository.head(ref)
    if head is None:
        raise Refusal(422, f"No ref found for: {ref}")
    environment = call.text("environment", "Deployment", required=False) or "production"
    return Reply(201, deployment(call.world, call.web, repository, call.me(), ref, environment))


def deployment(world: World, web: str, repository: Repository, person: Account, ref: str, environment: str) -> Json:
    """Keep a deployment and fire the hooks."""
    head, number, moment = repository.head(ref), github_of(world).next_id(), stamp(world.clock())
    at = f"{web}/api/v3/repos/{repository.full_name}/deployments/{number}"
    view: Json = {"url": at, "id": number, "sha": head.sha if head else "", "ref": ref, "task": "deploy"}
    view |= {"environment": environment, "creator": account_view(person, web), "payload": {}, "description": None}
    view |= {"created_at": moment, "updated_at": moment, "statuses_url": f"{at}/statuses"}
    repository.deployments.append(view)
    webhooks.fire(world, web, repository, "deployment", person, {"action": "created", "deployment": view})
    return view


@endpoint("POST", f"{AT}/deployments/{{deployment:int}}/statuses", "repo", "repo_deployment")
def create_deployment_status(call: Call) -> Reply:
    """Say how a deployment goes."""
    repository = call.repository("push", REPO)
    found = next((one for one in repository.deployments if one["id"] == call.path["deployment"]), None)
    if found is None:
        raise not_found()
    state = call.text("state", "DeploymentStatus")
    if state not in DEPLOYMENT_STATES:
        raise Refusal(422, "Invalid request.\n\nstate is not included in the list.")
    return Reply(201, deployment_status(call.world, call.web, repository, call.me(), found, state))


def deployment_status(
    world: World, web: str, repository: Repository, person: Account, deployed: Json, state: str
) -> Json:
    """Fire the hooks for a deployment's new state."""
    number, moment = github_of(world).next_id(), stamp(world.clock())
    view: dict[str, Any] = {"url": f"{deployed['url']}/statuses/{number}", "id": number, "state": state}
    view |= {"creator": account_view(person, web), "description": "", "environment": deployed["environment"]}
    view |= {"target_url": "", "created_at": moment, "updated_at": moment, "deployment_url": deployed["url"]}
    payload = {"action": "created", "deployment_status": view, "deployment": deployed}
    webhooks.fire(world, web, repository, "deployment_status", person, payload)
    return view
