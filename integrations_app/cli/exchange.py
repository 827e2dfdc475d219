"""Definitions in the form in which they travel: written with names, read with suspicion."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import yaml

from integrations_app.errors import InvalidInput
from integrations_app.workflows.definition import FORMAT, WEBHOOK
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint

DEEPEST = 60


def with_names(
    definition: Mapping[str, Any], connections: Iterable[KnownConnection], endpoints: Iterable[KnownEndpoint]
) -> dict[str, Any]:
    """The definition with ids of connections and endpoints replaced by names that are unique."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(definition))
    names = _unique({one.id: one.name for one in connections})
    trigger = copy["trigger"]
    for part in (trigger, *_parts(copy)):
        if part.get("connection") in names:
            part["connection"] = names[part["connection"]]
    if trigger["type"] == WEBHOOK and "endpoint" in trigger.get("config", {}):
        endpoint = trigger["config"]["endpoint"]
        trigger["config"]["endpoint"] = _unique({one.id: one.name for one in endpoints}).get(endpoint, endpoint)
    return {"format": FORMAT, "name": copy["name"], "trigger": trigger} | copy  # the order in which people read


def to_yaml(definition: Mapping[str, Any]) -> str:
    """The definition as YAML, in the order in which people write it."""
    return yaml.dump(dict(definition), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def read_definition(raw: bytes) -> dict[str, Any]:
    """The JSON values in a YAML or JSON text; whether they are a definition is `definition.parse`'s matter.

    InvalidInput for anything but one plain document: aliases, tags, keys that are no texts or stand twice, numbers
    that JSON does not know, nesting beyond 60 levels.
    """
    try:
        text = raw.decode("utf-8-sig")
        _require_plain(text)
        found = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader without tags, aliases and dates
    except UnicodeDecodeError:
        raise InvalidInput({"": "must be UTF-8 text"}) from None
    except yaml.YAMLError as error:
        raise InvalidInput({"": f"is not YAML or JSON: {_reason(error)}"}) from None
    except (ValueError, RecursionError):
        raise InvalidInput({"": "holds a value that cannot be read"}) from None
    if not isinstance(found, dict):
        raise InvalidInput({"": "must be an object"})
    return found


def _require_plain(text: str) -> None:
    """Walk the events, which neither recurses nor expands anything."""
    depth = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
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


class _Loader(yaml.SafeLoader):
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
    number = float(loader.construct_scalar(node))
    if not math.isfinite(number):
        raise ValueError("not a JSON number")
    return number


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


def _unique(names: Mapping[str, str]) -> dict[str, str]:
    counted = list(names.values())
    return {key: name for key, name in names.items() if name and counted.count(name) == 1}


def _parts(part: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for step in part.get("steps", ()):
        yield step
        yield from _parts(step)
        for branch in step.get("branches", ()):
            yield from _parts(branch)
