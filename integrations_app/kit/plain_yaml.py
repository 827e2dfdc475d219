"""JSON values as YAML: written for people, read with suspicion: no aliases, no tags, no surprises."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from integrations_app.errors import InvalidInput

DEEPEST = 60
MOST_EVENTS = 200_000
"""Of the parser, about as many as there are values: what takes longer to read than it took to send is refused."""
UNREADABLE, NO_OBJECT = "holds a value that cannot be read", "must be an object"
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: thirty times as fast."""


def to_yaml(values: Mapping[str, Any]) -> str:
    """The values as YAML, in the order in which they stand."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def read_plain(raw: bytes) -> dict[str, Any]:
    """The JSON values in a YAML or JSON text, an object at the top.

    InvalidInput for anything but one plain document: aliases, tags, keys that are no texts or stand twice, numbers
    that JSON does not know, nesting beyond 60 levels, more than about 200,000 values.
    """
    try:
        text = raw.decode("utf-8-sig")
        found = _read_json(text) if text.lstrip().startswith("{") else _read_yaml(text)
    except UnicodeDecodeError:
        raise InvalidInput({"": "must be UTF-8 text"}) from None
    except yaml.YAMLError as error:
        raise InvalidInput({"": f"is not YAML or JSON: {_reason(error)}"}) from None
    except (ValueError, RecursionError):
        raise InvalidInput({"": UNREADABLE}) from None
    if not isinstance(found, dict):
        raise InvalidInput({"": NO_OBJECT})
    return found


def read_plain_json(text: str) -> dict[str, Any]:
    """The JSON values in a text, an object at the top; InvalidInput as `read_plain`, and where it is no JSON."""
    try:
        found = _strict_json(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise InvalidInput({"": f"is not JSON: {reason} in line {error.lineno}, column {error.colno}"}) from None
    except ValueError:
        raise InvalidInput({"": UNREADABLE}) from None
    if not isinstance(found, dict):
        raise InvalidInput({"": NO_OBJECT})
    return found


def _read_json(text: str) -> Any:
    """What begins like JSON and is none may still be YAML."""
    try:
        return _strict_json(text)
    except json.JSONDecodeError:
        return _read_yaml(text)


def _strict_json(text: str) -> Any:
    try:
        found = json.loads(text, object_pairs_hook=_each_once, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise InvalidInput({"": f"must be nested at most {DEEPEST} levels deep"}) from None
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [child for part in level for child in _inside(part)]
    if any(isinstance(part, dict | list) for part in level):
        raise InvalidInput({"": f"must be nested at most {DEEPEST} levels deep"})
    return found


def _inside(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return list(part.values())
    return part if isinstance(part, list) else []


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInput({"": "has a key that stands twice"})
    return found


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("not a JSON number")
    return number


def _read_yaml(text: str) -> Any:
    _require_plain(text)
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader without tags, aliases and dates


def _require_plain(text: str) -> None:
    """Walk the events, which neither recurses nor expands anything."""
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, _FAST)):
        if count > MOST_EVENTS:
            raise InvalidInput({"": "holds too many values"})
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidInput({"": "must not use anchors and aliases"})
        if getattr(event, "tag", None):
            raise InvalidInput({"": "must not use tags"})
        if depth > DEEPEST:
            raise InvalidInput({"": f"must be nested at most {DEEPEST} levels deep"})
    if documents != 1:
        raise InvalidInput({"": "must be one document"})


class _Loader(_FAST):  # type: ignore[misc, valid-type]
    """YAML's JSON part: no dates, no yes and no, no octals, no merging."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - PyYAML's own way


class _Dumper(yaml.SafeDumper):
    """Quotes also the texts that only we, and YAML 1.2, would read as numbers: 1e3."""

    yaml_implicit_resolvers = yaml.SafeDumper.yaml_implicit_resolvers.copy()


_PLAIN = (
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", ["t", "f"]),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]{0,18})$", list("-0123456789")),
    ("tag:yaml.org,2002:float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", list("-0123456789")),
)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes these line breaks of other alphabets as they are, and reads them back as a space.
    escaped = any(character in text for character in "\x85\u2028\u2029\ufeff")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if escaped else None)


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _number(loader: _Loader, node: yaml.ScalarNode) -> float:
    return _finite(loader.construct_scalar(node))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str) or key in found:
            raise yaml.constructor.ConstructorError(
                None, None, "a key is no text, or stands twice", key_node.start_mark
            )
        found[key] = loader.construct_object(value_node, deep=True)
    return found


for _tag, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)
    _Dumper.add_implicit_resolver(_tag, re.compile(_pattern), _first)
_Dumper.add_representer(str, _text)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _reason(error: yaml.YAMLError) -> str:
    """What and where, without the line itself."""
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or 'unreadable'}{where}"
