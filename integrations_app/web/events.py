"""The inbound route: raw bytes read within bounds, judged by the service, answered in constant words."""

import logging
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
from integrations_app.web.reading import BODY_SECONDS, Inflight, Place, Reader, Refused, Waiting, require_type
from integrations_app.workflows import answers, endpoint_cap, events, inbound
from integrations_app.workflows.app_events import accept_app_event
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.models import FINISHED, RunStatus
from integrations_app.workflows.rejections import require_address

_log = logging.getLogger(__name__)

PATH = "/api/webhooks/{endpoint_id}"
APP_EVENTS = "/api/integrations/{provider}/events"
APP_PATHS = (APP_EVENTS, "/api/integrations/{provider}/{app_id}/events")
_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(
    hub: Hub, inflight: Inflight | None = None, seconds: float = BODY_SECONDS, waiting: Waiting | None = None
) -> list[Route]:
    """The routes of inbound deliveries."""
    counted, waiters = inflight or Inflight(), waiting or Waiting()

    async def receive(request: Request) -> Response:
        return await _answered(lambda: _receive(hub, request, Reader(counted, seconds), waiters))

    async def receive_app(request: Request) -> Response:
        return await _answered(lambda: _receive_app(hub, request, Reader(counted, seconds)))

    return [
        Route(PATH, receive, methods=["POST"]),
        *(Route(path, receive_app, methods=["POST"]) for path in APP_PATHS),
    ]


async def _receive(hub: Hub, request: Request, reader: Reader, waiters: Waiting) -> Response:
    endpoint_id = request.path_params["endpoint_id"]
    endpoint = await events.find_endpoint(hub, endpoint_id)
    kind = endpoint.kind if endpoint is not None else inbound.NONE
    types, limit = inbound.limits_of(hub.registry, kind)
    if endpoint is not None:
        await require_address(hub, endpoint, client_address(request), _headers(request))
        require_type(request, types)
        await endpoint_cap.admit(hub, endpoint)
    with waiters.place(endpoint.organization_id if endpoint is not None else "", endpoint_id) as place:
        try:
            found = await _taken(hub, request, reader, limit, place)
        except (SignatureInvalid, Refused, ClientDisconnect):
            if endpoint is not None:
                endpoint_cap.give_back(endpoint)
            raise
        if endpoint is None or not endpoint.answer_seconds:
            return _told(found)
        return await _answer_of_runs(hub, endpoint, found, waits=place.taken)


async def _taken(
    hub: Hub, request: Request, reader: Reader, limit: int, place: Place
) -> events.Accepted | events.Duplicate:
    """Read the body and accept it. It is gone when this returns: many may wait afterwards, each for long."""
    body = await reader.read(request, limit)
    endpoint_id = request.path_params["endpoint_id"]
    return await events.accept(hub, endpoint_id, _headers(request), body, waits=place.take)


async def _answer_of_runs(
    hub: Hub, endpoint: OpenEndpoint, found: events.Accepted | events.Duplicate, *, waits: bool
) -> Response:
    try:
        given = await _given(hub, endpoint, found, waits=waits)
    except IntegrationsError as error:  # it is accepted: an error would make the sender send it again
        _log.warning("the answer of a run could not be read (%s): its sender gets none", error.code)
        given = None
    return _outcome(found, given) if given is not None else _told(found)


async def _given(
    hub: Hub, endpoint: OpenEndpoint, found: events.Accepted | events.Duplicate, *, waits: bool
) -> answers.Outcome | None:
    """What the runs of the delivery answered, when somebody waits for it or it was said before."""
    organization, seconds = endpoint.organization_id, endpoint.answer_seconds
    if isinstance(found, events.Duplicate):
        if not found.same:
            return None
        known = await answers.first_given(hub, organization, found.event_id, seconds if waits else 0)
        return known if known is not None and known.rests else None
    if not waits or not found.run_ids:
        return None
    return await answers.wait(hub, organization, found.event_id, found.run_ids, seconds)


def _outcome(found: events.Accepted | events.Duplicate, given: answers.Outcome) -> Response:
    """What the runs answered; of runs that answered nothing, whether they went well and nothing else."""
    if given.reply is not None:
        headers = {**given.reply.headers, **_NO_STORE, "Content-Security-Policy": "sandbox"}
        return Response(given.reply.body, given.reply.status, headers=headers)
    failed = next((run_id for run_id, status in given.runs if status == RunStatus.FAILED), None)
    if failed is not None and given.rests:
        return _json(502, {**_body("run_failed", "The workflow failed."), "run_id": failed})
    run_id, status = given.runs[0]
    if all(status in FINISHED for _, status in given.runs):
        return _json(200, {"run_id": run_id, "status": status})
    return _json(202, {"delivery_id": found.delivery_id, "run_id": run_id})


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
    return _json(status, _body(code, message, fields), headers)


def _body(code: str, message: str, fields: dict[str, str] | None = None) -> dict[str, object]:
    error: dict[str, object] = {"code": code, "message": message, "request_id": ""}
    if fields:
        error["fields"] = fields
    return {"error": error}


def _json(status: int, content: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(content), status, headers={**_NO_STORE, **(headers or {})}, media_type="application/json"
    )
