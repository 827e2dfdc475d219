"""A parameter of a step: text with variables, and a live picker where the vendor can be asked."""

from dataclasses import dataclass

import reflex as rx

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("mapping_input.jsx")


@dataclass(frozen=True)
class Variable:
    """One row of the variable tree."""

    path: str
    label: str
    sample: str = ""
    depth: int = 0
    kind: str = ""
    """A text, a number…, in words; empty when nobody knows."""


@dataclass(frozen=True)
class FilterOption:
    """One filter that a variable can go through: its name, how it is written, and what it does."""

    name: str
    text: str
    words: str


FILTERS = [
    FilterOption("default", "default: ''", "another value when it is empty or missing"),
    FilterOption("upper", "upper", "in capitals"),
    FilterOption("lower", "lower", "in small letters"),
    FilterOption("trim", "trim", "without spaces around it"),
    FilterOption("replace", "replace: 'old', 'new'", "one text in place of another"),
    FilterOption("date", "date: '%Y-%m-%d'", "a time, written as you say"),
    FilterOption("join", "join: ', '", "a list as one text"),
    FilterOption("first", "first", "the first item of a list"),
    FilterOption("last", "last", "the last item of a list"),
    FilterOption("size", "size", "how many items or characters"),
    FilterOption("json", "json", "as JSON text"),
    FilterOption("url_encode", "url_encode", "safe inside an address"),
    FilterOption("base64", "base64", "encoded as base64"),
]
"""Every filter of the templates, the most wanted first."""


@dataclass(frozen=True)
class PickerOption:
    """One row of a live picker."""

    value: str
    label: str
    hint: str = ""


class MappingInput(rx.NoSSRComponent):
    """Sends `on_commit(text, seen)` when left or chosen, `on_search(words)` while a picker is open; nothing per key.

    `on_pause(text)` asks for the rendered result of a text with variables, when nobody has typed for a while.

    `seen` is what stood there when the writing began.
    """

    library = _SCRIPT
    tag = "MappingInput"
    identifier: rx.Var[str]
    label: rx.Var[str]
    help: rx.Var[str]
    error: rx.Var[str]
    required: rx.Var[bool]
    value: rx.Var[str]
    multiline: rx.Var[bool]
    rows: rx.Var[int]
    placeholder: rx.Var[str]
    picker: rx.Var[bool]
    chooser: rx.Var[bool]
    """Several lines: each may be chosen, and taken out again, from what the vendor has."""
    suffix: rx.Var[str]
    """Stands behind a chosen line, before what is still to be written."""
    options: rx.Var[list[PickerOption]]
    loading: rx.Var[bool]
    variables: rx.Var[list[Variable]]
    filters: rx.Var[list[FilterOption]]
    rendered: rx.Var[str]
    disabled: rx.Var[bool]
    on_pause: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_commit: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


mapping_input = MappingInput.create
