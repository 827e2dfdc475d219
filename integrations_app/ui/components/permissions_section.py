"""The permissions of a connection on the provider page: granted, needed by workflows, missing with the way to them."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.pages.connection_state import ConnectionState as State
from integrations_app.ui.pages.permissions_rows import NeedLine, OptionalLine


def permissions_section() -> rx.Component:
    """What the chosen connection may do, and what workflows need of it."""
    shown = State.permissions
    return rx.el.section(
        rx.heading("Permissions", as_="h2", size="3"),
        rx.el.dl(
            rx.el.dt("Granted"),
            rx.el.dd(rx.cond(shown.granted != "", shown.granted, "The service does not say.")),
            rx.el.dt("Needed by workflows"),
            rx.el.dd(rx.cond(shown.needed.length() > 0, _needs(shown.needed.to(list[NeedLine])), "None yet.")),
            class_name="facts",
        ),
        rx.cond(shown.missing.length() > 0, _missing()),
        rx.cond(State.can_manage & (State.optional_lines.length() > 0), more_permissions(again=True)),
        aria_label="Permissions",
        class_name="permissions",
    )


def more_permissions(*, again: bool = False) -> rx.Component:
    """Permissions that one may add, each with its reason; none is asked for unless it is ticked."""
    ask = connect_button(
        url=State.connect_url,
        label="Ask for these",
        size="1",
        variant="soft",
        disabled=State.wanted_scopes.length() == 0,
        on_blocked=State.popup_blocked,
        on_opened=State.popup_opened,
    )
    return rx.el.details(
        rx.el.summary("More permissions"),
        rx.text(
            "What workflows need is asked for by itself. Tick what else this connection shall be allowed.",
            size="2",
            style=theme.MUTED,
            margin_y="8px",
        ),
        rx.el.div(rx.foreach(State.optional_lines, _optional), style={"display": "grid", "gap": "8px"}),
        *([rx.box(ask, margin_top="8px")] if again else []),
        class_name="more-permissions",
    )


def _needs(lines: rx.Var[list[NeedLine]]) -> rx.Component:
    return rx.el.ul(rx.foreach(lines, _need), class_name="plain-list")


def _need(line: rx.Var[NeedLine]) -> rx.Component:
    return rx.el.li(rx.code(line.scope), " ", line.workflows, style=theme.WRAP_ANYWHERE)


def _missing() -> rx.Component:
    shown = State.permissions
    return rx.el.div(
        rx.text("Missing: steps of these workflows will fail.", size="2", weight="medium", color="var(--amber-11)"),
        _needs(shown.missing.to(list[NeedLine])),
        rx.cond(
            State.can_manage,
            rx.cond(
                shown.allow_url != "",
                rx.box(
                    connect_button(
                        url=shown.allow_url,
                        label="Allow missing permissions",
                        size="2",
                        variant="solid",
                        on_blocked=State.popup_blocked,
                        on_opened=State.popup_opened,
                    )
                ),
                rx.text("Enter a token that has them, in the settings below.", size="2"),
            ),
            rx.text("Only admins may allow them. Ask one of them.", size="2"),
        ),
        role="group",
        aria_label="Missing permissions",
        class_name="connect-in-place",
    )


def _optional(line: rx.Var[OptionalLine]) -> rx.Component:
    identifier = rx.Var.create("scope-") + line.scope
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            id=identifier,
            checked=State.wanted_scopes.contains(line.scope),
            on_change=lambda ticked: State.want_scope(line.scope, ticked),
        ),
        rx.text(rx.code(line.scope), " ", line.reason, size="2", as_="span"),
        html_for=identifier,
        class_name="check",
    )
