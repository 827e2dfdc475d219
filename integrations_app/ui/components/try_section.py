"""Send a test request: the fields of one action at the left, what leaves and what comes back at the right."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.json_view import json_view
from integrations_app.ui.components.request_view import paste_form, request_view
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.components.step_fields import Hands, drawn_field, field_groups
from integrations_app.ui.pages.editor_panel_rows import FieldGroup, StepField
from integrations_app.ui.pages.editor_trial_state import TrialView
from integrations_app.ui.pages.request_rows import RequestView
from integrations_app.ui.pages.try_state import TryState as State

SEND: Any = State.send_try
"""A background handler: its type does not say so."""
_HANDS = Hands(commit=State.set_try)


def try_section() -> rx.Component:
    """The card's content; drawn anew for each connection."""
    fields = State.try_fields.to(list[StepField])
    return rx.el.section(
        rx.heading("Send a test request", as_="h2", size="4"),
        rx.text("It is sent for real, with this connection: what it does there stays.", size="2", style=theme.MUTED),
        rx.el.div(
            rx.el.div(
                rx.cond(
                    State.paste_title != "",
                    paste_form(State.paste_title, State.paste_note, State.paste_try, "try-paste"),
                ),
                rx.foreach(fields, lambda item: drawn_field(item, _HANDS)),
                field_groups(State.try_groups.to(list[FieldGroup]), _HANDS),
                class_name="editor-fields",
            ),
            rx.el.div(
                request_view(State.try_request.to(RequestView)),
                _send(),
                class_name="editor-fields",
            ),
            class_name="try-columns",
        ),
        aria_label="Send a test request",
        class_name="editor-fields",
        on_mount=State.begin_try,
    )


def _paste() -> rx.Component:
    return paste_form(State.paste_title, State.paste_note, State.paste_try, "try-paste")


def _send() -> rx.Component:
    result = State.try_result.to(TrialView)
    here = result.place == State.chosen
    return rx.fragment(
        rx.button(
            rx.icon("send", size=16, aria_hidden="true"),
            "Send test request",
            width="fit-content",
            loading=here & result.running,
            on_click=SEND,
        ),
        rx.el.div(
            rx.cond(here, _result(result)),
            role="status",
            aria_label="Result of the request",
            class_name="editor-fields",
        ),
    )


def _result(result: rx.Var[TrialView]) -> rx.Component:
    red = {"color": "var(--red-11)", "white_space": "pre-wrap", **theme.WRAP_ANYWHERE}
    return rx.el.div(
        rx.cond(
            result.word != "",
            rx.hstack(
                status_badge(result.status, result.word),
                rx.text(result.took, size="2", style=theme.MUTED, as_="span"),
                align="center",
                spacing="3",
            ),
        ),
        rx.cond(result.error != "", rx.text(result.error, size="2", style=red)),
        rx.cond(result.answer != "", json_view("Answer", result.answer)),
        class_name="editor-fields",
    )
