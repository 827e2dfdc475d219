"""The body of a call: JSON, a form, parts with files, text or GraphQL, as bytes with their content type."""

import base64
import binascii
import hashlib
import json
import re
from typing import Any
from urllib.parse import urlencode

from integrations_app.errors import InvalidInput
from integrations_app.providers.webhook.client import SAFE_METHODS
from integrations_app.providers.webhook.parameters import FORM, Call

BODY_LIMIT = 5_000_000
_PLAIN = "text/plain; charset=utf-8"
_PART_KEYS = frozenset({"name", "text", "base64", "filename", "content_type"})
_TYPE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

Content = tuple[bytes | None, str]


def content_of(params: Call, operation_id: str) -> Content:
    """The bytes to send and their type; None for no body.

    The same for every attempt of an operation, also where parts are divided. Raises InvalidInput, with
    `input_too_long` above five million bytes.
    """
    content, kind = _KINDS[params.body_kind](params, operation_id)
    if content is not None and len(content) > BODY_LIMIT:
        raise InvalidInput({"body": f"may hold at most {BODY_LIMIT:,} bytes"}, "", "input_too_long")
    return content, kind


def _json_content(params: Call, _operation_id: str) -> Content:
    body, kind = params.body, params.content_type.strip()
    if body is None or (body == "" and params.method in SAFE_METHODS):
        return None, ""
    if kind.lower() == FORM and isinstance(body, dict):
        pairs = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
        return urlencode(pairs).encode(), kind
    if isinstance(body, str):
        return _bytes(body), kind or _PLAIN
    return _json_bytes(body), kind or "application/json"


def _form_content(params: Call, _operation_id: str) -> Content:
    return urlencode(params.form).encode(), params.content_type.strip() or FORM


def _text_content(params: Call, _operation_id: str) -> Content:
    if not params.text and params.method in SAFE_METHODS:
        return None, ""
    return _bytes(params.text), params.content_type.strip() or _PLAIN


def _graphql_content(params: Call, _operation_id: str) -> Content:
    if not params.graphql_query.strip():
        raise InvalidInput({"graphql_query": "is needed"})
    document = {"query": params.graphql_query, "variables": params.graphql_variables}
    return _json_bytes(document), params.content_type.strip() or "application/json"


def _multipart_content(params: Call, operation_id: str) -> Content:
    boundary = f"part-{hashlib.sha256(operation_id.encode()).hexdigest()[:32]}"
    pieces = [_part(part, f"parts.{index}", boundary) for index, part in enumerate(params.parts)]
    if not pieces:
        raise InvalidInput({"parts": "are needed"})
    return b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _part(part: dict[str, str], place: str, boundary: str) -> bytes:
    """One part after RFC 7578, names quoted as browsers do (WHATWG HTML, multipart/form-data encoding)."""
    unknown = sorted(set(part) - _PART_KEYS)
    if unknown:
        raise InvalidInput({f"{place}.{unknown[0]}": "is none of name, text, base64, filename, content_type"})
    if not part.get("name") or ("text" in part) == ("base64" in part):
        raise InvalidInput({place: "needs a name, and either text or base64"})
    disposition = f'form-data; name="{_quoted(part["name"])}"'
    kind = part.get("content_type", "")
    if "filename" in part:
        disposition += f'; filename="{_quoted(part["filename"])}"'
        kind = kind or ("application/octet-stream" if "base64" in part else _PLAIN)
    if kind and not _TYPE.fullmatch(kind):
        raise InvalidInput({f"{place}.content_type": "is not a content type"}, "", "header_invalid")
    lines = [f"--{boundary}", f"Content-Disposition: {disposition}", *([f"Content-Type: {kind}"] if kind else [])]
    content = _bytes(part["text"]) if "text" in part else _decoded(part["base64"], f"{place}.base64")
    if boundary.encode() in content:
        raise InvalidInput({place: "holds the line that divides the parts"})
    return _bytes("\r\n".join(lines)) + b"\r\n\r\n" + content + b"\r\n"


def _quoted(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22").replace("\0", "%00")


def _decoded(text: str, place: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput({place: "is not base64"}) from error


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _json_bytes(body: Any) -> bytes:
    try:
        return _bytes(json.dumps(body, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput({"body": "cannot be written as JSON"}) from error


_KINDS = {
    "json": _json_content,
    "form": _form_content,
    "multipart": _multipart_content,
    "text": _text_content,
    "graphql": _graphql_content,
}
