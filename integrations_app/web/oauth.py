"""The routes of connecting: authorize sends a person to a vendor, callback takes them back."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrations_app.connections import service
from integrations_app.connections.app_choice import SANDBOX_SELECTOR
from integrations_app.connections.oauth import Ask, Outcome, begin, complete
from integrations_app.errors import IntegrationsError, InvalidInput, NotFound
from integrations_app.kit.columns import is_id
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Permission
from integrations_app.organizations.return_page import safe_next
from integrations_app.organizations.signed_in import SignedIn
from integrations_app.web.cookies import client_address, signed_in
from integrations_app.web.errors import status_of
from integrations_app.web.render import page
from integrations_app.workflows.consent import needed_scopes

PARAMETERS = frozenset({"connection", "mode", "next", "scopes", "switch"})
BAD_REQUEST = "oauth_bad_request"
_QUIET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
# No form-action: Chromium applies it to the redirects to the vendor that follow the confirmation.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
Handler = Callable[[Hub, Request], Awaitable[Response]]


def routes(hub: Hub) -> list[Route]:
    """Authorize and callback, for the server's app and the sandbox, and for an own app by its id."""
    made: list[Route] = []
    for middle in ("", "/{app_id}"):
        root = f"/api/integrations/{{provider}}{middle}"
        made.append(Route(f"{root}/authorize", _endpoint(hub, authorize), methods=["GET", "POST"]))
        made.append(Route(f"{root}/callback", _endpoint(hub, callback), methods=["GET"]))
    return made


def _endpoint(hub: Hub, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    return partial(_serve, hub, handler)


async def _serve(hub: Hub, handler: Handler, request: Request) -> Response:
    if request.method == "HEAD":  # a route for GET answers HEAD too, and neither route is without effect
        return Response(status_code=405, headers={"Allow": "GET"})
    try:
        return await handler(hub, request)
    except IntegrationsError as error:
        status = 400 if error.code == BAD_REQUEST else status_of(error)
        return _problem(hub, request, error.code, str(error), status)


async def authorize(hub: Hub, request: Request) -> Response:
    """Begin an attempt when the person asked from our own pages, else ask them first."""
    ask = _read(request)
    provider = hub.registry.get(ask.provider)
    person = await signed_in(hub, request)
    if person is None:
        # Back to the page, not to here: else a foreign link would begin a flow by way of the sign-in.
        target = quote(f"/integrations/{provider.key}", safe="")
        return RedirectResponse(f"/login?next={target}", 303, _QUIET)
    person.actor.require(Permission.MANAGE_CONNECTIONS)
    # A POST that gets here was sent by our own confirmation: the gate before us refuses those of other sites.
    # A switch of accounts is asked about always: workflows act as somebody else afterwards.
    if request.method != "POST" and (ask.switch_account or not _is_own_click(request)):
        return await _confirm(hub, request, person, ask, provider.name)
    needed = await needed_scopes(hub, person.actor, provider.key, ask.connection_id)
    return RedirectResponse(await begin(hub, person.actor, replace(ask, needed=needed)), 303, _QUIET)


def _read(request: Request) -> Ask:
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    wrong = {name: "is not known here" for name in names if name not in PARAMETERS}
    wrong |= {name: "is given more than once" for name in names if names.count(name) > 1}
    given = dict(pairs)
    connection_id, selector = given.get("connection"), request.path_params.get("app_id")
    if connection_id is not None and not is_id(connection_id):
        wrong["connection"] = "is not an id"
    if "switch" in given and (given["switch"] != "1" or connection_id is None):
        wrong["switch"] = "is 1, of a connection, or absent"
    if wrong:
        raise InvalidInput(wrong, "", BAD_REQUEST)
    if selector is not None and selector != SANDBOX_SELECTOR and not is_id(selector):
        raise NotFound("There is no such OAuth app.")
    return Ask(
        provider=request.path_params["provider"],
        selector=selector,
        connection_id=connection_id,
        mode=given.get("mode", "redirect"),
        next_path=safe_next(given.get("next", "/integrations")),
        scopes=tuple(scope for scope in given.get("scopes", "").split(",") if scope),
        switch_account="switch" in given,
    )


def _is_own_click(request: Request) -> bool:
    """Whether a browser says that our own page opened this address as a document, not ahead of time."""
    headers = request.headers
    if headers.get("sec-fetch-site") != "same-origin" or "prefetch" in headers.get("sec-purpose", ""):
        return False
    return headers.get("sec-fetch-dest", "document") == "document"


async def callback(hub: Hub, request: Request) -> Response:
    """Take the answer of a vendor; the query never travels further than this."""
    person = await signed_in(hub, request)
    outcome = await complete(
        hub,
        person.actor if person else None,
        request.path_params["provider"],
        request.path_params.get("app_id"),
        request.query_params.multi_items(),
        address=client_address(request),
    )
    if outcome.ok and outcome.mode == "redirect":
        return RedirectResponse(outcome.next_path, 303, _QUIET)
    return _finished(outcome)


@dataclass(frozen=True, slots=True)
class _Page:
    """What `callback.html` shows."""

    title: str
    message: str
    status: int
    code: str = ""
    detail: str = ""
    next_step: str = ""
    provider_name: str = ""
    expected: str = ""
    got: str = ""
    switch: str = ""
    another: str = ""
    retry: str = ""
    back: str = ""
    closes: bool = False


def _finished(outcome: Outcome) -> Response:
    name = outcome.provider_name or "The service"
    title = f"{name} is connected" if outcome.ok else f"{name} was not connected"
    popup = outcome.mode == "popup"
    return _render(
        _Page(
            title=title,
            message=outcome.message,
            status=outcome.status,
            code="" if outcome.ok else outcome.code,
            detail=outcome.detail,
            next_step=outcome.next_step,
            provider_name=outcome.provider_name,
            expected=outcome.expected_account,
            got=outcome.got_account,
            switch=outcome.switch_path,
            another=outcome.another_path,
            retry=outcome.retry_path,
            back="" if popup else outcome.next_path,
            closes=popup and (outcome.ok or outcome.code == "oauth_denied"),
        )
    )


def _problem(hub: Hub, request: Request, code: str, message: str, status: int) -> Response:
    key = request.path_params.get("provider", "")
    name = hub.registry.get(key).name if key in hub.registry else ""
    return _render(
        _Page(
            title=f"{name or 'The service'} was not connected",
            message=message,
            status=status,
            code=code,
            next_step="Start again from the integrations page.",
            back="/integrations",
        )
    )


def _render(shown: _Page) -> Response:
    nonce = secrets.token_urlsafe(16)
    values = {name: getattr(shown, name) for name in shown.__slots__ if name != "status"}
    policy = f"{_POLICY}; script-src 'nonce-{nonce}'"
    return page("callback", shown.status, _QUIET, policy=policy, nonce=nonce, **values)


async def _confirm(hub: Hub, request: Request, person: SignedIn, ask: Ask, provider_name: str) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    title = f"Connect {provider_name} to {person.organization_name}?"
    used_by: list[str] = []
    if ask.switch_account and ask.connection_id is not None:
        connection = await service.get(hub, person.actor, ask.connection_id)
        used_by = [one.name for one in await service.usage(hub, person.actor, ask.connection_id)]
        title = f"Switch {connection.name} to another account?"
    return page(
        "confirm",
        # Under no-referrer a browser would send `Origin: null` with this very form.
        headers={"Referrer-Policy": "same-origin"},
        policy=_POLICY,
        title=title,
        switches=ask.switch_account,
        used_by=used_by,
        provider_name=provider_name,
        organization_name=person.organization_name,
        sandbox=ask.selector == SANDBOX_SELECTOR,
        action=request.url.path + query,
        cancel=ask.next_path,
    )
