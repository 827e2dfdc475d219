"""The emulated Linear, as the sandbox is told of it."""

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations_app.sandbox.control_calls import WrongCall, body_of, checked
from integrations_app.sandbox.emulation import Emulation
from integrations_app.sandbox.linear import acts, api, inspector, oauth, tokens
from integrations_app.sandbox.linear.seed import seed_linear
from integrations_app.sandbox.linear.settings import LinearSettings
from integrations_app.sandbox.linear.state import Token, linear_of
from integrations_app.sandbox.linear.views import comment_view, issue_view
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World

KEY = "linear"
CLIENT_ID = "sandbox-linear-client"
CLIENT_SECRET = "sandbox-linear-secret"  # noqa: S105 - a documented constant of the emulation


def _apps(_: str) -> Sequence[App]:
    return (App(KEY, CLIENT_ID, CLIENT_SECRET, "Integrations"),)


def _settings(_: str) -> VendorSettings:
    return LinearSettings()


def _hand_out(world: World, account: str, scopes: list[str] | None) -> dict[str, str]:
    person = linear_of(world).person(account) if account else linear_of(world).people[0]
    if person is None:
        raise WrongCall("no such person")
    return {"access_token": tokens.give_key(world, person.email, scopes).value}


def _tokens(world: World) -> Iterable[Token]:
    return linear_of(world).tokens.values()


def _end_refresh(world: World, token: Token) -> None:
    linear_of(world).refresh_tokens.pop(token.refresh, None)


def _revoke(world: World, _: str, chosen: Sequence[Token], uninstall: bool) -> int:
    del uninstall  # an app is not installed here, people allow it
    return tokens.end(world, chosen)


async def _issues(request: Request) -> Response:
    """Read every issue with its comments, or create one as a person."""
    world: World = request.state.world
    workspace = linear_of(world)
    if request.method == "POST":
        body = await body_of(request)
        by = workspace.person(str(body.pop("user", workspace.people[0].email)))
        if by is None:
            raise WrongCall("no such person")
        return JSONResponse(issue_view(acts.create_issue(world, body, by), workspace), 201)
    views = [
        issue_view(issue, workspace)
        | {"comments": [comment_view(one, workspace) for one in workspace.comments.values() if one.issue is issue]}
        for issue in workspace.issues.values()
    ]
    return JSONResponse({"issues": views})


emulation = Emulation[Token](
    key=KEY,
    name="Linear",
    summary="Issues, comments, webhooks, tokens.",
    open_paths=("/oauth/", "/api/"),
    routes=(
        Route("/oauth/authorize", oauth.authorize, methods=["GET", "POST"]),
        Route("/api/oauth/token", oauth.token, methods=["POST"]),
        Route("/api/oauth/revoke", oauth.revoke, methods=["POST"]),
        Route("/api/graphql", api.graphql, methods=["POST"]),
        *inspector.routes,
    ),
    seed=seed_linear,
    settings=_settings,
    apps=_apps,
    hand_out=_hand_out,
    tokens=_tokens,
    account_of=lambda token: token.email,
    end_refresh=_end_refresh,
    revoke=_revoke,
    bookkeeping=frozenset({"tokens", "refresh_tokens", "calls"}),
    control=(Route("/issues", checked(_issues), methods=["GET", "POST"]),),
)
