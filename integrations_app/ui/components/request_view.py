"""A request as it would leave, its secrets masked, with the command to copy; and the form that reads a pasted one."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.pages.request_rows import RequestView


def request_view(request: rx.Var[RequestView]) -> rx.Component:
    """The preview, or why there is none yet."""
    red = {"color": "var(--red-11)", "white_space": "pre-wrap", **theme.WRAP_ANYWHERE}
    return rx.el.section(
        rx.cond(request.shown, _request(request)),
        rx.cond(request.error != "", rx.text(request.error, size="2", style=red)),
        aria_label="Preview of the request",
        class_name="editor-fields",
    )


def _request(request: rx.Var[RequestView]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.text("Request", as_="span", size="1", weight="medium"),
            rx.button(
                rx.icon("copy", size=14, aria_hidden="true"),
                "Copy as curl",
                size="1",
                variant="ghost",
                color_scheme="gray",
                on_click=rx.set_clipboard(request.command),
            ),
            class_name="json-head",
        ),
        rx.el.pre(
            rx.text.strong(request.line),
            "\n",
            request.headers,
            rx.cond(request.body != "", rx.fragment("\n\n", request.body)),
            tab_index=0,
            role="region",
            aria_label="Request to be sent",
            class_name="json-view",
        ),
        rx.text("Secrets are masked here and in the command.", size="1", style=theme.MUTED),
        class_name="json-box",
    )


def paste_form(title: Any, note: rx.Var[str] | str, submit: Any, identifier: str) -> rx.Component:
    """Folded away: a text to paste, what is read from it, and what was left out."""
    return rx.el.details(
        rx.el.summary("Fill in from a ", title),
        rx.form(
            rx.el.label("Paste the ", title, html_for=identifier, class_name="field-label"),
            rx.text_area(
                id=identifier,
                name="pasted",
                rows="4",
                spell_check=False,
                placeholder="curl -X POST https://api.example.com/orders -d '{\"id\": 7}'",
                width="100%",
            ),
            rx.button("Fill in", type="submit", variant="soft", width="fit-content"),
            on_submit=submit,
            reset_on_submit=True,
            class_name="editor-fields",
        ),
        rx.text(note, size="2", role="status", style={"white_space": "pre-wrap", **theme.WRAP_ANYWHERE}),
        class_name="fold more-fields",
    )
