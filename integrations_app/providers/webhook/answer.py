"""Turns an HTTP answer into a small, JSON-clean result without our credentials."""

import base64
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from xml.parsers.expat import ExpatError

import orjson
import xmltodict
from pydantic import Field

from integrations_app.errors import MappingError, Rejected, ResponseRefused
from integrations_app.kit.egress import Reply
from integrations_app.kit.templates import parse
from integrations_app.providers.webhook.client import WebhookClient
from integrations_app.providers.webhook.errors import header_of
from integrations_app.sdk.actions import Result

TEXT_LIMIT = 256 * 1024
FILE_LIMIT = 512 * 1024
JSON_LIMIT = 1024 * 1024
"""As much as a step may give. Values take many times the memory of their text: larger ones are not even parsed."""
XML_LIMIT = 512 * 1024
MAX_FORM_FIELDS = 10_000
EXCERPT = 300
_NO_JSON = object()
_MARGIN = 16 * 1024  # more than a secret is long, so that none is cut in two before it is looked for
_KEPT_BACK = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authenticate"})

# Codecs of the library beyond these escape, compress or take quadratic time.
_CHARSETS = (
    "utf-?8|utf-?16(?:le|be)?|(?:us-)?ascii|iso-8859-(?:[1-9]|1[0135])|latin-?1|windows-125[0-8]"
    "|shift_jis|euc-(?:jp|kr)|gb2312|gbk|gb18030|big5|koi8-[ru]"
)
_CHARSET = re.compile(rf';\s*charset\s*=\s*"?({_CHARSETS})"?\s*(?:;|$)', re.IGNORECASE)


class Answer(Result):
    """What the receiver said. `body` is the parsed value when it is JSON, else the text, of at most 256 KiB.

    Of XML it is an object: elements by name, several of one name a list, attributes with `@`, text beside them `#text`.
    Of form data it is an object too: a name that comes several times has a list. Of a file it holds `base64`,
    `content_type` and `size`; of several pages the list of all items.
    """

    status: int
    ok: bool
    outputs: dict[str, Any] = Field(default_factory=dict)
    body: Any = None
    headers: dict[str, str]
    truncated: bool = False
    pages: int = 1
    milliseconds: int = 0


def to_answer(client: WebhookClient, reply: Reply, parse_as: str = "auto") -> Answer:
    """Read the answer as `auto`, `json`, `xml`, `form`, `text` or `file`. Any 2xx is ok, a redirect is handed back.

    Raises Rejected `not_json`, `not_xml`, `not_form`, and ResponseRefused `response_too_large` for a file, XML and form
    data above 512 KiB and for JSON above 1 MiB.
    """
    if parse_as == "file":
        return _answer(client, reply, _file(reply))
    if parse_as in {"xml", "form"}:
        read = _xml if parse_as == "xml" else _form
        return _answer(client, reply, _redacted(client, read(reply)) if reply.body else None)
    if parse_as == "json" and len(reply.body) > JSON_LIMIT:
        raise ResponseRefused("response_too_large", f"JSON may hold at most {JSON_LIMIT // 1024 // 1024} MiB.")
    text = _text(reply)
    truncated = len(text) > TEXT_LIMIT
    body: Any = client.redact(text[: TEXT_LIMIT + _MARGIN])[:TEXT_LIMIT] or None
    if parse_as == "json" and reply.body:
        body = _parsed(client, text, _NO_JSON)
        if body is _NO_JSON:
            raise Rejected("not_json", f"The answer is not JSON (status {reply.status}).")
        return _answer(client, reply, body)
    if parse_as == "auto" and _says_json(reply) and not truncated:
        body = _parsed(client, text, body)
    return _answer(client, reply, body, truncated=truncated)


def _answer(client: WebhookClient, reply: Reply, body: Any, *, truncated: bool = False) -> Answer:
    return Answer(
        status=reply.status,
        ok=HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES,
        headers=_headers(client, reply),
        body=body,
        truncated=truncated,
    )


def _file(reply: Reply) -> dict[str, Any]:
    if len(reply.body) > FILE_LIMIT:
        raise ResponseRefused("response_too_large", f"A file may hold at most {FILE_LIMIT // 1024} KiB.")
    kind = (header_of(reply, "content-type") or "application/octet-stream").strip()
    return {"base64": base64.b64encode(reply.body).decode(), "content_type": kind, "size": len(reply.body)}


def _xml(reply: Reply) -> Any:
    """Elements as values. A document type with entities is refused: none is looked up, and none multiplies."""
    _require_parsable(reply)
    try:
        value = xmltodict.parse(reply.body)
        orjson.dumps(value)  # what is nested too deeply could not be kept
    except (ExpatError, ValueError, orjson.JSONEncodeError):
        raise Rejected("not_xml", f"The answer is not XML that can be read (status {reply.status}).") from None
    return value


def _form(reply: Reply) -> dict[str, Any]:
    _require_parsable(reply)
    try:
        pairs = parse_qsl(_text(reply), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise Rejected("not_form", f"The answer is not form data that can be read (status {reply.status}).") from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def _require_parsable(reply: Reply) -> None:
    if len(reply.body) > XML_LIMIT:
        raise ResponseRefused("response_too_large", f"XML and form data may hold at most {XML_LIMIT // 1024} KiB.")


def values_of(answer: Answer) -> dict[str, Any]:
    """What paths and conditions read of an answer."""
    return {"status": answer.status, "headers": answer.headers, "body": answer.body}


def at_path(values: Mapping[str, Any], path: str) -> Any:
    """What stands at a path such as `body.items[0].id`; None when it leads nowhere."""
    try:
        return parse("{{" + path + "}}").render(values)
    except MappingError:
        return None


def excerpt(client: WebhookClient, reply: Reply) -> str:
    """Return the beginning of the answer for an error message."""
    return " ".join(client.redact(_text(reply)[:_MARGIN]).split())[:EXCERPT]


def _headers(client: WebhookClient, reply: Reply) -> dict[str, str]:
    pairs = [(name.lower(), client.redact(value)) for name, value in reply.headers]
    return {name: value for name, value in pairs if name not in _KEPT_BACK}


def _text(reply: Reply) -> str:
    """Decode by the charset that is named, when it is one that texts are written in; odd bytes become U+FFFD."""
    charset = _CHARSET.search(header_of(reply, "content-type") or "")
    return reply.body.decode(charset[1] if charset else "utf-8", "replace")


def _says_json(reply: Reply) -> bool:
    kind = (header_of(reply, "content-type") or "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _parsed(client: WebhookClient, text: str, otherwise: Any) -> Any:
    """The value without our credentials, however they were escaped; `otherwise` when it is not JSON after all."""
    try:
        value = json.loads(text, parse_constant=lambda _name: None)
        # Without escapes every text of the value stands in `text` as it is.
        return _redacted(client, value) if "\\" in text or client.redact(text) != text else value
    except (ValueError, RecursionError):
        return otherwise


def _redacted(client: WebhookClient, value: Any) -> Any:
    if isinstance(value, str):
        return client.redact(value)
    if isinstance(value, list):
        value[:] = [_redacted(client, item) for item in value]
    elif isinstance(value, dict):
        pairs = [(client.redact(name), _redacted(client, item)) for name, item in value.items()]
        value.clear()
        value.update(pairs)
    return value
