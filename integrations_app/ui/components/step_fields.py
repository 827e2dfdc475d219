"""The fields of a step: drawn from rows, sent when left or chosen, never per key."""

from typing import Any

import reflex as rx

from integrations_app.sdk.forms import Choice
from integrations_app.ui import theme
from integrations_app.ui.components.mapping_input import Variable, mapping_input
from integrations_app.ui.pages.editor_panel_rows import StepField
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps

SEARCH: Any = Steps.search_choices
"""A background handler: its type does not say that it takes arguments."""
_NO_VARIABLES: list[Variable] = []


def step_field(item: rx.Var[StepField]) -> rx.Component:
    """One field with label, control, help and error."""
    return rx.fragment(rx.match(item.control, ("select", _select(item)), ("checkbox", _checkbox(item)), _text(item)))


def labelled_select(
    label: str,
    identifier: str,
    value: rx.Var[str],
    options: rx.Var[list[Choice]],
    on_change: rx.event.EventType[str],
    error: rx.Var[str],
    note: rx.Var[str] | str = "",
) -> rx.Component:
    """A native select, so that keyboard, phone and screen reader work without a script."""
    return _framed(
        rx.el.label(label, html_for=identifier, class_name="field-label"),
        _native(identifier, value, options, on_change, error),
        identifier,
        error,
        note,
    )


def _native(
    identifier: str | rx.Var[str],
    value: rx.Var[str],
    options: rx.Var[list[Choice]],
    on_change: rx.event.EventType[str],
    error: rx.Var[str],
) -> rx.Component:
    return rx.el.select(
        rx.foreach(options, lambda option: rx.el.option(option.label, value=option.value)),
        id=identifier,
        value=value,
        on_change=on_change,
        disabled=~Steps.can_edit.to(bool),
        class_name="native-select",
        custom_attrs={"aria-describedby": _note_id(identifier), "aria-invalid": error != ""},
    )


def _framed(
    label: rx.Component,
    control: rx.Component,
    identifier: str | rx.Var[str],
    error: rx.Var[str],
    note: rx.Var[str] | str,
) -> rx.Component:
    return rx.el.div(
        label,
        control,
        rx.el.div(
            rx.cond(error != "", error, note),
            id=_note_id(identifier),
            class_name=rx.cond(error != "", "field-note wrong", "field-note"),
        ),
        class_name="editor-field",
    )


def _note_id(identifier: str | rx.Var[str]) -> str | rx.Var[str]:
    return identifier + "-note"


def _select(item: rx.Var[StepField]) -> rx.Component:
    return _framed(
        rx.el.label(item.label, html_for=item.identifier, class_name="field-label"),
        _native(
            item.identifier,
            item.value,
            item.options,
            lambda value: Steps.set_field(Steps.selected, item.name, value),
            item.error,
        ),
        item.identifier,
        item.error,
        item.help,
    )


def _checkbox(item: rx.Var[StepField]) -> rx.Component:
    return _framed(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                id=item.identifier,
                checked=item.value == "true",
                on_change=lambda checked: Steps.set_field(Steps.selected, item.name, checked),
                disabled=~Steps.can_edit.to(bool),
            ),
            rx.text(item.label, size="2", as_="span"),
            html_for=item.identifier,
            class_name="check",
        ),
        rx.fragment(),
        item.identifier,
        item.error,
        item.help,
    )


def _text(item: rx.Var[StepField]) -> rx.Component:
    return rx.el.div(
        mapping_input(
            identifier=item.identifier,
            label=item.label,
            help=item.help,
            error=item.error,
            required=item.required,
            value=item.value,
            multiline=item.control == "multiline",
            rows=item.rows,
            placeholder=item.placeholder,
            picker=item.picker & (item.control == "text"),
            options=item.choices,
            loading=item.loading,
            variables=rx.cond(item.mapped, Steps.variables, _NO_VARIABLES),
            disabled=~Steps.can_edit.to(bool),
            on_commit=lambda text, seen: Steps.set_field(Steps.selected, item.name, text, seen),
            on_search=lambda words: SEARCH(Steps.selected, item.name, words),
        ),
        key=item.identifier,
        style=theme.WRAP_ANYWHERE,
    )
