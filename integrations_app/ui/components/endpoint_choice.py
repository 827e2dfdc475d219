"""The address on which a webhook trigger listens: choose one, copy it, or open a new one."""

from typing import Any, cast

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.one_time_secret import one_time_secret
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.components.step_fields import step_field
from integrations_app.ui.pages.editor_endpoint_state import SECRET_BOX
from integrations_app.ui.pages.editor_endpoint_state import EditorEndpointState as State


def endpoint_choice() -> rx.Component:
    """Select, address with copy, and the form for a new one."""
    return rx.fragment(
        rx.foreach(State.panel.fields, step_field),
        rx.cond(State.panel.endpoint_url != "", _address()),
        _secret(),
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
                _form(),
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
        _named(
            rx.cond(
                deleting,
                "These live workflows listen on it. Unpublish them first:",
                "These live workflows start no more until then:",
            ),
            cast("rx.Var[list[str]]", State.asked_listeners),
        ),
        rx.cond(
            deleting,
            _named("The drafts of these workflows name it:", cast("rx.Var[list[str]]", State.asked_drafts)),
        ),
        title=rx.fragment(rx.cond(deleting, "Delete “", "Rotate the secret of “"), State.asked_name, "”?"),
        words=rx.cond(
            deleting,
            "Its address answers no longer, and what is sent there is lost. What came in stays in the history.",
            "What is signed with the present secret is refused at once, until the sender has the new one.",
        ),
        act=rx.cond(
            deleting,
            act_button("Delete now", State.delete, disabled=State.asked_listeners.length() > 0),
            act_button("Rotate now", State.rotate, destructive=False),
        ),
        opened=(State.asked != "") & _here(),
        on_open_change=State.keep_endpoint,
    )


def _named(words: rx.Var[str] | str, names: rx.Var[list[str]]) -> rx.Component:
    return rx.cond(
        names.length() > 0,
        rx.fragment(
            rx.text(words, size="2", margin_top="8px"),
            rx.el.ul(rx.foreach(names, lambda name: rx.el.li(rx.text(name, size="2")))),
        ),
    )


def _secret() -> rx.Component:
    words = rx.Var.create("The secret of “") + State.secret_of + "”. It is shown this once: give it to the sender now."
    return one_time_secret(id=SECRET_BOX, words=words, copy_words="Copy secret")


def _form() -> rx.Component:
    return rx.form(
        rx.vstack(
            _labelled(
                "Endpoint name", "endpoint-name", rx.input(id="endpoint-name", name="name", required=True, width="100%")
            ),
            _labelled(
                "How senders prove who they are",
                "endpoint-kind",
                rx.el.select(
                    rx.foreach(State.ways, lambda way: rx.el.option(way.label, value=way.value)),
                    id="endpoint-kind",
                    name="kind",
                    class_name="native-select",
                ),
            ),
            _own_secret(),
            _unsigned(),
            rx.text(State.opening_error, size="2", role="status", color="var(--red-11)"),
            rx.flex(
                rx.button("Open endpoint", type="submit"),
                rx.button(
                    "Cancel", type="button", variant="soft", color_scheme="gray", on_click=State.ask_endpoint(False)
                ),
                spacing="2",
            ),
            spacing="3",
            align="stretch",
        ),
        on_submit=State.create_endpoint,
        class_name="connect-in-place",
    )


def _own_secret() -> rx.Component:
    return rx.el.div(
        _labelled(
            "Secret of the sender (optional)",
            "endpoint-own-secret",
            rx.input(id="endpoint-own-secret", name="secret", type="password", auto_complete="off", width="100%"),
        ),
        rx.text(
            "When the sender gives one. Left empty, we make one and show it this once.", size="1", style=theme.MUTED
        ),
        class_name="only-signed",
    )


def _unsigned() -> rx.Component:
    """The warning and the explicit yes; the style sheet shows them only while nothing is to be proved."""
    return rx.el.div(
        rx.callout(
            "Nothing is checked: whoever learns the address, from a log or a proxy on the way, can start this workflow "
            "with any data. Let it do nothing that matters.",
            icon="triangle-alert",
            size="1",
            color_scheme="amber",
            high_contrast=True,
        ),
        rx.el.label(
            rx.el.input(type="checkbox", name="unsigned", id="endpoint-unsigned"),
            rx.text("Anybody who knows the address may start it", size="2", as_="span"),
            html_for="endpoint-unsigned",
            class_name="check",
        ),
        class_name="only-unsigned",
    )


def _labelled(label: str, identifier: str, control: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=identifier, class_name="field-label"), control, class_name="editor-field"
    )
