"""Replies: what a workflow may answer the sender of a delivery, judged before it is published and when it runs.

A browser may read the answer at the product's own origin, so it can be no page: HTML and its kin are refused, and the
route forbids scripts whatever comes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.workflows.definition import AnswerStep
from integrations_app.workflows.mapping import render
from integrations_app.workflows.storable import storable_json

MAX_BODY = 256 * 1024
MAX_HEADERS, MAX_HEADER_CHARS = 20, 1000
CONTENT_TYPE = "content-type"
TEXT, JSON = "text/plain; charset=utf-8", "application/json"
_LOWEST, _HIGHEST = 200, 599
_BODYLESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED})
_NAME = re.compile(r"x-[a-z0-9-]{1,60}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}(; ?charset=utf-8)?")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_PAGES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
_OURS = ("x-accel-", "x-sendfile", "x-lighttpd-", "x-litespeed-", "x-forwarded-", "x-real-")
"""A proxy in front may take its orders from headers like these."""
_GUARDS = frozenset(
    {
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
        "x-permitted-cross-domain-policies",
        "x-dns-prefetch-control",
        "x-request-id",
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What cannot be answered so: where (`headers.x-a`), a code, and why."""

    path: str
    code: str
    message: str


def body_tree(body: Any) -> Any:
    """The body as a tree whose leaves are templates: an object or list written as JSON text is one."""
    if isinstance(body, str) and _looks_like_json(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return body
    return body


def _looks_like_json(text: str) -> bool:
    """Whether it begins like an object or a list, and not with a variable."""
    return text.lstrip().startswith(("{", "[")) and not text.lstrip().startswith("{{")


def known_wrongs(step: AnswerStep) -> Iterator[Wrong]:
    """What is wrong in an answer before anything is filled in."""
    if isinstance(step.status, int) or not _is_filled_in(step.status):
        yield from _status_wrongs(step.status, has_body=step.body not in (None, ""))
    yield from _header_wrongs(step.headers, skip=_is_filled_in)
    tree = body_tree(step.body)
    if isinstance(tree, str) and _looks_like_json(tree) and _is_json(_type_of(step.headers, JSON)):
        words = 'is not JSON. Put variables in quotes ("{{ … }}"): one that stands alone keeps its kind'
        yield Wrong("body", "body_invalid", words)


def compose(step: AnswerStep, values: Mapping[str, object]) -> Reply:
    """Fill in the answer.

    MappingError names what is not there; InvalidInput `status_invalid`, `header_invalid`, `content_type_refused` or
    `body_too_large` what cannot be answered.
    """
    _raise(_header_wrongs(step.headers, skip=lambda _unfilled: True))
    status = _filled("status", step.status, values)
    headers = {name.lower(): _line(_filled(f"headers.{name}", text, values)) for name, text in step.headers.items()}
    body = _filled("body", body_tree(step.body), values)
    _raise(_header_wrongs(headers))
    text = _written(body, headers)
    _raise(_status_wrongs(status, has_body=bool(text)))
    if len(text.encode()) > MAX_BODY:
        raise InvalidInput({"body": "is larger than 256 KiB"}, "", "body_too_large")
    usual = TEXT if isinstance(body, str) else JSON
    return Reply(int(str(status)), ({CONTENT_TYPE: usual} if text else {}) | headers, text)


def _filled(place: str, raw: Any, values: Mapping[str, object]) -> Any:
    try:
        return storable_json(render(raw, None, values))
    except MappingError as error:
        raise MappingError({place: "; ".join(f"{path} {why}" for path, why in error.fields.items())}) from None


def _written(body: Any, headers: Mapping[str, str]) -> str:
    """The body as text: JSON is always whole JSON, whatever a variable held."""
    if body is None or body == "":
        return ""
    if isinstance(body, str) and not _is_json(_type_of(headers, TEXT)):
        return body
    return orjson.dumps(body).decode()


def _status_wrongs(status: Any, *, has_body: bool) -> Iterator[Wrong]:
    text = str(status)
    fits = not isinstance(status, bool) and re.fullmatch(r"[0-9]{3}", text) and _LOWEST <= int(text) <= _HIGHEST
    if not fits:
        yield Wrong("status", "status_invalid", f"is a number from {_LOWEST} to {_HIGHEST}")
    elif int(text) in _BODYLESS and has_body:
        yield Wrong("body", "status_invalid", f"must be empty: an answer with status {text} has none")


def _header_wrongs(headers: Mapping[str, str], skip: Callable[[str], bool] = lambda _value: False) -> Iterator[Wrong]:
    if len(headers) > MAX_HEADERS:
        yield Wrong("headers", "header_invalid", f"are at most {MAX_HEADERS}")
    if len({name.lower() for name in headers}) < len(headers):
        yield Wrong("headers", "header_invalid", "name one header twice")
    for name, value in headers.items():
        yield from _one_header(f"headers.{name}", name.lower(), value, skip=skip(value))


def _one_header(path: str, name: str, value: str, *, skip: bool) -> Iterator[Wrong]:
    free = _NAME.fullmatch(name) and name not in _GUARDS and not name.startswith(_OURS)
    if name != CONTENT_TYPE and not free:
        yield Wrong(path, "header_invalid", "cannot be set: only Content-Type and headers of your own (X-…)")
    elif skip:
        return
    elif len(value) > MAX_HEADER_CHARS or not _VALUE.fullmatch(value):
        yield Wrong(path, "header_invalid", f"has 1 to {MAX_HEADER_CHARS} plain characters on one line")
    elif name == CONTENT_TYPE:
        yield from _type_wrongs(path, value.lower())


def _type_wrongs(path: str, value: str) -> Iterator[Wrong]:
    kind = value.partition(";")[0].strip()
    if kind in _PAGES or kind.startswith("multipart/"):
        yield Wrong(path, "content_type_refused", f"cannot be {kind}: an answer is never a page")
    elif not _TYPE.fullmatch(value):
        yield Wrong(path, "header_invalid", "is a type such as application/json or text/plain; charset=utf-8")


def _type_of(headers: Mapping[str, str], usual: str) -> str:
    return next((value.lower() for name, value in headers.items() if name.lower() == CONTENT_TYPE), usual)


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip()
    return kind == JSON or kind.endswith("+json")


def _is_filled_in(text: str) -> bool:
    return "{{" in text


def _line(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _raise(wrongs: Iterator[Wrong]) -> None:
    first = next(wrongs, None)
    if first is not None:
        raise InvalidInput({first.path: first.message}, "", first.code)
