"""Judges outgoing header names, values and methods, so that no value can add a header or a request."""

import re
from collections.abc import Iterable

from integrations_app.errors import InvalidInput

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_FORBIDDEN = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"}
)


def _invalid(field: str, why: str) -> InvalidInput:
    return InvalidInput({field: why}, "", "header_invalid")


def check_method(method: str) -> str:
    """Return the method in upper case; raise InvalidInput `header_invalid` unless it is a plain token."""
    if not re.fullmatch(r"[A-Za-z]{1,20}", method) or method.upper() in {"CONNECT", "TRACE"}:
        raise _invalid("method", "is not an HTTP method that may be sent")
    return method.upper()


def check_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs when every one may be sent as it is.

    Raises InvalidInput with code `header_invalid` for line breaks, NUL, leading or trailing blanks,
    characters outside ASCII, names that are no tokens, too many or too long headers. No value is
    repeated in the error.
    """
    pairs = list(headers)
    if len(pairs) > MAX_HEADERS or sum(len(name) + len(value) for name, value in pairs) > MAX_HEADER_BYTES:
        raise _invalid("headers", "are too many or too long")
    for name, value in pairs:
        if not _TOKEN.fullmatch(name):
            raise _invalid("headers", "contain a name that is not a token")
        if not _VALUE.fullmatch(value):
            raise _invalid(f"headers.{name}", "may only hold visible ASCII characters and inner blanks")
    return pairs


def check_user_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Like `check_headers`, and refuse those that only the door may set (Host, Content-Length, Proxy-*, ...)."""
    pairs = check_headers(headers)
    for name, _ in pairs:
        if is_forbidden(name):
            raise _invalid(f"headers.{name}", "is set by the door and cannot be given")
    return pairs


def is_forbidden(name: str) -> bool:
    """True for headers that frame or route the message and therefore belong to the door alone."""
    return name.lower() in _FORBIDDEN or name.lower().startswith("proxy-")
