"""The draft as YAML, or one step of it as JSON, to read and to change as a text."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.sample_data import JSON_AREA
from integrations_app.ui.pages.editor_document import TRIGGER
from integrations_app.ui.pages.editor_raw_state import EditorRawState as State


def raw_dialog() -> rx.Component:
    """The text, what is wrong with it, and the button that stores it."""
    of_draft = State.raw_key == ""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(
                rx.cond(of_draft, "Workflow as YAML", rx.cond(State.raw_key == TRIGGER, "Trigger", "Step") + " as JSON")
            ),
            rx.dialog.description(
                rx.cond(of_draft, "The whole draft.", rx.fragment(rx.el.q(State.raw_name), ".")),
                rx.cond(State.can_edit, " Saving is one edit: Undo takes it back.", ""),
                size="2",
                margin_bottom="12px",
                style=theme.MUTED | theme.WRAP_ANYWHERE,
            ),
            rx.form(
                rx.text_area(
                    name="raw",
                    aria_label=rx.cond(of_draft, "Definition as YAML", "Definition as JSON"),
                    default_value=State.raw_text,
                    rows=rx.cond(of_draft, "24", "16"),
                    spell_check=False,
                    read_only=~State.can_edit.to(bool),
                    **JSON_AREA,
                ),
                rx.el.div(_problems(), role="status", aria_label="Problems of the text"),
                _acts(),
                on_submit=State.save_raw,
                reset_on_submit=False,
                class_name="editor-fields",
            ),
            max_width="860px",
        ),
        open=State.raw_open,
        on_open_change=State.show_raw,
    )


def raw_button(key: rx.Var[str]) -> rx.Component:
    """Opens the dialog with the step of that key, or with the trigger."""
    return rx.icon_button(
        rx.icon("code", size=16),
        type="button",
        variant="ghost",
        color_scheme="gray",
        aria_label="Show as JSON",
        title="Show as JSON",
        on_click=State.show_step_raw(key),
    )


def _acts() -> rx.Component:
    return rx.flex(
        rx.button(
            rx.icon("copy", size=14, aria_hidden="true"),
            "Copy",
            type="button",
            variant="ghost",
            color_scheme="gray",
            aria_label="Copy the text",
            align_self="center",
            on_click=rx.set_clipboard(State.raw_text),
        ),
        rx.spacer(),
        rx.dialog.close(rx.button("Close", type="button", variant="soft", color_scheme="gray")),
        rx.cond(State.can_edit, rx.button("Save", type="submit")),
        spacing="3",
    )


def _problems() -> rx.Component:
    return rx.cond(
        State.raw_problems.length() > 0,
        rx.el.ul(
            rx.foreach(State.raw_problems, lambda problem: rx.el.li(problem, class_name="field-note wrong")),
            class_name="plain-list",
        ),
    )
