"""The workflow editor: outline, canvas and panel side by side, one at a time on phones."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.canvas_pane import canvas_pane, view_switch
from integrations_app.ui.components.editor_bar import editor_bar
from integrations_app.ui.components.step_list import remove_dialog, step_list
from integrations_app.ui.components.step_panel import step_panel
from integrations_app.ui.components.step_picker import step_picker
from integrations_app.ui.components.step_values import step_values
from integrations_app.ui.pages.editor_canvas_state import EditorCanvasState as Canvas
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState as State
from integrations_app.ui.shell import shell

WIDTH = "100%"


def workflow_editor() -> rx.Component:
    """Compose the page."""
    return shell(
        rx.cond(
            State.missing,
            _missing(),
            rx.cond(State.loaded, rx.fragment(editor_bar(), _panes(), step_picker(), remove_dialog()), _skeleton()),
        ),
        active="/workflows",
        width=WIDTH,
    )


def _panes() -> rx.Component:
    return rx.fragment(
        view_switch(),
        rx.el.div(
            step_list(),
            canvas_pane(),
            rx.el.div(step_values(), step_panel(), class_name="editor-side"),
            class_name=rx.cond(State.panel_open, "editor-panes panel-open", "editor-panes"),
            custom_attrs={"data-view": Canvas.view, "data-outline": rx.cond(Canvas.outline_open, "open", "closed")},
        ),
    )


def _missing() -> rx.Component:
    return rx.vstack(
        rx.heading("There is no such workflow", as_="h1", size="6"),
        rx.text("It may have been deleted, or it belongs to another organization.", size="2", style=theme.MUTED),
        rx.link("Back to workflows", href="/workflows"),
        spacing="3",
    )


def _skeleton() -> rx.Component:
    return rx.el.div(
        rx.el.h1("Workflow", style=theme.VISUALLY_HIDDEN),
        rx.skeleton(height="40px", width="100%", margin_bottom="20px"),
        rx.el.div(
            rx.skeleton(height="240px", width="100%", class_name="editor-outline"),
            rx.skeleton(height="100%", width="100%", class_name="editor-canvas"),
            rx.skeleton(height="420px", width="100%", class_name="editor-side"),
            class_name="editor-panes",
            custom_attrs={"data-view": "outline"},
        ),
        role="status",
        aria_label="Loading",
    )
