"""The REST API put together: its calls as one list, the shape of its refusals, its description and its page."""

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.hub import Hub
from integrations_app.web import errors
from integrations_app.web.api import connections, description, events, organization, providers, runs, workflows
from integrations_app.web.api.answers import Refusal
from integrations_app.web.api.calls import PERMISSION, AdmittedRoute, Call
from integrations_app.web.api.docs import docs_page
from integrations_app.web.api.lists import Json
from integrations_app.web.paths import API
from integrations_app.web.reading import Refused

CALLS: tuple[Call, ...] = (
    *providers.CALLS,
    *connections.CALLS,
    *workflows.CALLS,
    *runs.CALLS,
    *events.CALLS,
    *organization.CALLS,
)
ALWAYS = (401, 403, 422, 429, 503)
WITH_BODY = (400, 408, 413, 415)
DONE = {201: "Made.", 202: "Begun.", 204: "Done; there is no more to say."}
_BODIES = frozenset({"POST", "PUT", "PATCH"})


def mount(hub: Hub) -> Mount:
    """The API below its path."""
    return Mount(API, create_api(hub))


def create_api(hub: Hub) -> FastAPI:
    """The API as an application; `hub` answers its calls."""
    app = _bare()
    app.state.hub = hub
    return app


def describe() -> dict[str, Any]:
    """The description of the API in OpenAPI 3.1, the same on every installation."""
    return description.finish(_bare().openapi())


def _bare() -> FastAPI:
    app = FastAPI(
        title="Integrations",
        version="1",
        summary="The REST API of this installation.",
        description=description.WORDS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            IntegrationsError: errors.on_error,
            HTTPException: errors.on_error,
            RequestValidationError: _on_invalid,
            Refused: _on_refused,
            ClientDisconnect: _on_gone,
            Exception: errors.on_error,
        },
    )
    for call in CALLS:
        _add(app, call)
    app.router.routes += [
        Route("/openapi.json", _openapi, methods=["GET"], name="openapi"),
        Route("/docs", _docs, methods=["GET"], name="docs"),
    ]
    return app


def _add(app: FastAPI, call: Call) -> None:
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Refusal, "description": description.MEANINGS[status]} for status in refusals_of(call)
    }
    also: dict[int | str, dict[str, Any]] = {}
    if call.also:
        also[call.also] = {"model": call.gives, "description": "Done."}
    app.router.add_api_route(
        call.path,
        call.handle,
        methods=[call.method],
        response_model=call.gives,
        status_code=call.status,
        response_description=DONE.get(call.status, "Done."),
        responses={**also, **refusals},
        response_class=Json if call.gives else Response,
        operation_id=call.handle.__name__,
        summary=(call.handle.__doc__ or "").partition("\n")[0].rstrip("."),
        description="\n".join((call.handle.__doc__ or "").splitlines()[2:]).strip() or None,
        tags=[call.path.split("/")[1]],
        openapi_extra={PERMISSION: call.needs.value},
        route_class_override=AdmittedRoute,
    )


def refusals_of(call: Call) -> list[int]:
    """Every status with which a call may be refused."""
    named = (404,) if "{" in call.path else ()
    body = WITH_BODY if call.method in _BODIES else ()
    return sorted({*ALWAYS, *named, *body, *call.refusals})


async def _openapi(_request: Request) -> Response:
    return Json(await asyncio.to_thread(description.kept, describe), headers={"Cache-Control": "no-store"})


async def _docs(_request: Request) -> Response:
    return await asyncio.to_thread(lambda: docs_page(description.kept(describe)))


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Map what the models refuse onto the one shape, without what was sent."""
    fields: dict[str, str] = {}
    unknown = False
    for one in error.errors() if isinstance(error, RequestValidationError) else ():
        where = [str(part) for part in one["loc"][1:]]
        words = {"extra_forbidden": "is not known here", "missing": "is needed"}
        fields[".".join(where) or str(one["loc"][0])] = words.get(one["type"], str(one["msg"]))
        unknown = unknown or one["type"] == "extra_forbidden"
    return errors.error_response(request, InvalidInput(fields, "", "unknown_field" if unknown else "invalid_input"))


async def _on_refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    answer = errors.answer(request, error.status, error.code, error.message)
    answer.headers.update(error.headers)
    return answer


async def _on_gone(request: Request, _error: Exception) -> Response:
    words = "The sender went away before the body was complete."
    return errors.answer(request, 400, "length_mismatch", words)
