"""The sample data of a step or of the trigger: read, written as JSON, pinned and unpinned; and Run now with data."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.pages.editor_input_state import EditorInputState as Input
from integrations_app.ui.pages.editor_pin_state import EditorPinState as Pins
from integrations_app.ui.pages.editor_samples import SampleView

JSON_AREA: dict[str, Any] = {"width": "100%", "font_family": "var(--code-font-family)"}


def sample_data() -> rx.Component:
    """Folded away under its name, with a mark when it is pinned."""
    sample = Pins.sample.to(SampleView)
    return rx.el.details(
        rx.el.summary(
            "Sample data",
            rx.cond(sample.pinned, rx.badge(rx.icon("pin", size=12, aria_hidden="true"), "Pinned", margin_left="8px")),
        ),
        rx.text(sample.source, size="2", style=theme.MUTED),
        rx.cond(Pins.can_edit, _form(sample), rx.el.pre(sample.text, tab_index=0, class_name="json-view")),
        open=rx.cond(Pins.pin_trouble != "", True, None),
        key=sample.place,
        class_name="fold more-fields",
    )


def _form(sample: Any) -> rx.Component:
    return rx.form(
        rx.text_area(
            name="sample",
            aria_label="Sample data as JSON",
            default_value=sample.text,
            key=sample.place + sample.text,
            rows="8",
            spell_check=False,
            **JSON_AREA,
        ),
        rx.el.div(Pins.pin_trouble, role="status", aria_label="Sample data", class_name="field-note wrong"),
        rx.flex(
            rx.button(rx.icon("pin", size=14, aria_hidden="true"), "Pin", type="submit", variant="soft"),
            rx.cond(
                sample.pinned,
                rx.button("Unpin", type="button", variant="soft", color_scheme="gray", on_click=Pins.unpin_sample),
            ),
            spacing="2",
            wrap="wrap",
        ),
        on_submit=Pins.pin_sample,
        reset_on_submit=False,
        class_name="editor-fields",
    )


def run_with_button() -> rx.Component:
    """Beside Run now: the same with data of one's own."""
    return rx.icon_button(
        rx.icon("braces", size=16),
        variant="soft",
        aria_label="Run with data…",
        title="Run with data…",
        on_click=Input.ask_input,
    )


def run_with_dialog() -> rx.Component:
    """What the trigger would have brought, to be written."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Run with data"),
            rx.dialog.description(
                "What the steps read as trigger. ", Input.input_note, size="2", margin_bottom="12px", style=theme.MUTED
            ),
            rx.form(
                rx.text_area(
                    name="input",
                    aria_label="Data of the trigger as JSON",
                    default_value=Input.input_text,
                    rows="12",
                    spell_check=False,
                    **JSON_AREA,
                ),
                rx.el.div(Input.input_error, role="status", aria_label="Data", class_name="field-note wrong"),
                rx.el.label(
                    rx.el.input(type="checkbox", name="pin", value="yes"),
                    rx.text("Pin it for tests and later runs", size="2", as_="span"),
                    class_name="check",
                ),
                rx.flex(
                    rx.dialog.close(rx.button("Cancel", type="button", variant="soft", color_scheme="gray")),
                    rx.button("Run", type="submit"),
                    spacing="3",
                    justify="end",
                ),
                on_submit=Input.run_with,
                reset_on_submit=False,
                class_name="editor-fields",
            ),
            max_width="640px",
        ),
        open=Input.asking_input,
        on_open_change=Input.keep_input,
    )
