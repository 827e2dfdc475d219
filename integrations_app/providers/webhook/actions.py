"""What a workflow can do with a webhook: call it.

Variables in `path_or_url` stand in the address as they are: put `| url_encode` behind one that may hold `/` or `?`.
"""

import asyncio
import time
from http import HTTPStatus
from typing import Any

from integrations_app.errors import MappingError, ReconnectRequired, Rejected, ResponseRefused
from integrations_app.kit.egress import Reply, check_user_headers
from integrations_app.kit.templates import parse_condition
from integrations_app.providers.webhook.answer import Answer, at_path, excerpt, to_answer, values_of
from integrations_app.providers.webhook.client import (
    LARGEST_ANSWER,
    REPEATABLE_METHODS,
    SAFE_METHODS,
    Outgoing,
    WebhookClient,
)
from integrations_app.providers.webhook.content import content_of
from integrations_app.providers.webhook.curl import inputs_from_curl, to_curl
from integrations_app.providers.webhook.errors import Again, answered, to_error
from integrations_app.providers.webhook.pages import Page, Pager
from integrations_app.providers.webhook.parameters import Call
from integrations_app.providers.webhook.statuses import holds, parse_statuses
from integrations_app.sdk.actions import Paste, Preview, Repeat, action
from integrations_app.sdk.context import ActionContext

LARGE = 64 * 1024


def repeat_for(params: Call, settings: Any) -> Repeat:
    """Tell whether a call may be repeated.

    GET, HEAD, OPTIONS, PUT and DELETE may (RFC 9110 section 9.2.2), the rest when the receiver ignores a repeated key.
    """
    safe = params.method in REPEATABLE_METHODS or getattr(settings, "honours_idempotency_key", False)
    return Repeat.IDEMPOTENT if safe else Repeat.UNKNOWABLE


def preview(params: Call, ctx: ActionContext[WebhookClient]) -> Preview:
    """The request as it would leave, without its secrets. Raises what `call` raises before it sends."""
    page = Page(params.path_or_url, params.query) if params.paginate == "none" else Pager(params).first()
    outgoing = _outgoing(params, ctx, page)
    body = (outgoing.content or b"").decode("utf-8", "replace")
    return Preview(outgoing.method, outgoing.shown_url, outgoing.shown_headers, body, to_curl(outgoing))


@action(
    repeat=Repeat.UNKNOWABLE,
    repeat_for=repeat_for,
    preview=preview,
    paste=Paste("curl command", inputs_from_curl),
)
async def call(params: Call, ctx: ActionContext[WebhookClient]) -> Answer:
    """Call a URL.

    Sends an idempotency key that is the same on every attempt. Any 2xx is success; a redirect is handed
    back as the result; other statuses fail the step. The step can say otherwise.
    """
    began = time.perf_counter()
    answer = await (_all_pages(params, ctx) if params.paginate != "none" else _one_page(params, ctx))
    values = values_of(answer)
    outputs = {name: at_path(values, path) for name, path in params.outputs.items()}
    took = round((time.perf_counter() - began) * 1000)
    return answer.model_copy(update={"outputs": outputs, "milliseconds": took})


async def _one_page(params: Call, ctx: ActionContext[WebhookClient]) -> Answer:
    return await _asked(params, ctx, _outgoing(params, ctx, Page(params.path_or_url, params.query)))


async def _all_pages(params: Call, ctx: ActionContext[WebhookClient]) -> Answer:
    pager, before = Pager(params), ctx.client.received
    page: Page | None = pager.first()
    while page is not None:
        outgoing = _outgoing(params, ctx, page)
        answer = await _asked(params, ctx, outgoing)
        if not answer.ok:  # only when the step goes on whatever the answer is
            return answer
        try:
            page = pager.take(answer, outgoing.shown_url, enough=ctx.client.received - before >= LARGEST_ANSWER)
        except Rejected:
            if not params.never_fail:
                raise
            return answer.model_copy(update={"ok": False})
    return answer.model_copy(update={"body": pager.items, "pages": pager.pages, "truncated": pager.truncated})


def _outgoing(params: Call, ctx: ActionContext[WebhookClient], page: Page) -> Outgoing:
    content, kind = content_of(params, ctx.operation_id)
    headers = _headers(params, kind, ctx.client.settings.idempotency_header, ctx.operation_id)
    return ctx.client.prepare(params.method, page.address, headers, page.query, content, ctx.operation_id)


def _headers(params: Call, kind: str, key_header: str, operation_id: str) -> list[tuple[str, str]]:
    headers = check_user_headers(params.headers.items())
    given = {name.lower() for name, _ in headers}
    if kind and "content-type" not in given:
        headers += check_user_headers([("Content-Type", kind)])
    if key_header.lower() not in given:
        headers.append((key_header, operation_id))
    return headers


async def _asked(params: Call, ctx: ActionContext[WebhookClient], outgoing: Outgoing) -> Answer:
    client = ctx.client
    again = Again(
        parse_statuses(params.retry_statuses),
        lost=params.retry_lost,
        changes=params.method not in SAFE_METHODS,
        repeatable=repeat_for(params, client.settings) is Repeat.IDEMPOTENT,
    )
    with answered(again):
        reply = await client.send(outgoing, redirects=params.redirects, limit=params.largest)
    if reply.status == HTTPStatus.UNAUTHORIZED and client.has_token:
        raise ReconnectRequired("The address does not accept the access token.", "token_refused")
    if not _is_success(params, reply):
        error = to_error(reply, excerpt(client, reply), again, client.clock())
        if not params.never_fail:
            raise error
        return (await _read(client, reply, "auto")).model_copy(update={"ok": False})
    try:
        answer = await _read(client, reply, params.parse_as)
    except (Rejected, ResponseRefused):
        if not params.never_fail:
            raise
        return (await _read(client, reply, "auto")).model_copy(update={"ok": False})
    return _judged(params, answer)


async def _read(client: WebhookClient, reply: Reply, parse_as: str) -> Answer:
    """Large answers are read in a thread: to parse them and look for secrets takes longer than the loop should wait."""
    if len(reply.body) < LARGE:
        return to_answer(client, reply, parse_as)
    return await asyncio.to_thread(to_answer, client, reply, parse_as)


def _is_success(params: Call, reply: Reply) -> bool:
    statuses = parse_statuses(params.success)
    return holds(statuses, reply.status) if statuses else reply.status < HTTPStatus.BAD_REQUEST


def _judged(params: Call, answer: Answer) -> Answer:
    """Look at what a successful status brought; raises Rejected `unsuccessful` or `graphql_error`."""
    if params.success:
        answer = answer.model_copy(update={"ok": True})
    refusal = _refusal(params, answer)
    if refusal is None:
        return answer
    if params.never_fail:
        return answer.model_copy(update={"ok": False})
    raise refusal


def _refusal(params: Call, answer: Answer) -> Rejected | None:
    if params.body_kind == "graphql" and isinstance(answer.body, dict) and answer.body.get("errors"):
        said = at_path(values_of(answer), "body.errors[0].message")
        return Rejected("graphql_error", f"The answer names an error: {str(said or 'without a message')[:300]}")
    if not params.success_when.strip():
        return None
    try:
        held = parse_condition(params.success_when).evaluate(values_of(answer))
    except MappingError:
        held = False
    if held:
        return None
    return Rejected("unsuccessful", f"The answer (status {answer.status}) does not fit: {params.success_when[:200]}")
