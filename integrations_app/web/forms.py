"""Reads a plain form: small, url-encoded, each known field once."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from starlette.requests import Request

from integrations_app.errors import InvalidInput

MAX_BYTES = 16 * 1024
MAX_FIELDS = 20


async def read_form(request: Request, known: Collection[str]) -> dict[str, str]:
    """The fields of the form, missing ones as empty texts.

    Raises InvalidInput: `form_invalid` for another content type, too many bytes or no UTF-8, `unknown_field` for a
    field that is not `known` or comes twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidInput({}, "Send a plain form.", "form_invalid")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise InvalidInput({}, "The form is too large.", "form_invalid")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidInput({}, "The form cannot be read.", "form_invalid") from None
    odd = [name for name, _ in pairs if name not in known]
    twice = [name for name in known if sum(pair[0] == name for pair in pairs) > 1]
    if odd or twice:
        named = {name[:60]: "This field is not expected here." for name in (*odd, *twice)}
        raise InvalidInput(named, "", "unknown_field")
    return {**dict.fromkeys(known, ""), **dict(pairs)}
