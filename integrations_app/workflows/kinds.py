"""Kinds of values: what a variable is known to hold before anything ran, and whether a field can take it."""

from collections.abc import Mapping
from functools import lru_cache

import orjson
from pydantic import BaseModel

from integrations_app.errors import InvalidInput, NotFound
from integrations_app.kit.templates import parse
from integrations_app.kit.templates.expressions import Expression, Path, Segments
from integrations_app.kit.templates.values import MISSING, describe, find
from integrations_app.sdk.forms import Field, Widget
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import ActionStep, Definition
from integrations_app.workflows.last_values import example_of

TEXT, NUMBER, FLAG, LIST, OBJECT = "a text", "a number", "true or false", "a list", "an object"
_OF_FIELDS = {"string": TEXT, "integer": NUMBER, "number": NUMBER, "boolean": FLAG, "array": LIST, "object": OBJECT}
_MADE_BY = dict.fromkeys(("json", "join", "upper", "lower", "trim", "date", "url_encode", "base64", "replace"), TEXT)
_MADE_BY["size"] = NUMBER
_KNOWN = frozenset(_OF_FIELDS.values())


def misfit(definition: Definition, registry: Registry, raw: object, field: Field) -> str:
    """Why the input cannot be what its field takes (`expects a number, gets a text`); empty when it may be."""
    wanted = _OF_FIELDS.get(field.type, "")
    found = _kind_of(definition, registry, raw)
    if not wanted or not found or wanted in {found, TEXT}:
        return ""
    if found == TEXT and wanted in {LIST, OBJECT} and (field.widget == Widget.LIST or not _is_variable(raw)):
        return ""  # a single text becomes a list of one, and what is written out is read as JSON
    return f"expects {wanted}, gets {found}"


def _kind_of(definition: Definition, registry: Registry, raw: object) -> str:
    if not isinstance(raw, str):
        return _described(raw)
    try:
        parts = parse(raw).parts
    except InvalidInput:
        return ""
    if len(parts) != 1 or not isinstance(parts[0], Expression):
        return _written(raw)
    expression = parts[0]
    for call in reversed(expression.filters):
        if call.name in _MADE_BY:
            return _MADE_BY[call.name]
        if call.name != "default":
            return ""
    return kind_at(definition, registry, expression.operand.segments) if isinstance(expression.operand, Path) else ""


def _is_variable(raw: object) -> bool:
    return isinstance(raw, str) and raw.strip().startswith("{{")


def _written(text: str) -> str:
    """The kind of what is written out: a number and a yes may be written as text."""
    if "{{" in text or not text:
        return TEXT if text.strip() else ""
    try:
        return _described(orjson.loads(text))
    except orjson.JSONDecodeError:
        return TEXT


def kind_at(definition: Definition, registry: Registry, segments: Segments) -> str:
    """What stands at a path, by the trigger's example and the results of actions; empty when nobody knows."""
    if segments[0] == "trigger":
        return _described(find({"trigger": example_of(definition, registry)}, segments))
    if segments[0] != "steps" or len(segments) < len(("steps", "key", "part")):
        return ""
    if segments[2] != "output":
        return FLAG if segments[2:] == ("ok",) else ""
    step = next((one for _, one in definition.walk() if one.key == segments[1]), None)
    return _of_result(registry, step.action, segments[3:]) if isinstance(step, ActionStep) else ""


def _of_result(registry: Registry, action: str, inside: Segments) -> str:
    if len(inside) > 1:
        return ""
    try:
        result = registry.action(action)[1].result
    except NotFound:
        return ""
    return _result_kinds(result).get(str(inside[0]), "") if inside else OBJECT


@lru_cache(maxsize=1024)
def _result_kinds(result: type[BaseModel]) -> Mapping[str, str]:
    """The kind of each field of a result; those that may be of several kinds are left out."""
    fields = result.model_json_schema(mode="serialization").get("properties", {})
    return {name: _OF_FIELDS[one["type"]] for name, one in fields.items() if one.get("type") in _OF_FIELDS}


def _described(value: object) -> str:
    said = "" if value is MISSING or value is None else describe(value)
    return said if said in _KNOWN else ""
