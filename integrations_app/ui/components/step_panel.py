"""The panel beside the outline: the selected step, or the trigger."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.components.consent_choice import step_consent
from integrations_app.ui.components.endpoint_choice import endpoint_choice
from integrations_app.ui.components.raw_dialog import raw_button
from integrations_app.ui.components.request_view import paste_form
from integrations_app.ui.components.sample_data import sample_data
from integrations_app.ui.components.step_fields import field_groups, labelled_select, step_field
from integrations_app.ui.components.step_list import kind_mark
from integrations_app.ui.components.step_trial import step_test
from integrations_app.ui.pages.editor_panel import CONNECT_NEW
from integrations_app.ui.pages.editor_panel_rows import Panel
from integrations_app.ui.pages.editor_request_state import EditorRequestState as Request
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps


def step_panel() -> rx.Component:
    """What is selected, drawn by its kind."""
    panel = Steps.panel.to(Panel)
    kind: Any = rx.cond(panel.kind == "trigger", panel.choice, panel.kind)
    return rx.el.section(
        rx.el.button(
            rx.icon("chevron-left", size=16, aria_hidden="true"),
            "All steps",
            type="button",
            class_name="back phone-only",
            on_click=Steps.close_panel,
        ),
        rx.hstack(
            kind_mark(panel.logo, kind, 24),
            rx.heading(panel.title, as_="h2", size="4", style=theme.WRAP_ANYWHERE),
            rx.spacer(),
            rx.cond(panel.key != "", raw_button(panel.key)),
            align="center",
            spacing="3",
        ),
        rx.cond(panel.description != "", rx.text(panel.description, size="2", style=theme.MUTED)),
        rx.match(
            panel.kind,
            ("trigger", _trigger()),
            ("action", _action()),
            ("", rx.fragment()),
            _own_step(),
        ),
        aria_label=rx.cond(panel.kind == "trigger", "Trigger", "Step"),
        class_name="editor-panel",
    )


def _trigger() -> rx.Component:
    panel = Steps.panel.to(Panel)
    return rx.el.div(
        labelled_select(
            "Trigger", "trigger-type", panel.choice, panel.choices, Steps.choose_trigger, panel.choice_error
        ),
        rx.cond(panel.needs_connection, _connection()),
        rx.cond(panel.endpoint, endpoint_choice(), rx.foreach(panel.fields, step_field)),
        rx.cond(panel.next_times.length() > 0, _next_times(panel)),
        rx.cond(
            panel.choice == "manual",
            rx.text("Starts by Run now, or by a call of the API. It needs nothing else.", size="2", style=theme.MUTED),
        ),
        sample_data(),
        class_name="editor-fields",
    )


def _next_times(panel: Any) -> rx.Component:
    return rx.el.div(
        rx.text("Next times, once published", size="2", weight="medium", id="next-times"),
        rx.el.ul(
            rx.foreach(panel.next_times.to(list[str]), lambda time: rx.el.li(rx.text(time, size="2"))),
            aria_labelledby="next-times",
            class_name="plain-list",
        ),
        class_name="editor-field",
    )


def _action() -> rx.Component:
    panel = Steps.panel.to(Panel)
    return rx.el.div(
        _connection(),
        labelled_select(
            "Action",
            "step-action",
            panel.choice,
            panel.choices,
            lambda value: Steps.choose_action(Steps.selected, value),
            panel.choice_error,
            note=panel.safety,
        ),
        _name(),
        rx.heading("Inputs", as_="h3", size="2", margin_top="8px"),
        rx.cond(
            (panel.paste_title != "") & Steps.can_edit.to(bool),
            paste_form(panel.paste_title, Request.pasted_note, Request.paste, "step-paste"),
        ),
        rx.foreach(panel.fields, step_field),
        field_groups(panel.groups),
        _options(),
        step_test(),
        sample_data(),
        class_name="editor-fields",
    )


def _own_step() -> rx.Component:
    return rx.el.div(
        _name(),
        rx.foreach(Steps.panel.fields, step_field),
        rx.cond(
            (Steps.panel.kind == "condition") & Steps.can_edit.to(bool),
            rx.button(
                rx.icon("plus", size=16, aria_hidden="true"),
                "Add branch",
                variant="soft",
                on_click=Steps.add_branch(Steps.selected),
                width="fit-content",
            ),
        ),
        _options(),
        class_name="editor-fields",
    )


def _options() -> rx.Component:
    return rx.fragment(
        rx.heading("Options", as_="h3", size="2", margin_top="8px"),
        rx.foreach(Steps.panel.options, step_field),
    )


def _name() -> rx.Component:
    return rx.el.div(
        rx.el.label("Step name", html_for="step-name", class_name="field-label"),
        rx.el.input(
            id="step-name",
            name="name",
            max_length=200,
            default_value=Steps.panel.name,
            disabled=~Steps.can_edit.to(bool),
            auto_complete="off",
            class_name="text-input",
            key=Steps.panel.key + "/" + Steps.panel.name,
            on_blur=lambda text: Steps.set_field(Steps.panel.key, "@name", text),
        ),
        rx.el.div(
            rx.text("Read by later steps as ", rx.code("steps." + Steps.panel.key), as_="span"), class_name="field-note"
        ),
        class_name="editor-field",
    )


def _connection() -> rx.Component:
    panel = Steps.panel.to(Panel)
    chosen: Any = rx.cond(Steps.connecting, CONNECT_NEW, panel.connection)
    return rx.fragment(
        labelled_select(
            "Connection",
            "step-connection",
            chosen,
            panel.connections,
            lambda value: Steps.choose_connection(Steps.selected, value),
            panel.connection_error,
        ),
        rx.cond(Steps.connecting, _connect(), step_consent()),
    )


def _connect() -> rx.Component:
    panel = Steps.panel.to(Panel)
    ask = rx.text("Only admins may connect a service. Ask one of them.", size="2", style=theme.MUTED)
    typed = rx.text(
        rx.link("Connect it on its page", href="/integrations/" + panel.provider + "?new=1", is_external=True),
        ". It is chosen here as soon as it works.",
        size="2",
    )
    popup = rx.flex(
        connect_button(
            url=panel.connect_url,
            label=rx.Var.create("Connect ") + panel.provider_name,
            size="2",
            variant="solid",
            on_blocked=Steps.popup_blocked,
            on_opened=Steps.popup_opened,
        ),
        rx.button(
            "Cancel",
            variant="soft",
            color_scheme="gray",
            on_click=Steps.choose_connection(Steps.selected, panel.connection),
        ),
        spacing="2",
        wrap="wrap",
    )
    return rx.el.div(
        rx.cond(Steps.can_manage, rx.cond(panel.oauth, popup, typed), ask),
        rx.el.div(
            rx.cond(
                Steps.blocked,
                rx.text("Your browser blocked the window. Allow windows for this page, then click again.", size="2"),
            ),
            role="status",
        ),
        class_name="connect-in-place",
    )
