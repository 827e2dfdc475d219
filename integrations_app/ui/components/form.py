"""One component draws every generated form: a foreach over fields, a match over a closed set of controls."""

from dataclasses import dataclass, field
from typing import Any, Literal, cast

import reflex as rx

from integrations_app.sdk.forms import Choice, Field
from integrations_app.ui import theme


@dataclass(frozen=True)
class FormField:
    """A field of `sdk.forms` with what a person sees of its present state."""

    name: str
    label: str
    widget: str
    help: str = ""
    required: bool = False
    value: str = ""
    placeholder: str = ""
    options: list[Choice] = field(default_factory=list)
    rows: int = 1
    error: str = ""
    is_set: bool = False
    """A secret that is stored; it is never shown, only replaced."""
    remove_as: str = ""
    """The name of a box that removes what is stored; none when empty."""
    show_when_field: str = ""
    show_when_value: str = ""
    group: str = ""
    """Folded away under this name."""


def form_field(item: Field, value: str | None = None, *, error: str = "", is_set: bool = False) -> FormField:
    """Turn a declared field and its present value into what the component draws."""
    return FormField(
        name=item.name,
        label=item.label,
        widget=item.widget,
        help=item.help,
        required=item.required,
        value=item.default if value is None else value,
        placeholder=item.placeholder,
        options=list(item.options),
        rows=item.rows,
        error=error,
        is_set=is_set,
        show_when_field=item.show_when[0],
        show_when_value=item.show_when[1],
        group=item.group,
    )


def field_control(item: rx.Var[FormField], prefix: str, chosen: dict[str, str], choose: Any) -> rx.Component:
    """Label, control, help and error of one field; ids are `prefix` + name.

    `chosen` holds the values of the selects, `choose(name, value)` is the event for a change of one: a field may stand
    there only while another has a value.
    """
    shown = (item.show_when_field == "") | (chosen[item.show_when_field] == item.show_when_value)
    # Keyed by name, so that what was typed stays in its field while other fields come and go.
    return rx.fragment(rx.cond(shown, _control(item, prefix, choose)), key=item.name)


def _control(item: rx.Var[FormField], prefix: str, choose: Any) -> rx.Component:
    identifier = prefix + item.name
    return rx.el.div(
        rx.cond(item.widget == "checkbox", rx.fragment(), _label(item, identifier)),
        rx.match(
            item.widget,
            ("multiline", _text_area(item, identifier)),
            ("json", _text_area(item, identifier)),
            ("pairs", _text_area(item, identifier)),
            ("list", _text_area(item, identifier)),
            ("number", _input(item, identifier, "number")),
            ("password", _password(item, identifier)),
            ("select", _select(item, identifier, choose)),
            ("checkbox", _checkbox(item, identifier)),
            _input(item, identifier, "text"),
        ),
        rx.cond(item.remove_as != "", _removal(item)),
        rx.cond(item.help != "", rx.text(item.help, size="1", id=identifier + "-help", style=theme.MUTED)),
        rx.cond(
            item.error != "",
            rx.text(item.error, size="1", color_scheme="red", role="alert", id=identifier + "-error"),
        ),
        style={"display": "grid", "gap": "6px", "width": "100%"},
    )


def _label(item: rx.Var[FormField], identifier: rx.Var[str]) -> rx.Component:
    return rx.el.label(
        rx.text(
            item.label,
            rx.cond(item.required, rx.fragment(), rx.text.span(" (optional)", style=theme.MUTED, weight="regular")),
            size="2",
            weight="medium",
            as_="span",
        ),
        html_for=identifier,
    )


def _either(condition: rx.Var[bool], one: str | rx.Var[str], other: str | rx.Var[str]) -> rx.Var[str]:
    """One of two texts; Reflex declares that its `cond` gives a component."""
    return cast("rx.Var[str]", rx.cond(condition, one, other))


def _described(item: rx.Var[FormField], identifier: rx.Var[str]) -> dict[str, rx.Var[str] | rx.Var[bool]]:
    return {
        "aria-describedby": _either(item.error != "", identifier + "-error", identifier + "-help"),
        "aria-invalid": item.error != "",
    }


def _input(item: rx.Var[FormField], identifier: rx.Var[str], kind: Literal["text", "number"]) -> rx.Component:
    return rx.input(
        id=identifier,
        name=item.name,
        type=kind,
        default_value=item.value,
        placeholder=item.placeholder,
        required=item.required,
        custom_attrs={**_described(item, identifier), **({"step": "any"} if kind == "number" else {})},
        width="100%",
    )


def _password(item: rx.Var[FormField], identifier: rx.Var[str]) -> rx.Component:
    placeholder = _either(item.is_set, "Set. Type here to replace it.", item.placeholder)
    described = _described(item, identifier)
    return rx.cond(
        item.rows > 1,
        rx.text_area(
            id=identifier,
            name=item.name,
            placeholder=placeholder,
            rows=item.rows.to(str),
            custom_attrs={**described, "autoComplete": "off", "spellCheck": "false"},
            class_name="secret-lines",
            width="100%",
        ),
        rx.input(
            id=identifier,
            name=item.name,
            type="password",
            auto_complete="off",
            placeholder=placeholder,
            custom_attrs=described,
            width="100%",
        ),
    )


def _removal(item: rx.Var[FormField]) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=item.remove_as, id=item.remove_as),
        rx.text("Remove ", item.label, size="2", as_="span"),
        html_for=item.remove_as,
        class_name="check",
    )


def _text_area(item: rx.Var[FormField], identifier: rx.Var[str]) -> rx.Component:
    return rx.text_area(
        id=identifier,
        name=item.name,
        default_value=item.value,
        placeholder=item.placeholder,
        required=item.required,
        rows=item.rows.to(str),
        custom_attrs=_described(item, identifier),
        width="100%",
    )


def _select(item: rx.Var[FormField], identifier: rx.Var[str], choose: Any) -> rx.Component:
    return rx.el.select(
        rx.foreach(
            item.options,
            lambda option: rx.el.option(option.label, value=option.value),
        ),
        id=identifier,
        name=item.name,
        default_value=item.value,
        on_change=lambda value: choose(item.name, value),
        custom_attrs=_described(item, identifier),
        class_name="native-select",
    )


def _checkbox(item: rx.Var[FormField], identifier: rx.Var[str]) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", id=identifier, name=item.name, default_checked=item.value == "true"),
        rx.text(item.label, size="2", as_="span"),
        html_for=identifier,
        class_name="check",
    )
