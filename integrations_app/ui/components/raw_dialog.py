"""The draft as YAML, to read and to change as a whole."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.sample_data import JSON_AREA
from integrations_app.ui.pages.editor_raw_state import EditorRawState as State


def raw_dialog() -> rx.Component:
    """The text, what is wrong with it, and the button that stores it."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Workflow as YAML"),
            rx.dialog.description(
                "The whole draft. Saving is one edit: Undo takes it back.",
                size="2",
                margin_bottom="12px",
                style=theme.MUTED,
            ),
            rx.form(
                rx.text_area(
                    name="raw",
                    aria_label="Definition as YAML",
                    default_value=State.raw_text,
                    rows="24",
                    spell_check=False,
                    read_only=~State.can_edit.to(bool),
                    **JSON_AREA,
                ),
                rx.el.div(_problems(), role="status", aria_label="Problems of the text"),
                rx.flex(
                    rx.dialog.close(rx.button("Close", type="button", variant="soft", color_scheme="gray")),
                    rx.cond(State.can_edit, rx.button("Save", type="submit")),
                    spacing="3",
                    justify="end",
                ),
                on_submit=State.save_raw,
                reset_on_submit=False,
                class_name="editor-fields",
            ),
            max_width="860px",
        ),
        open=State.raw_open,
        on_open_change=State.show_raw,
    )


def _problems() -> rx.Component:
    return rx.cond(
        State.raw_problems.length() > 0,
        rx.el.ul(
            rx.foreach(State.raw_problems, lambda problem: rx.el.li(problem, class_name="field-note wrong")),
            class_name="plain-list",
        ),
    )
