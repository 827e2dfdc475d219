"""What a workflow can do with a webhook: call it.

Variables in `path_or_url` stand in the address as they are: put `| url_encode` behind one that may hold `/` or `?`.
"""

import json
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.kit.egress import check_user_headers
from integrations_app.providers.webhook.answer import Answer, excerpt, to_answer
from integrations_app.providers.webhook.client import REPEATABLE_METHODS, SAFE_METHODS, WebhookClient
from integrations_app.providers.webhook.errors import to_error
from integrations_app.sdk.actions import Params, Repeat, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Json

BODY_LIMIT = 5_000_000
IDEMPOTENCY_KEY = "Idempotency-Key"
FORM = "application/x-www-form-urlencoded"


class Call(Params):
    """One HTTP call."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = Field(default="POST", title="Method")
    path_or_url: str = Field(
        default="", title="Path or URL", description="A path below the connection's base URL, or a full address there."
    )
    query: dict[str, str] = Field(default={}, title="Query parameters")
    headers: dict[str, str] = Field(default={}, title="Headers")
    body: Annotated[Any, Json()] = Field(
        default=None, title="Body", description="JSON; a text is sent as it is. Not sent with GET and HEAD when empty."
    )
    content_type: str = Field(
        default="",
        title="Content type",
        description=f"When empty: application/json, or text/plain for a text. {FORM} sends an object as a form.",
    )


def repeat_for(params: Call, settings: Any) -> Repeat:
    """Tell whether a call may be repeated.

    GET, HEAD, OPTIONS, PUT and DELETE may (RFC 9110 section 9.2.2), the rest when the receiver ignores a repeated key.
    """
    safe = params.method in REPEATABLE_METHODS or getattr(settings, "honours_idempotency_key", False)
    return Repeat.IDEMPOTENT if safe else Repeat.UNKNOWABLE


@action(repeat=Repeat.UNKNOWABLE, repeat_for=repeat_for)
async def call(params: Call, ctx: ActionContext[WebhookClient]) -> Answer:
    """Call a URL.

    Sends an `Idempotency-Key` that is the same on every attempt. Any 2xx is success; a redirect is handed
    back as the result; other statuses fail the step.
    """
    content, kind = _content(params)
    reply = await ctx.client.call(
        params.method, params.path_or_url, _headers(params, kind, ctx.operation_id), params.query, content
    )
    if reply.status >= HTTPStatus.BAD_REQUEST:
        words = excerpt(ctx.client, reply)
        changes = params.method not in SAFE_METHODS
        raise to_error(reply, words, changes=changes, now=ctx.client.clock())
    return to_answer(ctx.client, reply)


def _headers(params: Call, kind: str, operation_id: str) -> list[tuple[str, str]]:
    headers = check_user_headers(params.headers.items())
    given = {name.lower() for name, _ in headers}
    if kind and "content-type" not in given:
        headers += check_user_headers([("Content-Type", kind)])
    if IDEMPOTENCY_KEY.lower() not in given:
        headers.append((IDEMPOTENCY_KEY, operation_id))
    return headers


def _content(params: Call) -> tuple[bytes | None, str]:
    """The bytes to send and their type; raises InvalidInput, with `input_too_long` above five million bytes."""
    body, kind = params.body, params.content_type.strip()
    if body is None or (body == "" and params.method in SAFE_METHODS):
        return None, ""
    if kind.lower() == FORM and isinstance(body, dict):
        text = urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()})
    elif isinstance(body, str):
        text, kind = body, kind or "text/plain; charset=utf-8"
    else:
        text, kind = _json(body), kind or "application/json"
    content = text.encode("utf-8", "replace")
    if len(content) > BODY_LIMIT:
        raise InvalidInput({"body": f"may hold at most {BODY_LIMIT:,} bytes"}, "", "input_too_long")
    return content, kind


def _json(body: Any) -> str:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput({"body": "cannot be written as JSON"}) from error
