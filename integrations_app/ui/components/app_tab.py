"""The App tab: which OAuth app is used, and how to register one's own."""

from typing import Literal

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.pages.connection_rows import AppLine
from integrations_app.ui.pages.connection_state import ConnectionState as State


def app_tab() -> rx.Component:
    """Apps in use, then the way to an own one."""
    return rx.vstack(
        rx.el.ul(rx.foreach(State.app_lines, _app), class_name="catalogue", aria_label="OAuth apps"),
        rx.cond(State.can_manage, _register()),
        spacing="5",
        align="stretch",
        width="100%",
        max_width=theme.READING_WIDTH,
    )


def _app(line: rx.Var[AppLine]) -> rx.Component:
    return rx.el.li(
        rx.hstack(
            rx.text(line.title, weight="medium", size="2"),
            rx.cond(line.chosen, rx.badge("In use")),
            rx.spacer(),
            rx.cond(
                line.own & State.can_manage,
                rx.button(
                    "Delete app",
                    size="1",
                    variant="ghost",
                    color_scheme="red",
                    aria_label=rx.Var.create("Delete the app ") + line.client_id,
                    on_click=State.delete_app(line.id),
                ),
            ),
            width="100%",
            align="center",
        ),
        rx.text("Client id: ", rx.code(line.client_id), size="1", style=theme.WRAP_ANYWHERE),
        rx.text("Callback URL: ", rx.code(line.callback_url), size="1", style=theme.WRAP_ANYWHERE),
        rx.cond(line.refusal != "", rx.text(line.refusal, size="2", color_scheme="amber")),
    )


def _register() -> rx.Component:
    return rx.card(
        rx.el.section(
            rx.heading("Register your own app", as_="h2", size="4"),
            rx.cond(
                State.new_refusal != "",
                rx.callout(State.new_refusal, icon="triangle-alert", color_scheme="amber", margin_top="12px"),
            ),
            rx.box(
                rx.text("Callback URL to enter there", size="2", weight="medium"),
                rx.hstack(
                    rx.code(State.new_callback_url, style=theme.WRAP_ANYWHERE),
                    rx.button("Copy", size="1", variant="soft", on_click=rx.set_clipboard(State.new_callback_url)),
                    align="center",
                    wrap="wrap",
                ),
                margin_top="12px",
            ),
            rx.text("Scopes: ", State.app_scopes, size="2", style=theme.MUTED, margin_top="8px"),
            rx.text(State.app_help, size="2", white_space="pre-line", margin_top="12px", style=theme.WRAP_ANYWHERE),
            rx.cond(State.app_manifest != "", _manifest()),
            rx.form(
                rx.vstack(
                    _entry("client_id", "Client id", "text", required=True),
                    _entry("client_secret", "Client secret", "password", required=True),
                    _entry("signing_secret", "Signing secret (for events, optional)", "password", required=False),
                    rx.button("Register app", type="submit", variant="soft"),
                    rx.text(State.app_notice, size="2", role="status", min_height="20px"),
                    spacing="3",
                    align="start",
                    margin_top="12px",
                ),
                on_submit=State.register_app,
                reset_on_submit=True,
            ),
            aria_label="Register your own app",
        ),
        size="3",
    )


def _manifest() -> rx.Component:
    return rx.box(
        rx.hstack(
            rx.text("App manifest", size="2", weight="medium"),
            rx.button("Copy manifest", size="1", variant="soft", on_click=rx.set_clipboard(State.app_manifest)),
            align="center",
        ),
        rx.el.pre(State.app_manifest, class_name="help-text", tab_index=0, aria_label="App manifest"),
        margin_top="12px",
    )


def _entry(name: str, label: str, kind: Literal["text", "password"], *, required: bool) -> rx.Component:
    return rx.box(
        rx.el.label(rx.text(label, size="2", weight="medium"), html_for=f"app-{name}"),
        rx.input(id=f"app-{name}", name=name, type=kind, required=required, auto_complete="off", width="100%"),
        width="100%",
    )
