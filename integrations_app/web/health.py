"""Alive, ready, and numbers for Prometheus."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations_app.errors import Forbidden, IntegrationsError, VaultSealed
from integrations_app.organizations import tokens
from integrations_app.organizations.hub import Hub
from integrations_app.settings import is_loopback
from integrations_app.web import errors
from integrations_app.web.cookies import bearer_token, client_address

Probe = Callable[[], Awaitable[None]]
"""Returns when its part can work; raises an error of the tree, whose code and message are shown, when not."""


def standard_probes(hub: Hub) -> dict[str, Probe]:
    """The database answers, and the vault is open."""

    async def database() -> None:
        await hub.database.read(lambda session: session.execute(select(1)).scalar_one())

    async def key() -> None:
        if hub.keyring.sealed:
            raise VaultSealed(hub.keyring.sealed)

    return {"database": database, "key": key}


def routes(hub: Hub, probes: Mapping[str, Probe]) -> list[Route]:
    """`/healthz`, `/readyz`, `/metrics`; `probes` are asked beside the standard ones, e.g. `engine`."""
    asked = {**standard_probes(hub), **probes}

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        failed: dict[str, IntegrationsError] = {}
        for name, probe in asked.items():
            try:
                await probe()
            except IntegrationsError as error:
                failed[name] = error
        if not failed:
            return JSONResponse({"status": "ready", "checks": dict.fromkeys(asked, "ok")})
        first = next(iter(failed.values()))
        message = "; ".join(f"{name}: {error.message or error.code}" for name, error in failed.items())
        fields = {name: error.code for name, error in failed.items()}
        return errors.answer(request, 503, first.code, message, fields=fields)

    async def metrics(request: Request) -> Response:
        if not _is_this_machine(request):
            await _require_token(hub, request)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


def _is_this_machine(request: Request) -> bool:
    # A proxy on this machine is a loopback peer too; it says for whom it asks.
    peer = request.client.host if request.client else ""
    return is_loopback(peer) and "x-forwarded-for" not in request.headers and "forwarded" not in request.headers


async def _require_token(hub: Hub, request: Request) -> None:
    """Whatever its role: the numbers name nobody. Raises Forbidden without one, Unauthenticated for a wrong one."""
    if "authorization" not in request.headers:
        raise Forbidden("forbidden", "Metrics are for this machine, or for whoever sends an API token.")
    await tokens.require(hub, bearer_token(request), client_address(request))
