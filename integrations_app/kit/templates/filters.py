"""The closed list of filters: pure functions from a JSON value to a JSON value."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from integrations_app.kit.templates.values import (
    MAX_OUTPUT_BYTES,
    MISSING,
    Budget,
    Unfit,
    describe,
    measure,
    text_size,
    to_text,
    write_json,
)

# Without width and flags: glibc would pad a number to any width asked for.
_DATE_FORMAT = re.compile(r"(?:[^%]|%[aAbBdDeFfHIjmMpSTuVyYzZ%]){0,100}", re.DOTALL)
_UNIX_SECONDS = re.compile(r"-?\d{1,12}(\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a filter does, with `least` to `most` arguments.

    `check` refuses bad literal arguments when the template is parsed; `weight` compares the filter's time
    with that of the others (0: it does not walk through the value).
    """

    apply: Callable[..., object]
    least: int = 0
    most: int = 0
    check: Callable[..., None] | None = None
    weight: int = 1


def _default(value: object, fallback: object) -> object:
    """`fallback` for what is missing, null or empty; false and 0 are values and stay."""
    return fallback if value in (MISSING, None, "", [], {}) else value


def _json(value: object) -> str:
    return write_json(value)


def _join(value: object, separator: object = " ") -> str:
    if not isinstance(value, list | tuple):
        raise Unfit(f"is {describe(value)}, not a list to join")
    between = _text(separator)
    _require_room(measure(value) + text_size(between) * len(value))
    return between.join(to_text(item) for item in value)


def _upper(value: object) -> str:
    return _text(value).upper()


def _lower(value: object) -> str:
    return _text(value).lower()


def _trim(value: object) -> str:
    return _text(value).strip()


def _date(value: object, layout: object = "%Y-%m-%dT%H:%M:%S%z") -> str:
    """A moment (ISO 8601, or Unix seconds as number or text; UTC when it names no zone) written by `layout`."""
    check_date_layout(layout)
    return _moment(value).strftime(_text(layout))


def _url_encode(value: object) -> str:
    """Everything but letters, digits and `_.-~` percent-encoded: fits a path segment and a query value."""
    return quote(_utf8(value), safe="")


def _base64(value: object) -> str:
    return base64.b64encode(_utf8(value)).decode()


def _first(value: object) -> object:
    return _item(value, 0)


def _last(value: object) -> object:
    return _item(value, -1)


def _size(value: object) -> int:
    if not isinstance(value, str | list | tuple | dict):
        raise Unfit(f"is {describe(value)} and has no size")
    return len(value)


def _replace(value: object, old: object, new: object = "") -> str:
    check_replace(old)
    text, searched, substitute = _text(value), _text(old), _text(new)
    grown = text.count(searched) * max(0, text_size(substitute) - text_size(searched))
    _require_room(text_size(text) + grown)
    return text.replace(searched, substitute)


def check_date_layout(layout: object, *_: object) -> None:
    """Unfit for a date layout with anything but the plain directives."""
    if not isinstance(layout, str) or not _DATE_FORMAT.fullmatch(layout):
        raise Unfit("has a date layout that is not allowed")


def check_replace(old: object, *_: object) -> None:
    """Unfit when nothing is searched for."""
    if old == "":
        raise Unfit("has a replace filter that searches for nothing")


FILTERS: dict[str, Filter] = {
    "default": Filter(_default, 1, 1, weight=0),
    "json": Filter(_json),
    "join": Filter(_join, 0, 1),
    "upper": Filter(_upper),
    "lower": Filter(_lower),
    "trim": Filter(_trim),
    "date": Filter(_date, 0, 1, check_date_layout),
    "url_encode": Filter(_url_encode, weight=3),
    "base64": Filter(_base64),
    "first": Filter(_first, weight=0),
    "last": Filter(_last, weight=0),
    "size": Filter(_size, weight=0),
    "replace": Filter(_replace, 1, 2, check_replace),
}


def apply_filter(name: str, value: object, arguments: list[object], budget: Budget) -> object:
    """The filter's result; Unfit when the value does not suit it or is too much work."""
    known = FILTERS[name]
    if known.weight:
        budget.charge_work((value, *arguments), known.weight)
    return known.apply(value, *arguments)


def _text(value: object) -> str:
    if isinstance(value, list | tuple | dict):
        raise Unfit(f"is {describe(value)}, not a text")
    return to_text(value)


def _utf8(value: object) -> bytes:
    try:
        return _text(value).encode()
    except UnicodeEncodeError:
        raise Unfit("holds half a character") from None


def _item(value: object, place: int) -> object:
    if not isinstance(value, list | tuple):
        raise Unfit(f"is {describe(value)}, not a list")
    return value[place] if value else MISSING


def _moment(value: object) -> datetime:
    try:
        if isinstance(value, bool):
            raise Unfit("is no date")
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        text = _text(value).strip()
        if _UNIX_SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise Unfit("is no date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _require_room(size: int) -> None:
    if size > MAX_OUTPUT_BYTES:
        raise Unfit("grows larger than 1 MiB")
