"""The inbound route: raw bytes read within bounds, judged by the service, answered in constant words."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integrations_app.errors import (
    AddressRefused,
    CredentialUnreadable,
    IntegrationsError,
    InvalidInput,
    NotFound,
    RateLimited,
    Retryable,
    SignatureInvalid,
    VaultSealed,
)
from integrations_app.organizations.hub import Hub
from integrations_app.web.cookies import client_address
from integrations_app.web.reading import BODY_SECONDS, Inflight, Reader, Refused, require_type
from integrations_app.workflows import endpoint_cap, events, inbound
from integrations_app.workflows.app_events import accept_app_event
from integrations_app.workflows.rejections import require_address

PATH = "/api/webhooks/{endpoint_id}"
APP_EVENTS = "/api/integrations/{provider}/events"
APP_PATHS = (APP_EVENTS, "/api/integrations/{provider}/{app_id}/events")
_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(hub: Hub, inflight: Inflight | None = None, seconds: float = BODY_SECONDS) -> list[Route]:
    """The routes of inbound deliveries."""
    counted = inflight or Inflight()

    async def receive(request: Request) -> Response:
        return await _answered(lambda: _receive(hub, request, Reader(counted, seconds)))

    async def receive_app(request: Request) -> Response:
        return await _answered(lambda: _receive_app(hub, request, Reader(counted, seconds)))

    return [
        Route(PATH, receive, methods=["POST"]),
        *(Route(path, receive_app, methods=["POST"]) for path in APP_PATHS),
    ]


async def _receive(hub: Hub, request: Request, reader: Reader) -> Response:
    endpoint_id = request.path_params["endpoint_id"]
    endpoint = await events.find_endpoint(hub, endpoint_id)
    kind = endpoint.kind if endpoint is not None else inbound.NONE
    types, limit = inbound.limits_of(hub.registry, kind)
    if endpoint is not None:
        await require_address(hub, endpoint, client_address(request), _headers(request))
        require_type(request, types)
        await endpoint_cap.admit(hub, endpoint)
    try:
        body = await reader.read(request, limit)
        return _told(await events.accept(hub, endpoint_id, _headers(request), body))
    except (SignatureInvalid, Refused, ClientDisconnect):
        if endpoint is not None:
            endpoint_cap.give_back(endpoint)
        raise


async def _receive_app(hub: Hub, request: Request, reader: Reader) -> Response:
    provider, app_id = request.path_params["provider"], request.path_params.get("app_id")
    types, limit = inbound.limits_of(hub.registry, provider)
    if inbound.preset_of(hub.registry, provider) is not None:
        require_type(request, types)
    body = await reader.read(request, limit)
    return _told(await accept_app_event(hub, provider, app_id, _headers(request), body))


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _told(found: events.Accepted | events.Duplicate) -> Response:
    if isinstance(found, events.Duplicate):
        return _json(200, {"status": "duplicate", "delivery_id": found.delivery_id})
    if found.reply is not None:
        return PlainTextResponse(found.reply, headers=_NO_STORE)
    unused = {"status": "unused"} if found.unused else {}
    return _json(202, {"delivery_id": found.delivery_id, **unused})


async def _answered(work: Callable[[], Awaitable[Response]]) -> Response:
    """Run `work`; whatever it raises becomes a constant body: nothing in it tells one endpoint from another."""
    try:
        return await work()
    except Refused as refused:
        return _error(refused.status, refused.code, refused.message, headers=refused.headers)
    except ClientDisconnect:
        return _error(400, "length_mismatch", "The sender went away before the body was complete.")
    except IntegrationsError as error:
        return _translated(error)


def _translated(error: IntegrationsError) -> Response:
    if isinstance(error, NotFound):
        return _error(404, "not_found", "There is no such endpoint.")
    if isinstance(error, SignatureInvalid):
        return _error(401, error.code, error.message)
    if isinstance(error, AddressRefused):
        return _error(403, error.code, "The endpoint takes no deliveries from this address.")
    if isinstance(error, InvalidInput):
        return _error(400, "body_invalid", "The body cannot be read.", fields=error.fields)
    if isinstance(error, RateLimited):
        return _error(429, error.code, error.message, headers=_after(error))
    if isinstance(error, Retryable):
        return _error(503, error.code, error.message, headers=_after(error))
    if isinstance(error, VaultSealed | CredentialUnreadable):
        return _error(503, error.code, "Nothing can be verified right now.", headers={"Retry-After": "30"})
    raise error


def _after(error: Retryable) -> dict[str, str]:
    return {"Retry-After": str(max(1, round(error.after or 1)))}


def _error(
    status: int, code: str, message: str, *, headers: dict[str, str] | None = None, fields: dict[str, str] | None = None
) -> Response:
    """The documented shape, without an id of its own: equal refusals have equal bytes (the id is in the header)."""
    error: dict[str, object] = {"code": code, "message": message, "request_id": ""}
    if fields:
        error["fields"] = fields
    return _json(status, {"error": error}, headers)


def _json(status: int, content: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(content), status, headers={**_NO_STORE, **(headers or {})}, media_type="application/json"
    )
