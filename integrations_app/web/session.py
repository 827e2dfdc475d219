"""Plain pages and forms of people: first owner, sign-in, sign-out, invitation."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations_app.errors import IntegrationsError, InvalidInput, NotFound, RateLimited, VaultSealed
from integrations_app.kit.secret import Secret
from integrations_app.organizations import invitations, service
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.invitations import Offer
from integrations_app.organizations.return_page import HOME, safe_next
from integrations_app.web import errors
from integrations_app.web.cookies import (
    clear_session,
    client_address,
    require_actor,
    session_token,
    set_session,
    signed_in,
)
from integrations_app.web.forms import read_form
from integrations_app.web.render import PAGES, STYLE_PATH, page, wants_html

SETUP_FIELDS = ("setup_token", "organization", "email", "password")
LOGIN_FIELDS = ("email", "password", "next")
INVITATION_FIELDS = ("token", "email", "password")
SEALED = (
    "The encryption key does not fit this database, so nobody can sign in. The server's log names the key to restore."
)


def routes(hub: Hub) -> list[Route]:
    """The routes of this module; every handler is reachable without a session and judges for itself."""
    views = _Views(hub)
    return [
        Route(STYLE_PATH, _style, methods=["GET"]),
        Route("/setup", views.show_setup, methods=["GET"]),
        Route("/auth/setup", views.set_up, methods=["POST"]),
        Route("/login", views.show_login, methods=["GET"]),
        Route("/auth/login", views.sign_in, methods=["POST"]),
        Route("/auth/logout", views.sign_out, methods=["POST"]),
        Route("/auth/switch", views.switch, methods=["POST"]),
        Route("/invitation/{token}", views.show_invitation, methods=["GET"]),
        Route("/auth/invitation/accept", views.accept, methods=["POST"]),
    ]


class _Views:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def show_setup(self, request: Request) -> Response:
        if not await service.setup_open(self._hub):
            raise NotFound
        return _setup_page({"setup_token": request.query_params.get("token", "")})

    async def set_up(self, request: Request) -> Response:
        if not await service.setup_open(self._hub):
            raise NotFound
        form = await read_form(request, SETUP_FIELDS)
        try:
            token = await service.set_up(
                self._hub,
                token=form["setup_token"],
                organization=form["organization"],
                email=form["email"],
                password=Secret(form["password"]),
                address=client_address(request),
            )
        except IntegrationsError as error:
            return _again(request, error, partial(_setup_page, form, error))
        return _enter(token, HOME)

    async def show_login(self, request: Request) -> Response:
        target = safe_next(request.query_params.get("next", ""))
        if await signed_in(self._hub, request) is not None:
            return RedirectResponse(target, HTTPStatus.SEE_OTHER)
        if self._hub.keyring.sealed:
            return _login_page(target, error=VaultSealed(SEALED), status=HTTPStatus.SERVICE_UNAVAILABLE)
        return _login_page(target, setup=await service.setup_open(self._hub))

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request, LOGIN_FIELDS)
        target = safe_next(form["next"])
        try:
            token = await service.sign_in(
                self._hub,
                email=form["email"],
                password=Secret(form["password"]),
                address=client_address(request),
                replaces=session_token(request),
            )
        except IntegrationsError as error:
            return _again(request, error, partial(_login_page, target, form["email"], error))
        return _enter(token, target)

    async def sign_out(self, request: Request) -> Response:
        found = await signed_in(self._hub, request)
        if found is not None:
            await service.sign_out(self._hub, found.actor)
        response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        clear_session(response)
        return response

    async def switch(self, request: Request) -> Response:
        form = await read_form(request, ("organization",))
        actor = await require_actor(self._hub, request)
        return _enter(await service.switch_organization(self._hub, actor, form["organization"]), HOME)

    async def show_invitation(self, request: Request) -> Response:
        token = request.path_params["token"]
        offer = await invitations.find_offer(self._hub, token)
        return await self._invitation_page(request, token, offer)

    async def accept(self, request: Request) -> Response:
        form = await read_form(request, INVITATION_FIELDS)
        token, hub = form["token"], self._hub
        offer = await invitations.find_offer(hub, token)
        found = await signed_in(hub, request)
        try:
            if found is not None:
                browser = await invitations.accept_signed_in(hub, found.actor, token)
            else:
                browser = await invitations.accept_as_new(
                    hub,
                    token=token,
                    email=form["email"],
                    password=Secret(form["password"]),
                    address=client_address(request),
                )
        except IntegrationsError as error:
            shown = await self._invitation_page(request, token, offer, form["email"], error)
            return _again(request, error, lambda _status, _headers: shown)
        return _enter(browser, HOME)

    async def _invitation_page(
        self, request: Request, token: str, offer: Offer, email: str = "", error: IntegrationsError | None = None
    ) -> Response:
        found = await signed_in(self._hub, request)
        return page(
            "invitation",
            errors.status_of(error) if error else HTTPStatus.OK,
            token=token,
            offer=offer,
            email=email or offer.email,
            signed_in_as=found.actor.email if found else "",
            told=_told(error),
        )


async def _style(_request: Request) -> Response:
    return FileResponse(PAGES / "plain.css", media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


def _setup_page(
    form: dict[str, str],
    error: IntegrationsError | None = None,
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response:
    shown = {"setup_token": "", "organization": "", "email": "", **form, "password": ""}
    return page("setup", status, headers, form=shown, told=_told(error))


def _login_page(
    target: str,
    email: str = "",
    error: IntegrationsError | None = None,
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
    *,
    setup: bool = False,
) -> Response:
    return page("login", status, headers, email=email, next=target, setup=setup, told=_told(error))


def _told(error: IntegrationsError | None) -> dict[str, object]:
    fields = error.fields if isinstance(error, InvalidInput) else {}
    message = "" if error is None else "Check the marked fields." if fields else str(error)
    return {"error": message, "fields": fields}


def _again(request: Request, error: IntegrationsError, show: Callable[[int, dict[str, str]], Response]) -> Response:
    """The form once more with what is wrong, for a browser; the JSON shape for everybody else."""
    if not wants_html(request):
        return errors.error_response(request, error)
    after = error.after if isinstance(error, RateLimited) and error.after else None
    return show(errors.status_of(error), {"Retry-After": str(int(after) + 1)} if after else {})


def _enter(token: str, target: str) -> Response:
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    set_session(response, token)
    return response
