"""The address on which a webhook trigger listens: choose one, copy it, or open a new one."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.one_time_secret import one_time_secret
from integrations_app.ui.components.step_fields import step_field
from integrations_app.ui.pages.editor_endpoint_state import SECRET_BOX, WAYS
from integrations_app.ui.pages.editor_endpoint_state import EditorEndpointState as State


def endpoint_choice() -> rx.Component:
    """Select, address with copy, and the form for a new one."""
    return rx.fragment(
        rx.foreach(State.panel.fields, step_field),
        rx.cond(State.panel.endpoint_url != "", _address()),
        _secret(),
        rx.cond(
            State.can_manage,
            rx.cond(
                State.opening,
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
        class_name="editor-field",
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
                    *[rx.el.option(way.label, value=way.value) for way in WAYS],
                    id="endpoint-kind",
                    name="kind",
                    class_name="native-select",
                ),
            ),
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


def _labelled(label: str, identifier: str, control: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=identifier, class_name="field-label"), control, class_name="editor-field"
    )
