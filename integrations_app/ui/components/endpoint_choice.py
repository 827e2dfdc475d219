"""The address on which a webhook trigger listens: choose one, copy it, or open a new one."""

from typing import Any, cast

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.endpoint_form import endpoint_form, endpoint_secret
from integrations_app.ui.components.grace_choice import grace_choice
from integrations_app.ui.components.question import act_button, named_if, question
from integrations_app.ui.components.step_fields import step_field
from integrations_app.ui.pages.editor_endpoint_state import EditorEndpointState as State


def endpoint_choice() -> rx.Component:
    """Select, address with copy, and the form for a new one."""
    return rx.fragment(
        rx.foreach(State.panel.fields, step_field),
        rx.cond(State.panel.endpoint_url != "", _address()),
        endpoint_secret(State),
        rx.text(
            rx.cond(_here(), State.endpoint_notice, ""),
            size="2",
            role="status",
            color=rx.cond(State.endpoint_ok, "var(--gray-11)", "var(--red-11)"),
            style=theme.WRAP_ANYWHERE,
        ),
        _question(),
        rx.cond(
            State.can_manage,
            rx.cond(
                State.opening & _here(),
                endpoint_form(State),
                rx.button(
                    "New endpoint", variant="soft", size="2", on_click=State.ask_endpoint(True), width="fit-content"
                ),
            ),
            rx.text("Only admins may open a new endpoint. Ask one of them.", size="2", style=theme.MUTED),
        ),
    )


def _address() -> rx.Component:
    return rx.el.div(
        rx.text("Send a POST request to", size="2", weight="medium"),
        rx.flex(
            rx.code(State.panel.endpoint_url, size="2", style=theme.WRAP_ANYWHERE),
            rx.button(
                "Copy",
                aria_label="Copy the address",
                size="1",
                variant="soft",
                on_click=rx.set_clipboard(State.panel.endpoint_url),
            ),
            spacing="2",
            wrap="wrap",
            align="center",
        ),
        rx.cond(State.can_manage, _acts()),
        class_name="editor-field",
    )


def _here() -> Any:
    return State.opened_in == State.workflow_id


def _acts() -> rx.Component:
    return rx.flex(
        rx.button("Rotate secret", variant="soft", color_scheme="gray", size="1", on_click=State.ask_about("rotate")),
        rx.button("Delete endpoint", variant="soft", color_scheme="red", size="1", on_click=State.ask_about("delete")),
        spacing="2",
        wrap="wrap",
        margin_top="8px",
    )


def _question() -> rx.Component:
    deleting = State.asked == "delete"
    return question(
        named_if(
            rx.cond(
                deleting,
                "These live workflows listen on it. Unpublish them first:",
                "These live workflows listen on it:",
            ),
            cast("rx.Var[list[str]]", State.asked_listeners),
        ),
        rx.cond(
            deleting,
            named_if("The drafts of these workflows name it:", cast("rx.Var[list[str]]", State.asked_drafts)),
        ),
        rx.cond(deleting, rx.fragment(), grace_choice(State)),
        title=rx.fragment(rx.cond(deleting, "Delete “", "Rotate the secret of “"), State.asked_name, "”?"),
        words=rx.cond(
            deleting,
            "Its address answers no longer, and what is sent there is lost. What came in stays in the history.",
            "The sender needs the new secret. Until the time chosen here both are taken, then the present one is "
            "erased.",
        ),
        act=rx.cond(
            deleting,
            act_button("Delete now", State.delete, disabled=State.asked_listeners.length() > 0),
            act_button("Rotate now", State.rotate, destructive=False),
        ),
        opened=(State.asked != "") & _here(),
        on_open_change=State.keep_endpoint,
    )
