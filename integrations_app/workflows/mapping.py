"""Input mapping: a step's inputs rendered against what is known, and bound to the action's parameters."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.kit.templates import parse, render_json_tree, tree_variables
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Escaped, Field, Widget, escaped_of, form_fields

Segments = tuple[str | int, ...]
_STRUCTURED = frozenset({"object", "array"})


@lru_cache(maxsize=1024)
def fields_of(model: type[BaseModel]) -> Mapping[str, Field]:
    """The form of `model` by field name; worked out once."""
    return {field.name: field for field in form_fields(model)}


def bind(inputs: Mapping[str, Any], model: type[Params], values: Mapping[str, object]) -> Params:
    """Render every input and validate the whole as the action's parameters.

    MappingError with a field per input (`inputs.text`) that names a missing path or has the wrong type;
    InvalidInput `input_too_long` when length alone is wrong, `template_invalid` for what is no template.
    """
    fields = fields_of(model)
    rendered: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, raw in inputs.items():
        try:
            value = render(raw, fields.get(name), values, escaped_of(model, name))
        except MappingError as error:
            wrong[f"inputs.{name}"] = "; ".join(f"{path} {why}" for path, why in error.fields.items())
            continue
        if not _is_left_out(value, fields.get(name)):
            rendered[name] = value
    if wrong:
        raise MappingError(wrong)
    try:
        return model.model_validate(rendered)
    except ValidationError as error:
        raise _refused(error) from None


def render(raw: object, field: Field | None, values: Mapping[str, object], escaped: Escaped | None = None) -> object:
    """The value of one input as its field takes it; MappingError keyed by the template's path.

    `escaped` is how values are put into a text that the vendor reads as markup.
    """
    if isinstance(raw, str) and field is not None and field.type in _STRUCTURED:
        return _render_structure(raw, field, values, escaped)
    value = _render_tree(raw, values, escaped)
    if field is not None and field.type == "string" and isinstance(value, int | float):
        return orjson.dumps(value).decode()
    return value


def input_variables(raw: object, field: Field | None, place: str) -> list[Segments]:
    """Paths that an input reads; InvalidInput `template_invalid` with dotted fields below `place`."""
    if isinstance(raw, str) and field is not None and field.type in _STRUCTURED:
        raw = _json_or_text(raw)
    return tree_variables(raw, place)


def _render_tree(tree: object, values: Mapping[str, object], escaped: Escaped | None) -> object:
    if escaped is None:
        return render_json_tree(tree, values)
    return render_json_tree(tree, values, escaped.escape, escaped.keys)


def _render_structure(raw: str, field: Field, values: Mapping[str, object], escaped: Escaped | None) -> object:
    """A list or object written as JSON text: its shape comes from the text, values only fill its leaves."""
    tree = _json_or_text(raw)
    value = _render_tree(tree, values, escaped)
    if not isinstance(tree, str) or not isinstance(value, str):
        return value
    if len(parse(tree).parts) == 1:
        value = _json_or_text(value)
    if field.widget == Widget.LIST and isinstance(value, str) and value:
        return [value]
    return value


def _json_or_text(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _is_left_out(value: object, field: Field | None) -> bool:
    """An empty control of an optional number, list or object means: not given."""
    return value == "" and field is not None and not field.required and field.type != "string"


def _refused(error: ValidationError) -> InvalidInput:
    fields: dict[str, str] = {}
    kinds: set[str] = set()
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        kinds.add(item["type"])
        path = ".".join(str(part) for part in ("inputs", *item["loc"]))
        fields.setdefault(path, str(item["msg"]).removeprefix("Value error, "))
    if kinds <= {"string_too_long", "too_long", "bytes_too_long"}:
        return InvalidInput(fields, "", "input_too_long")
    return MappingError(fields)
