"""Forms as data: a pydantic model becomes a flat frozen list of fields that one component draws."""

import enum
import json
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from integrations_app.kit.secret import Secret

A = TypeVar("A")


class Widget(enum.StrEnum):
    """The closed set of controls; a provider installed later needs no front-end build."""

    TEXT = "text"
    MULTILINE = "multiline"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    SELECT = "select"
    PASSWORD = "password"  # noqa: S105 - a kind of control
    CHOICES = "choices"
    """Searchable picker, loaded with the chosen connection; free text and variables allowed."""
    JSON = "json"
    PAIRS = "pairs"
    """Rows of name and value."""
    LIST = "list"
    """Several short texts."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of a picker: the stored value, what a person reads, and a second line."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ChoicePage:
    """What a picker's loader answers; `cursor` is handed back for more."""

    choices: tuple[Choice, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ChoiceQuery:
    """What a person typed, the values of the fields this one depends on, and where to go on."""

    search: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    cursor: str | None = None


LoadChoices = Callable[[ChoiceQuery, Any], Awaitable[ChoicePage]]
"""`(query, ctx: ActionContext) -> ChoicePage`"""


@dataclass(frozen=True, slots=True)
class Choices:
    """Annotation: the field is a picker filled by `load`, which needs the fields in `depends_on` first."""

    load: LoadChoices
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Multiline:
    """Annotation: a text of several lines, `rows` high."""

    rows: int = 4


@dataclass(frozen=True, slots=True)
class Json:
    """Annotation: a JSON value written as text; variables are substituted in the parsed tree."""

    rows: int = 6


@dataclass(frozen=True, slots=True)
class Address:
    """Annotation: the text is a URL that will be called; the operator's policy judges it already when it is saved."""


@dataclass(frozen=True, slots=True)
class Escaped:
    """Annotation: the text is read as markup by the vendor, and `escape` makes a value plain text in it.

    It is applied to what a mapping's variables put in, not to what the author of the mapping wrote. In a JSON
    value only the texts under one of `keys` are markup. `escape` must leave its own answers as they are.
    """

    escape: Callable[[str], str]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One control of a form. `name` is the parameter's name, `path` in errors."""

    name: str
    label: str
    widget: str
    help: str = ""
    required: bool = False
    default: str = ""
    """As text; a list or an object as JSON."""
    placeholder: str = ""
    options: tuple[Choice, ...] = ()
    depends_on: tuple[str, ...] = ()
    rows: int = 1
    type: str = "string"
    """JSON type of the value: string, integer, number, boolean, object, array, any."""
    picker: bool = False
    """Values can be looked up at the vendor (`choices_of`): a CHOICES control, or suggestions for a LIST."""
    show_when: tuple[str, str] = ("", "")
    """Draw the control only while that other field has that value."""
    group: str = ""
    """Fields of one group are folded away together under its name; without one they stand open."""


def form_fields(model: type[BaseModel]) -> tuple[Field, ...]:
    """Turn a model into its form, in the order of its declaration.

    A field's title is its label, its description the help; `json_schema_extra` may hold `placeholder`, `group`,
    `labels: {value: words}` of a closed choice and `show_when: [field, value]`. Raises TypeError for a type without
    a control.
    """
    return tuple(_field(name, info) for name, info in model.model_fields.items())


def choices_of(model: type[BaseModel], name: str) -> Choices | None:
    """Return the picker behind a field, or None when it has none."""
    info = model.model_fields.get(name)
    return _annotation(info, Choices) if info else None


def escaped_of(model: type[BaseModel], name: str) -> Escaped | None:
    """Return how values are put into a field's text, or None when it has no markup."""
    info = model.model_fields.get(name)
    return _annotation(info, Escaped) if info else None


def _field(name: str, info: FieldInfo) -> Field:
    extra: Mapping[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, Mapping) else {}
    widget, options, kind = _widget(name, info)
    labels: Mapping[str, str] = extra.get("labels", {})
    picker, lines, tree = (_annotation(info, Choices), _annotation(info, Multiline), _annotation(info, Json))
    return Field(
        name=name,
        label=info.title or name.replace("_", " ").capitalize(),
        widget=widget.value,
        help=info.description or "",
        required=info.is_required(),
        default=_default_text(info),
        placeholder=str(extra.get("placeholder", "")),
        options=tuple(replace(one, label=labels.get(one.value, one.label)) for one in options),
        depends_on=picker.depends_on if picker else (),
        rows=lines.rows if lines else tree.rows if tree else 1,
        type=kind,
        picker=picker is not None,
        show_when=tuple(extra.get("show_when", ("", ""))),
        group=str(extra.get("group", "")),
    )


def _annotation(info: FieldInfo, kind: type[A]) -> A | None:
    found = [item for item in info.metadata if isinstance(item, kind)]
    return found[0] if found else None


def _unwrap(annotation: Any) -> Any:
    """`X | None` and `Annotated[X, …]` are drawn as X."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _unwrap(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        rest = [arm for arm in get_args(annotation) if arm is not type(None)]
        return _unwrap(rest[0]) if len(rest) == 1 else annotation
    return annotation


_PLAIN: dict[Any, tuple[Widget, str]] = {
    bool: (Widget.CHECKBOX, "boolean"),
    int: (Widget.NUMBER, "integer"),
    float: (Widget.NUMBER, "number"),
    str: (Widget.TEXT, "string"),
    SecretStr: (Widget.PASSWORD, "string"),
    Secret: (Widget.PASSWORD, "string"),
}


_JSON_TYPES = {list: "array", tuple: "array", dict: "object"}
_GATHERED = {list: (Widget.LIST, "array"), tuple: (Widget.LIST, "array"), dict: (Widget.PAIRS, "object")}


def _widget(name: str, info: FieldInfo) -> tuple[Widget, tuple[Choice, ...], str]:
    annotation = _unwrap(info.annotation)
    origin = get_origin(annotation)
    plain = _PLAIN.get(annotation)
    if _annotation(info, Json):
        return Widget.JSON, (), _JSON_TYPES.get(origin or annotation, "any")
    if _annotation(info, Choices) and origin not in _GATHERED:
        return Widget.CHOICES, (), plain[1] if plain else "string"
    if _annotation(info, Multiline):
        return Widget.MULTILINE, (), "string"
    if options := _options(annotation):
        return Widget.SELECT, options, "string"
    if found := plain or _GATHERED.get(origin):
        return found[0], (), found[1]
    raise TypeError(f"no control for {name}: {annotation!r}")


def _options(annotation: Any) -> tuple[Choice, ...]:
    """Return the rows of a closed choice; none for any other type."""
    if get_origin(annotation) is Literal:
        return tuple(Choice(str(arm), _words(str(arm))) for arm in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return tuple(Choice(str(arm.value), _words(arm.name)) for arm in annotation)
    return ()


def _words(text: str) -> str:
    return text if text.isupper() else text.replace("_", " ").capitalize()


def _default_text(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True) if not info.is_required() else None
    if default is None or default is PydanticUndefined or isinstance(default, Secret | SecretStr):
        return ""
    if isinstance(default, list | dict | tuple):
        return json.dumps(default) if default else ""
    if isinstance(default, bool):
        return "true" if default else "false"
    return str(default.value if isinstance(default, enum.Enum) else default)
