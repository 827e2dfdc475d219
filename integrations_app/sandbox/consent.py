"""The consent step that all authorization servers share: check, show, then send the person back."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from integrations_app.sandbox.oauth import App, Code, with_query
from integrations_app.sandbox.pages import refused, render, see_other
from integrations_app.sandbox.world import World

KEPT = ("client_id", "scope", "user_scope", "redirect_uri", "state", "code_challenge", "code_challenge_method")


@dataclass(frozen=True)
class Server:
    """What differs between the vendors' consent pages."""

    vendor: str
    title: str
    choose: str
    accounts: Callable[[World], list[tuple[str, str]]]
    scope_words: dict[str, str]
    split_scopes: Callable[[str], list[str]]
    refuse: Callable[[World, dict[str, str]], str | None]
    denied: str = "The user has denied your application access."
    wrong_address: str = "bad_redirect_uri"
    tells_app: str = ""
    """The error sent to the app's first registered address when another is asked for; empty: a page says it."""


async def _parameters(request: Request) -> dict[str, str]:
    if request.method == "GET":
        return dict(request.query_params)
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


async def answer(request: Request, server: Server) -> Response:
    """GET shows the page; POST with `decision` and `account` redirects back with a code or an error."""
    world: World = request.state.world
    if request.method == "POST" and request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return refused(request, "Not decided here", "Only the buttons of this page decide.", 403)
    given = await _parameters(request)
    app = world.app(server.vendor, given.get("client_id", ""))
    if app is None:
        return refused(request, "Unknown app", "invalid_client_id: no app with this client id is registered.")
    redirect_uri = given.get("redirect_uri") or (app.redirect_uris[0] if app.redirect_uris else "")
    state = given.get("state", "")
    if not app.allows(redirect_uri):
        return _wrong_address(request, server, app, state)
    if error := server.refuse(world, given):
        return see_other(with_query(redirect_uri, error=error, state=state))
    if request.method == "GET":
        return _show(request, server, app, given, redirect_uri)
    return _decide(request, server, app, given, redirect_uri)


def _wrong_address(request: Request, server: Server, app: App, state: str) -> Response:
    if server.tells_app and app.redirect_uris:
        return see_other(with_query(app.redirect_uris[0], error=server.tells_app, state=state))
    message = f"{server.wrong_address}: the app has not registered this address."
    return refused(request, "Wrong redirect address", message)


def _decide(request: Request, server: Server, app: App, given: dict[str, str], redirect_uri: str) -> Response:
    world: World = request.state.world
    state = given.get("state", "")
    if given.get("decision") != "allow":
        return see_other(with_query(redirect_uri, error="access_denied", error_description=server.denied, state=state))
    if given.get("account", "") not in dict(server.accounts(world)):
        return refused(request, "Choose an account", "Go back and choose one of the accounts.")
    code = _issue(world, server, app, given)
    return see_other(with_query(redirect_uri, code=code, state=state))


def _issue(world: World, server: Server, app: App, given: dict[str, str]) -> str:
    value = world.new_token(20)
    world.codes.add(
        Code(
            value,
            app,
            given["account"],
            server.split_scopes(given.get("scope", "")),
            server.split_scopes(given.get("user_scope", "")),
            given.get("redirect_uri", ""),
            given.get("code_challenge", ""),
            world.clock() + world.settings.code_life,
        )
    )
    return value


def _show(request: Request, server: Server, app: App, given: dict[str, str], redirect_uri: str) -> Response:
    world: World = request.state.world
    accounts = server.accounts(world)
    wanted = given.get("team") or given.get("login") or given.get("login_hint") or ""
    scopes = server.split_scopes(given.get("scope", "")) + server.split_scopes(given.get("user_scope", ""))
    parts = urlsplit(redirect_uri)
    return render(
        request,
        "consent.html",
        vendor=server.title,
        app=app,
        action=f"{request.state.base}{request.state.path}",
        hidden={name: given[name] for name in KEPT if name in given},
        choose=server.choose,
        accounts=accounts,
        chosen=wanted if wanted in dict(accounts) else accounts[0][0],
        scopes=[(scope, server.scope_words.get(scope, "Use this permission")) for scope in scopes],
        destination=f"{parts.scheme}://{parts.netloc}",
    )
