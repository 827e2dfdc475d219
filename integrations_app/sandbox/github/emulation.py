"""The emulated GitHub, as the sandbox is told of it."""

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from integrations_app.sandbox.control_calls import WrongCall, body_of, checked
from integrations_app.sandbox.emulation import Emulation
from integrations_app.sandbox.github import archives, inspector, installations, oauth, rest
from integrations_app.sandbox.github.seed import seed_github
from integrations_app.sandbox.github.settings import GitHubSettings
from integrations_app.sandbox.github.state import Token, github_of
from integrations_app.sandbox.github.views import issue_view
from integrations_app.sandbox.github.webhooks import (
    fire_authorization_revoked,
    fire_installation,
    redeliver_to_app,
)
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World

KEY = "github"
CLIENT_ID = "sandbox-github-client"
CLIENT_SECRET = "sandbox-github-secret"  # noqa: S105 - a documented constant of the emulation
WEBHOOK_SECRET = "sandbox-github-webhook-secret"  # noqa: S105 - a documented constant of the emulation
OWNER = "octo-hub"


def _apps(_: str) -> Sequence[App]:
    return (App(KEY, CLIENT_ID, CLIENT_SECRET, "Integrations", signing_secret=WEBHOOK_SECRET),)


def _settings(events_url: str) -> VendorSettings:
    return GitHubSettings(app_webhook_url=events_url)


def _registered(_: World, app: App) -> None:
    app.signing_secret = app.signing_secret or WEBHOOK_SECRET


def _hand_out(world: World, account: str, scopes: list[str] | None) -> dict[str, str]:
    person = github_of(world).account(account or OWNER)
    if person is None:
        raise WrongCall("no such person")
    return {"access_token": inspector.personal_token(world, person, scopes).value}


def _tokens(world: World) -> Iterable[Token]:
    return github_of(world).tokens.values()


def _end_refresh(world: World, token: Token) -> None:
    github_of(world).refresh_tokens.pop(token.refresh, None)


def _revoke(world: World, web: str, chosen: Sequence[Token], uninstall: bool) -> int:
    logins = {token.login for token in chosen if not token.revoked}
    count = oauth.revoke(world, list(chosen))
    for login in sorted(logins):
        account = github_of(world).account(login)
        if account is not None:
            fire_authorization_revoked(world, web, account)
            if uninstall:
                fire_installation(world, web, account, "deleted")
    return count


async def _installations(request: Request) -> Response:
    """See where apps are installed; install one on an account, or change an installation by its `id`."""
    world: World = request.state.world
    web, github = f"{request.state.base}/{KEY}", github_of(world)
    if request.method == "POST":
        body = await body_of(request)
        if "id" in body:
            changed = github.installations.get(int(body["id"]))
            if changed is None:
                raise WrongCall("no such installation")
            installations.change(world, web, changed, body)
            return JSONResponse({"id": changed.id})
        account = github.account(str(body.get("account", "")))
        if account is None:
            raise WrongCall("no such account")
        return JSONResponse({"id": installations.install(world, web, account, body).id}, 201)
    views = [installations.installation_view(world, one, web) for one in github.installations.values()]
    return JSONResponse({"installations": views})


async def _redeliver(request: Request) -> Response:
    """Send an app once more what it was sent last."""
    world: World = request.state.world
    kept = github_of(world).app_deliveries
    if not kept:
        raise WrongCall("nothing was sent to an app")
    redeliver_to_app(world, kept[-1])
    return JSONResponse({"delivery": kept[-1].headers["X-GitHub-Delivery"]}, 202)


async def _access(request: Request) -> Response:
    """Let a person admin, push to or pull a repository, or with an empty `level` nothing any more."""
    body = await body_of(request)
    found = github_of(request.state.world).repositories.get(str(body.get("repository", "")).lower())
    if found is None:
        raise WrongCall("no such repository")
    login, level = str(body.get("user", "")), str(body.get("level", ""))
    if level:
        found.access[login] = level
    else:
        found.access.pop(login, None)
    return JSONResponse({"access": found.access})


async def _issues(request: Request) -> Response:
    """Read the issues of a repository, or open one as a person."""
    world: World = request.state.world
    web = f"{request.state.base}/{KEY}"
    if request.method == "POST":
        body = await body_of(request)
        given = [str(body.get(name, "")) for name in ("repository", "title", "body")]
        repository, issue = inspector.open_as(world, web, given[0], str(body.get("user", OWNER)), given[1], given[2])
        return JSONResponse(issue_view(issue, repository, web), 201)
    found = github_of(world).repositories.get(request.query_params.get("repository", "").lower())
    if found is None:
        raise WrongCall("no such repository")
    views = [
        issue_view(one, found, web) | {"comment_bodies": [c.body for c in one.comments]}
        for one in found.issues.values()
    ]
    return JSONResponse({"issues": views})


emulation = Emulation[Token](
    key=KEY,
    name="GitHub",
    summary="Repositories, issues, files, webhooks, tokens.",
    open_paths=("/login/", "/api/"),
    routes=(
        Route("/login/oauth/authorize", oauth.authorize, methods=["GET", "POST"]),
        Route("/login/oauth/access_token", oauth.access_token, methods=["POST"]),
        rest.graphql_route,
        rest.uploads_route,
        Mount("/api/v3", routes=rest.routes),
        Route(f"{archives.STORAGE}/{{name}}", archives.stored),
        *inspector.routes,
    ),
    seed=seed_github,
    settings=_settings,
    apps=_apps,
    hand_out=_hand_out,
    tokens=_tokens,
    account_of=lambda token: token.login,
    end_refresh=_end_refresh,
    revoke=_revoke,
    bookkeeping=frozenset({"tokens", "refresh_tokens", "deliveries", "app_deliveries", "calls", "storage"}),
    control=(
        Route("/issues", checked(_issues), methods=["GET", "POST"]),
        Route("/installations", checked(_installations), methods=["GET", "POST"]),
        Route("/redeliver", checked(_redeliver), methods=["POST"]),
        Route("/access", checked(_access), methods=["POST"]),
    ),
    app_registered=_registered,
)
