"""Pages where a person looks into the emulated GitHub, opens issues, redelivers, and manages tokens."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.sandbox.control_calls import WrongCall
from integrations_app.sandbox.github import acts, issues, oauth, webhooks
from integrations_app.sandbox.github.runs import notice, run_state
from integrations_app.sandbox.github.state import Account, Holder, Issue, Repository, Token, github_of
from integrations_app.sandbox.pages import render, see_other
from integrations_app.sandbox.world import World

PERSONAL_CLIENT = "personal access token"
PERSONAL_SCOPES = ["repo", "workflow", "admin:repo_hook", "admin:org_hook", "read:org", "user"]


class WrongIssue(WrongCall):
    """An issue that cannot be opened: unknown repository or person, or no title."""


def personal_token(world: World, account: Account, scopes: list[str] | None = None) -> Token:
    """A classic personal access token to paste, with all useful scopes by default."""
    return oauth.new_token(world, account.login, PERSONAL_CLIENT, scopes or list(PERSONAL_SCOPES), prefix="ghp_")


def open_as(world: World, web: str, full_name: str, login: str, title: str, body: str) -> tuple[Repository, Issue]:
    """A person opens an issue and the hooks fire; raises WrongIssue."""
    repository = github_of(world).repositories.get(full_name.lower())
    author = github_of(world).account(login)
    if repository is None or author is None or not title.strip():
        raise WrongIssue("repository, user and title must be given and known")
    issue = issues.open_issue(world, repository, author, title, body or None)
    webhooks.fire_issue(world, web, repository, issue, "opened", author)
    return repository, issue


def _web(request: Request) -> str:
    return f"{request.state.base}/github"


def _people(world: World) -> list[Account]:
    return [account for account in github_of(world).accounts.values() if account.type == "User"]


def _repository(request: Request) -> Repository:
    world: World = request.state.world
    found = github_of(world).repository(request.path_params["owner"], request.path_params["repo"])
    if found is None:
        raise HTTPException(404)
    return found


def _issue(request: Request, repository: Repository) -> Issue:
    found = repository.issues.get(request.path_params["number"])
    if found is None:
        raise HTTPException(404)
    return found


async def _fields(request: Request, *names: str) -> dict[str, str]:
    form = await request.form()
    return {name: str(form.get(name, "")) for name in names}


async def index(request: Request) -> Response:
    """Repositories, accounts and tokens."""
    return _index_page(request, "", "")


def _index_page(request: Request, handed_out: str, handed_to: str) -> Response:
    world: World = request.state.world
    apps = {client_id: app.name for (vendor, client_id), app in world.apps.items() if vendor == "github"}
    return render(
        request,
        "github_index.html",
        repositories=list(github_of(world).repositories.values()),
        people=_people(world),
        tokens=list(enumerate(github_of(world).tokens.values())),
        names=apps,
        now=world.clock(),
        handed_out=handed_out,
        handed_to=handed_to,
    )


async def hand_out(request: Request) -> Response:
    """Make a personal token and show it once."""
    world: World = request.state.world
    account = github_of(world).account(request.path_params["login"])
    if account is None:
        raise HTTPException(404)
    return _index_page(request, personal_token(world, account).value, account.login)


async def revoke(request: Request) -> Response:
    """Revoke one token, chosen by its place in the list."""
    world: World = request.state.world
    granted = list(github_of(world).tokens.values())
    if request.path_params["index"] >= len(granted):
        raise HTTPException(404)
    token = granted[request.path_params["index"]]
    account = github_of(world).account(token.login)
    if oauth.revoke(world, [token]) and account is not None:
        webhooks.fire_authorization_revoked(world, _web(request), account)
    return see_other(f"{_web(request)}/")


async def repository(request: Request) -> Response:
    """One repository: issues, files, hooks, runs."""
    world: World = request.state.world
    found = _repository(request)
    notice(world, _web(request), found)
    runs = [(run, *run_state(run, world.clock())) for run in reversed(found.runs)]
    head = found.head(found.default_branch)
    return render(
        request,
        "github_repository.html",
        repository=found,
        issues=sorted(found.issues.values(), key=lambda issue: -issue.number),
        people=_people(world),
        branches=sorted(ref.removeprefix("refs/heads/") for ref in found.refs if ref.startswith("refs/heads/")),
        tags=sorted(ref.removeprefix("refs/tags/") for ref in found.refs if ref.startswith("refs/tags/")),
        acts=list(acts.ACTS),
        files=sorted(head.files) if head else [],
        hooks=[*found.hooks.values(), *found.owner.hooks.values()],
        runs=runs,
    )


async def new_issue(request: Request) -> Response:
    """The form "New issue"."""
    found = _repository(request)
    given = await _fields(request, "user", "title", "body")
    try:
        _, issue = open_as(
            request.state.world, _web(request), found.full_name, given["user"], given["title"], given["body"]
        )
    except WrongIssue as error:
        raise HTTPException(400, str(error)) from error
    return see_other(f"{_web(request)}/{found.full_name}/issues/{issue.number}")


async def happen(request: Request) -> Response:
    """The form "Make something happen"."""
    world: World = request.state.world
    found = _repository(request)
    given = await _fields(request, "user", "act", "subject")
    person, act = github_of(world).account(given["user"]), acts.ACTS.get(given["act"])
    if person is None or act is None:
        raise HTTPException(400, "user and act must be given and known")
    try:
        act(acts.Wish(world, _web(request), found, person, given["subject"].strip()))
    except acts.WrongAct as error:
        raise HTTPException(400, str(error)) from error
    return see_other(f"{_web(request)}/{found.full_name}")


async def issue(request: Request) -> Response:
    """One issue or pull request with its comments."""
    found = _repository(request)
    return render(
        request,
        "github_issue.html",
        repository=found,
        issue=_issue(request, found),
        people=_people(request.state.world),
    )


async def comment(request: Request) -> Response:
    """A person comments."""
    world: World = request.state.world
    found = _repository(request)
    shown = _issue(request, found)
    given = await _fields(request, "user", "body")
    author = github_of(world).account(given["user"])
    if author is None or not given["body"].strip():
        raise HTTPException(400, "user and body must be given")
    issues.add_comment(world, _web(request), found, shown, author, given["body"])
    return see_other(f"{_web(request)}/{found.full_name}/{'pull' if shown.pull else 'issues'}/{shown.number}")


async def file(request: Request) -> Response:
    """One file at a branch, tag or commit; refs may contain slashes."""
    found = _repository(request)
    parts = request.path_params["rest"].split("/")
    for length in range(1, len(parts)):
        ref, path = "/".join(parts[:length]), "/".join(parts[length:])
        head = found.head(ref)
        if head is not None and path in head.files:
            text = found.blobs[head.files[path]].decode("utf-8", "replace")
            values: dict[str, Any] = {"repository": found, "ref": ref, "path": path, "text": text}
            return render(request, "github_file.html", commit=head, **values)
    raise HTTPException(404)


async def redeliver(request: Request) -> Response:
    """Deliver a webhook of the repository, or of the organisation that it is in, again."""
    found = _repository(request)
    number = request.path_params["hook"]
    holder: Holder = found if number in found.hooks else found.owner
    hook = holder.hooks.get(number)
    wanted = request.path_params["delivery"]
    delivery = next((one for one in hook.deliveries if one.id == wanted), None) if hook else None
    if hook is None or delivery is None:
        raise HTTPException(404)
    webhooks.redeliver(request.state.world, holder, hook, delivery)
    return see_other(f"{_web(request)}/{found.full_name}#hooks")


AT = "/{owner}/{repo}"
routes = [
    Route("/", index),
    Route("/accounts/{login}/tokens", hand_out, methods=["POST"]),
    Route("/tokens/{index:int}/revoke", revoke, methods=["POST"]),
    Route(AT, repository),
    Route(f"{AT}/issues", new_issue, methods=["POST"]),
    Route(f"{AT}/happen", happen, methods=["POST"]),
    Route(f"{AT}/issues/{{number:int}}", issue),
    Route(f"{AT}/pull/{{number:int}}", issue),
    Route(f"{AT}/issues/{{number:int}}/comments", comment, methods=["POST"]),
    Route(f"{AT}/blob/{{rest:path}}", file),
    Route(f"{AT}/hooks/{{hook:int}}/deliveries/{{delivery:int}}/redeliver", redeliver, methods=["POST"]),
]
