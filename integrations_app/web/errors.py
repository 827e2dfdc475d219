"""Answers for errors: one JSON shape for programs, one plain page for people, a request id in both."""

import html
import logging
import math
import secrets
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations_app import errors
from integrations_app.errors import IntegrationsError
from integrations_app.web.render import message_page, wants_html

_log = logging.getLogger(__name__)
REQUEST_ID_BYTES = 8
MAX_FIELDS, MAX_PATH, MAX_MESSAGE = 20, 200, 2000
"""What an answer tells of input that is wrong all over; the rest comes to light when that is mended."""

# The first that fits counts, so a class stands before its parents.
_STATUSES: tuple[tuple[type[IntegrationsError], int], ...] = (
    (errors.InvalidInput, 422),
    (errors.Rejected, 422),
    (errors.EgressDenied, 422),
    (errors.Unauthenticated, 401),
    (errors.SignatureInvalid, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.ReconnectRequired, 409),
    (errors.MissingScope, 409),
    (errors.CredentialUnreadable, 409),
    (errors.RateLimited, 429),
    (errors.OutcomeUnknown, 502),
    (errors.ResponseRefused, 502),
    (errors.Retryable, 503),
    (errors.VaultSealed, 503),
)
_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    421: "wrong_host",
}
_INTERNAL = "Something went wrong on our side. It has been logged."


def status_of(error: IntegrationsError) -> int:
    """The HTTP status that belongs to an error of the tree; 500 for one that should not have come here."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def request_id(scope: Scope) -> str:
    """The id of the request, given to it by `Answers`; a new one outside of it."""
    return str(scope.setdefault("state", {}).setdefault("request_id", secrets.token_hex(REQUEST_ID_BYTES)))


def error_response(request: Request, error: IntegrationsError) -> Response:
    """The answer to `error`: a page for a browser that navigates, JSON for everybody else."""
    status = status_of(error)
    message = error.message if status != 500 else _INTERNAL  # noqa: PLR2004
    if isinstance(error, errors.VaultSealed):
        message = "The vault is sealed: the encryption key is missing or does not fit this database."
    code = error.code if status != 500 else "internal_error"  # noqa: PLR2004
    given = list(error.fields.items())[:MAX_FIELDS] if isinstance(error, errors.InvalidInput) else ()
    fields = {path[:MAX_PATH]: why for path, why in given}
    after = error.after if isinstance(error, errors.Retryable) else None
    return answer(request, status, code, message[:MAX_MESSAGE], fields=fields, after=after)


def answer(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    fields: dict[str, str] | None = None,
    after: float | None = None,
) -> Response:
    """An error in the documented shape; `after` becomes Retry-After in whole seconds."""
    headers = {"Cache-Control": "no-store"}
    if after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(after)))
    if wants_html(request):
        return message_page(status, code, message, request_id(request.scope), headers)
    body: dict[str, Any] = {"code": code, "message": message, "request_id": request_id(request.scope)}
    if fields:
        body["fields"] = fields
    return JSONResponse({"error": body}, status, headers)


async def on_error(request: Request, error: Exception) -> Response:
    """Exception handler for Starlette: errors of the tree, HTTP errors of the router, anything else."""
    if isinstance(error, IntegrationsError):
        if status_of(error) == 500:  # noqa: PLR2004
            _log.error("request %s failed: %s", request_id(request.scope), error.code, exc_info=error)
        return error_response(request, error)
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "http_error")
        told = answer(request, error.status_code, code, html.escape(str(error.detail)))
        told.headers.update(error.headers or {})
        return told
    _log.error("request %s failed", request_id(request.scope), exc_info=error)
    return answer(request, 500, "internal_error", _INTERNAL)


class Answers:
    """Outermost: gives every request an id and turns whatever is raised below into an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; an error after the answer has begun can only be logged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = request_id(scope)
        begun = False

        async def stamped(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", []), (b"x-request-id", given.encode())]
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        except Exception as error:  # noqa: BLE001 - the edge: nothing may leave as a stack trace
            if begun:
                _log.error("request %s failed after its answer had begun", given, exc_info=error)
                return
            response = await on_error(Request(scope), error)
            await response(scope, receive, stamped)
