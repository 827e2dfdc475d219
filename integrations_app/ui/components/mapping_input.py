"""A parameter of a step: text with variables, and a live picker where the vendor can be asked."""

from dataclasses import dataclass

import reflex as rx

_asset = rx.asset("mapping_input.jsx", shared=True)


@dataclass(frozen=True)
class Variable:
    """One row of the variable tree."""

    path: str
    label: str
    sample: str = ""
    depth: int = 0


@dataclass(frozen=True)
class PickerOption:
    """One row of a live picker."""

    value: str
    label: str
    hint: str = ""


class MappingInput(rx.NoSSRComponent):
    """Sends `on_commit(text, seen)` when left or chosen, `on_search(words)` while a picker is open; nothing per key.

    `seen` is what stood there when the writing began.
    """

    library = _asset.importable_path
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
    options: rx.Var[list[PickerOption]]
    loading: rx.Var[bool]
    variables: rx.Var[list[Variable]]
    disabled: rx.Var[bool]
    on_commit: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


mapping_input = MappingInput.create
