"""Turns an HTTP answer into a small, JSON-clean result without our credentials."""

import json
from typing import Any

import httpx

from integrations_app.providers.webhook.client import WebhookClient
from integrations_app.sdk.actions import Result

TEXT_LIMIT = 256 * 1024
EXCERPT = 300
_MARGIN = 16 * 1024  # more than a secret is long, so that none is cut in two before it is looked for
_KEPT_BACK = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authenticate"})


class Answer(Result):
    """What the receiver said. `body` is the parsed value when it is JSON, else the text, of at most 256 KiB."""

    status: int
    ok: bool
    headers: dict[str, str]
    body: Any = None
    truncated: bool = False


def to_answer(client: WebhookClient, response: httpx.Response) -> Answer:
    """Read the answer. Any 2xx is ok; a redirect is handed back as it is, not followed."""
    text = _text(response)
    truncated = len(text) > TEXT_LIMIT
    body: Any = client.redact(text[: TEXT_LIMIT + _MARGIN])[:TEXT_LIMIT] or None
    if _says_json(response) and not truncated:
        body = _parsed(client, text, body)
    return Answer(
        status=response.status_code,
        ok=response.is_success,
        headers={name: client.redact(value) for name, value in response.headers.items() if name not in _KEPT_BACK},
        body=body,
        truncated=truncated,
    )


def excerpt(client: WebhookClient, response: httpx.Response) -> str:
    """Return the beginning of the answer for an error message."""
    return " ".join(client.redact(_text(response)[:_MARGIN]).split())[:EXCERPT]


def _text(response: httpx.Response) -> str:
    try:
        return response.content.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:  # a charset nobody knows
        return response.content.decode("utf-8", "replace")


def _says_json(response: httpx.Response) -> bool:
    kind = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _parsed(client: WebhookClient, text: str, otherwise: Any) -> Any:
    """The value without our credentials, however they were escaped; `otherwise` when it is not JSON after all."""
    try:
        return _redacted(client, json.loads(text, parse_constant=lambda _name: None))
    except (ValueError, RecursionError):
        return otherwise


def _redacted(client: WebhookClient, value: Any) -> Any:
    if isinstance(value, str):
        return client.redact(value)
    if isinstance(value, list):
        return [_redacted(client, item) for item in value]
    if isinstance(value, dict):
        return {client.redact(name): _redacted(client, item) for name, item in value.items()}
    return value
