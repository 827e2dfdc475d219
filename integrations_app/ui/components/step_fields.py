"""The fields of a step: drawn from rows, sent when left or chosen, never per key."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from integrations_app.sdk.forms import Choice
from integrations_app.ui import theme
from integrations_app.ui.components.condition_input import condition_input
from integrations_app.ui.components.mapping_input import FILTERS, Variable, mapping_input
from integrations_app.ui.pages.editor_condition_state import EditorConditionState as Conditions
from integrations_app.ui.pages.editor_panel_rows import FieldGroup, StepField
from integrations_app.ui.pages.editor_sample_state import EditorSampleState as Samples
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps

SEARCH: Any = Steps.search_choices
"""A background handler: its type does not say that it takes arguments."""
_NO_VARIABLES: list[Variable] = []


@dataclass(frozen=True)
class Hands:
    """Where the fields of a form send what is typed, and what they offer: those of the editor unless told."""

    commit: Any = None
    """`(name, value)`"""

    def set(self, name: Any, value: Any, *seen: Any) -> Any:
        """The event of a field that was left or chosen; `seen` is what stood in it before."""
        return self.commit(name, value) if self.commit else Steps.set_field(Steps.selected, name, value, *seen)

    def search(self, name: Any, words: Any) -> Any:
        """The event of a picker that was opened."""
        return SEARCH(Steps.selected, name, words)

    @property
    def variables(self) -> Any:
        """What may be inserted."""
        return _NO_VARIABLES if self.commit else Steps.variables

    def showing(self, item: rx.Var[StepField]) -> dict[str, Any]:
        """How a field shows what its text comes to."""
        if self.commit:
            return {}
        result = rx.cond(item.mapped, Steps.rendered.to(dict[str, str])[item.name], "")
        return {"rendered": result, "on_pause": lambda text: Samples.render_text(Steps.selected, item.name, text)}

    @property
    def disabled(self) -> Any:
        """Whether nothing may be typed."""
        return False if self.commit else ~Steps.can_edit.to(bool)


EDITOR = Hands()


def step_field(item: rx.Var[StepField]) -> rx.Component:
    """One field of the editor."""
    return drawn_field(item, EDITOR)


def drawn_field(item: rx.Var[StepField], hands: Hands) -> rx.Component:
    """One field with label, control, help and error."""
    return rx.fragment(
        rx.match(
            item.control,
            ("select", _select(item, hands)),
            ("checkbox", _checkbox(item, hands)),
            *([] if hands.commit else [("condition", _condition(item))]),
            _text(item, hands),
        )
    )


def field_groups(groups: rx.Var[list[FieldGroup]], hands: Hands = EDITOR) -> rx.Component:
    """Groups of fields, each folded away under its name."""
    return rx.foreach(
        groups,
        lambda group: rx.el.details(
            rx.el.summary(group.title),
            rx.el.div(
                rx.foreach(group.fields.to(list[StepField]), lambda item: drawn_field(item, hands)),
                class_name="editor-fields",
            ),
            open=rx.cond(group.open, True, None),
            key=group.title,
            class_name="fold more-fields",
        ),
    )


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
        _native(identifier, value, options, on_change, error, EDITOR.disabled),
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
    disabled: Any,
) -> rx.Component:
    return rx.el.select(
        rx.foreach(options, lambda option: rx.el.option(option.label, value=option.value)),
        id=identifier,
        value=value,
        on_change=on_change,
        disabled=disabled,
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


def _select(item: rx.Var[StepField], hands: Hands) -> rx.Component:
    return _framed(
        rx.el.label(item.label, html_for=item.identifier, class_name="field-label"),
        _native(
            item.identifier,
            item.value,
            item.options,
            lambda value: hands.set(item.name, value),
            item.error,
            hands.disabled,
        ),
        item.identifier,
        item.error,
        item.help,
    )


def _checkbox(item: rx.Var[StepField], hands: Hands) -> rx.Component:
    return _framed(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                id=item.identifier,
                checked=item.value == "true",
                on_change=lambda checked: hands.set(item.name, checked),
                disabled=hands.disabled,
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


def _condition(item: rx.Var[StepField]) -> rx.Component:
    return rx.el.div(
        condition_input(
            identifier=item.identifier,
            label=item.label,
            help=item.help,
            error=item.error,
            value=item.value,
            rows=item.conditions,
            sayable=item.sayable,
            required=item.required,
            placeholder=item.placeholder,
            variables=EDITOR.variables,
            disabled=EDITOR.disabled,
            on_commit=lambda text, seen: EDITOR.set(item.name, text, seen),
            on_rows=lambda rows, seen: Conditions.set_rows(Steps.selected, item.name, rows, seen),
        ),
        key=item.identifier,
        style=theme.WRAP_ANYWHERE,
    )


def _text(item: rx.Var[StepField], hands: Hands) -> rx.Component:
    return rx.el.div(
        mapping_input(
            identifier=item.identifier,
            label=item.label,
            help=item.help,
            error=rx.cond(item.unlisted != "", item.unlisted, item.error),
            required=item.required,
            value=item.value,
            multiline=item.control == "multiline",
            rows=item.rows,
            placeholder=item.placeholder,
            picker=item.picker & (item.control == "text"),
            chooser=item.picker & (item.control == "multiline"),
            suffix=item.suffix,
            options=item.choices,
            loading=item.loading,
            variables=rx.cond(item.mapped, hands.variables, _NO_VARIABLES),
            filters=FILTERS,
            **hands.showing(item),
            disabled=hands.disabled,
            on_commit=lambda text, seen: hands.set(item.name, text, seen),
            on_search=lambda words: hands.search(item.name, words),
        ),
        key=item.identifier,
        style=theme.WRAP_ANYWHERE,
    )
