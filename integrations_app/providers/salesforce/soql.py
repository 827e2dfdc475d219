"""Values into a query, each as the literal it stands for: SOQL has no bound parameters of its own.

`:name` stands for a parameter's value as a literal; `:contains(name)`, `:starts(name)` and `:ends(name)` for a LIKE
pattern; `:date(name)` and `:datetime(name)` for a moment, which SOQL wants without quotes; `:object(name)` and
`:field(name)` for a name, which must be one that the organisation knows.
"""

import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from integrations_app.errors import InvalidInput

LONGEST = 100_000
"""Characters of a query (SOQL and SOSL limits, "Length of SOQL statement")."""
_PIECE = re.compile(r"'(?:[^'\\]|\\.)*'|(?<![\w:]):(?:([A-Za-z]\w*)\(\s*([A-Za-z]\w*)\s*\)|([A-Za-z]\w*))", re.DOTALL)
_SOURCE = re.compile(r"\bfrom\s+([A-Za-z]\w*)", re.IGNORECASE)
# "Reserved characters and escape sequences" of the SOQL reference.
_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_LIKE = _ESCAPES | {"%": "\\%", "_": "\\_"}
NameOf = Callable[[str, str, str, str], Awaitable[str]]
"""`(object or field, parameter, the query's object, text)`: the known name; raises InvalidInput."""


async def bind(soql: str, parameters: Mapping[str, Any], name_of: NameOf) -> str:
    """The query with every placeholder replaced. Raises InvalidInput for what is missing, unused or unfit."""
    asked = [(match.group(1) or "", match.group(2) or match.group(3)) for match in _placeholders(soql)]
    used = {name for _, name in asked}
    wrong = {f"parameters.{name}": "is used in the query and has no value" for name in used - set(parameters)}
    wrong |= {f"parameters.{name}": "is not used in the query" for name in set(parameters) - used}
    for quoted in re.findall(r"'\s*:(\w+)\s*'", soql):
        if quoted in parameters:
            wrong["soql"] = f"write :{quoted} without quotes: they are put around the value"
    if wrong:
        raise InvalidInput(wrong)
    names = await _names(soql, asked, parameters, name_of)

    def literal(match: re.Match[str]) -> str:
        function, name = match.group(1) or "", match.group(2) or match.group(3)
        if not name:
            return match.group(0)
        return names.get((function, name)) or _literal(function, name, parameters[name])

    bound = _PIECE.sub(literal, soql)
    if len(bound) > LONGEST:
        raise InvalidInput({"soql": f"may hold at most {LONGEST:,} characters"}, "", "input_too_long")
    return bound


def _placeholders(soql: str) -> list[re.Match[str]]:
    return [match for match in _PIECE.finditer(soql) if match.group(2) or match.group(3)]


async def _names(
    soql: str, asked: list[tuple[str, str]], parameters: Mapping[str, Any], name_of: NameOf
) -> dict[tuple[str, str], str]:
    """The names among the placeholders; objects first, as fields are looked up in the query's object."""
    found: dict[tuple[str, str], str] = {}
    for kind in ("object", "field"):
        for function, name in asked:
            if function == kind:
                text = _text(f"parameters.{name}", parameters[name])
                found[function, name] = await name_of(kind, f"parameters.{name}", _source(soql, found), text)
    return found


def _source(soql: str, objects: Mapping[tuple[str, str], str]) -> str:
    """The object that the outermost FROM names."""
    plain = re.sub(r":object\(\s*(\w+)\s*\)", lambda match: objects.get(("object", match[1]), "x"), soql)
    plain = re.sub(r"'(?:[^'\\]|\\.)*'", "''", plain, flags=re.DOTALL)
    while (shorter := re.sub(r"\([^()]*\)", " ", plain)) != plain:
        plain = shorter
    match = _SOURCE.search(plain)
    return match[1] if match else ""


def _literal(function: str, name: str, value: Any) -> str:
    where = f"parameters.{name}"
    if not function:
        return _value(where, value)
    if function in ("contains", "starts", "ends"):
        before, after = ("" if function == "starts" else "%"), ("" if function == "ends" else "%")
        return f"'{before}{_escaped(where, _text(where, value), _LIKE)}{after}'"
    if function == "date":
        return _moment(where, value, lambda text: date.fromisoformat(text).isoformat())
    if function == "datetime":
        return _moment(where, value, _instant)
    raise InvalidInput({"soql": f":{function}(…) is not known; use contains, starts, ends, date, datetime"})


def _value(where: str, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise InvalidInput({where: "is not a number"})
        return json.dumps(value)
    if isinstance(value, str):
        return f"'{_escaped(where, value, _ESCAPES)}'"
    if isinstance(value, list):
        if not value or any(isinstance(item, list) for item in value):
            raise InvalidInput({where: "is an empty list or one of lists"})
        return f"({', '.join(_value(where, item) for item in value)})"
    raise InvalidInput({where: "is neither text, number, truth value, null nor a list of these"})


def _escaped(where: str, text: str, table: Mapping[str, str]) -> str:
    if "\0" in text:
        raise InvalidInput({where: "holds a character that no text may hold"})
    return "".join(table.get(char, char) for char in text)


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput({where: "is not a text"})
    return value


def _moment(where: str, value: Any, read: Callable[[str], str]) -> str:
    try:
        return read(_text(where, value).strip())
    except ValueError:
        raise InvalidInput({where: "is not a date or a moment of ISO 8601"}) from None


def _instant(text: str) -> str:
    found = datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03d}Z"
