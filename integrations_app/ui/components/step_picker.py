"""The dialog in which a step is chosen: every action of every provider, and the steps of our own."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script
from integrations_app.ui.pages.editor_rows import PickerItem
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps

_SCRIPT = component_script("step_picker.jsx")


class StepPicker(rx.NoSSRComponent):
    """Searches in the browser; `on_pick(value)` is the only event."""

    library = _SCRIPT
    tag = "StepPicker"
    items: rx.Var[list[PickerItem]]
    on_pick: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def step_picker() -> rx.Component:
    """The dialog; Esc closes it."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Add a step"),
            rx.dialog.description(
                "Choose what happens next. Type to search, then choose with the arrow keys and Enter.",
                color="var(--gray-11)",
                font_size="var(--font-size-2)",
            ),
            StepPicker.create(items=Steps.picker, on_pick=Steps.add_step),
            rx.flex(
                rx.dialog.close(rx.button("Cancel", variant="soft", color_scheme="gray")),
                justify="end",
                margin_top="8px",
            ),
            max_width="560px",
        ),
        open=Steps.adding,
        on_open_change=Steps.show_picker,
    )
