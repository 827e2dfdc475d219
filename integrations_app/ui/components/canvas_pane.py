"""The canvas in the editor: its keys, what shows and hides the outline beside it, and the switch between the two."""

from typing import Any

import reflex as rx

from integrations_app.ui.components.step_keys import step_keys
from integrations_app.ui.components.workflow_canvas import workflow_canvas
from integrations_app.ui.pages.editor_canvas_state import CANVAS, OUTLINE
from integrations_app.ui.pages.editor_canvas_state import EditorCanvasState as Canvas
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps
from integrations_app.ui.pages.workflow_editor_state import SAVING


def canvas_pane() -> rx.Component:
    """The workflow as a picture; everything here can be done in the outline too."""
    return rx.el.section(
        step_keys(
            workflow_canvas(
                drawing=Steps.drawing,
                lines=Steps.outline,
                marks=Steps.marks,
                selected=Steps.selected,
                enabled=Steps.can_edit,
                busy=Steps.saved == SAVING,
                scheme=rx.color_mode,
                on_select=Steps.select,
                on_insert=Steps.add_into,
                on_place=Canvas.place_step,
                on_copy=Steps.duplicate_step,
                on_remove=Steps.ask_remove,
            ),
            enabled=Steps.can_edit,
            on_move=Steps.move_step,
            on_copy=Steps.duplicate_step,
            on_remove=Steps.ask_remove,
        ),
        _outline_button(),
        aria_label="Canvas",
        class_name="editor-canvas",
    )


def view_switch() -> rx.Component:
    """Where outline and canvas take turns."""
    choose: Any = Canvas.show_view
    return rx.box(
        rx.segmented_control.root(
            rx.segmented_control.item("Outline", value=OUTLINE),
            rx.segmented_control.item("Canvas", value=CANVAS),
            value=Canvas.view,
            on_change=choose,
            custom_attrs={"aria-label": "View"},
        ),
        class_name="view-switch",
    )


def _outline_button() -> rx.Component:
    label = rx.cond(Canvas.outline_open, "Hide outline", "Show outline")
    return rx.icon_button(
        rx.cond(
            Canvas.outline_open,
            rx.icon("panel-left-close", size=16, aria_hidden="true"),
            rx.icon("panel-left-open", size=16, aria_hidden="true"),
        ),
        variant="surface",
        color_scheme="gray",
        aria_label=label,
        title=label,
        on_click=Canvas.show_outline(~Canvas.outline_open),
        class_name="outline-button",
    )
