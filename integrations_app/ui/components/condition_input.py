"""A condition as rows of value, operator and value, some of them in groups, or as the expression that they say."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from integrations_app.ui.components.component_script import component_script
from integrations_app.ui.components.mapping_input import Variable

_SCRIPT = component_script("condition_input.jsx")


@dataclass(frozen=True)
class ConditionRow:
    """One row, as `workflows.condition_rows.Row` has it."""

    left: str
    operator: str
    right: str = ""
    join: str = "and"
    group: int = 0


class ConditionInput(rx.NoSSRComponent):
    """Sends `on_rows(rows, seen)` when a field of finished rows is left, `on_commit(text, seen)` for an expression.

    `seen` is the expression that stood there before.
    """

    library = _SCRIPT
    tag = "ConditionInput"
    identifier: rx.Var[str]
    label: rx.Var[str]
    help: rx.Var[str]
    error: rx.Var[str]
    value: rx.Var[str]
    rows: rx.Var[list[ConditionRow]]
    sayable: rx.Var[bool]
    required: rx.Var[bool]
    placeholder: rx.Var[str]
    variables: rx.Var[list[Variable]]
    disabled: rx.Var[bool]
    on_commit: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_rows: rx.EventHandler[rx.event.passthrough_event_spec(list[dict[str, Any]], str)]


condition_input = ConditionInput.create
