"""JSON control of the sandbox for tests and people on this machine; described in the package's docstring."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from integrations_app.sandbox.control_calls import WrongCall, body_of, checked
from integrations_app.sandbox.emulation import AnyToken, Emulation
from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.world import World

Json = dict[str, Any]


async def reset(request: Request) -> Response:
    """Back to the seed."""
    request.state.world.reset()
    return JSONResponse({"ok": True})


async def settings(request: Request) -> Response:
    """See or change the settings."""
    world: World = request.state.world
    if request.method == "PATCH":
        for key, before in world.settings.change(await body_of(request)).items():
            EMULATIONS[key].settings_changed(world, before)
    return JSONResponse(world.settings.as_dict())


async def faults(request: Request) -> Response:
    """List, plant or remove faults."""
    world: World = request.state.world
    if request.method == "POST":
        world.faults.plant(await body_of(request))
    if request.method == "DELETE":
        world.faults.clear()
    return JSONResponse({"faults": world.faults.as_list()}, 201 if request.method == "POST" else 200)


async def journal(request: Request) -> Response:
    """The requests received so far."""
    world: World = request.state.world
    if request.method == "DELETE":
        world.journal.clear()
    query = request.query_params
    return JSONResponse({"requests": world.journal.as_list(query.get("vendor", ""), query.get("path", ""))})


async def settle(request: Request) -> Response:
    """Wait for deliveries under way."""
    await request.state.world.courier.settle()
    return JSONResponse({"ok": True})


def _vendor(body: Json) -> Emulation[Any]:
    found = EMULATIONS.get(str(body.get("vendor", "")))
    if found is None:
        raise WrongCall(f"vendor is {', '.join(list(EMULATIONS)[:-1])} or {list(EMULATIONS)[-1]}")
    return found


async def register_app(request: Request) -> Response:
    """Register another OAuth app."""
    world: World = request.state.world
    body = await body_of(request)
    vendor = _vendor(body)
    client_id, secret = (str(body.get(name, "")) for name in ("client_id", "client_secret"))
    if not client_id or not secret:
        raise WrongCall("client_id and client_secret must be given")
    app = App(vendor.key, client_id, secret, str(body.get("name", client_id)), list(body.get("redirect_uris", [])))
    app.app_id, app.signing_secret, app.request_url = (
        str(body.get(name, "")) for name in ("app_id", "signing_secret", "request_url")
    )
    world.apps[(vendor.key, client_id)] = app
    vendor.app_registered(world, app)
    return JSONResponse({"client_id": client_id, "app_id": app.app_id}, 201)


async def hand_out(request: Request) -> Response:
    """A token without a consent page."""
    body = await body_of(request)
    handed = _vendor(body).hand_out(request.state.world, str(body.get("account") or ""), body.get("scopes"))
    return JSONResponse(handed, 201)


def _chosen(world: World, vendor: Emulation[Any], body: Json) -> list[AnyToken]:
    """The tokens that `token`, `account` or `all` name."""
    value, account, every = body.get("token"), body.get("account"), body.get("all") is True
    if not value and not account and not every:
        raise WrongCall("token, account or all must be given")
    return [one for one in vendor.tokens(world) if every or one.value == value or vendor.account_of(one) == account]


async def expire(request: Request) -> Response:
    """Let tokens expire now; with `refresh: true` their refresh tokens die too."""
    world: World = request.state.world
    body = await body_of(request)
    vendor = _vendor(body)
    chosen = _chosen(world, vendor, body)
    for token in chosen:
        token.expires_at = world.clock()
        if body.get("refresh") is True:
            vendor.end_refresh(world, token)
    return JSONResponse({"expired": len(chosen)})


async def revoke(request: Request) -> Response:
    """Revoke tokens as if a person did it at the vendor, with the vendor's events."""
    world: World = request.state.world
    body = await body_of(request)
    vendor = _vendor(body)
    web = f"{request.state.base}/{vendor.key}"
    count = vendor.revoke(world, web, _chosen(world, vendor, body), body.get("uninstall") is True)
    return JSONResponse({"revoked": count})


routes: list[BaseRoute] = [
    Route("/reset", checked(reset), methods=["POST"]),
    Route("/settings", checked(settings), methods=["GET", "PATCH"]),
    Route("/faults", checked(faults), methods=["GET", "POST", "DELETE"]),
    Route("/journal", checked(journal), methods=["GET", "DELETE"]),
    Route("/settle", checked(settle), methods=["POST"]),
    Route("/apps", checked(register_app), methods=["POST"]),
    Route("/tokens", checked(hand_out), methods=["POST"]),
    Route("/expire", checked(expire), methods=["POST"]),
    Route("/revoke", checked(revoke), methods=["POST"]),
    *(Mount(f"/{one.key}", routes=one.control) for one in EMULATIONS.values() if one.control),
]
