"""What the selected step was given and gave in the run that the editor shows."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.json_view import json_view
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.canvas_rows import StepValues
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState as State


def step_values() -> rx.Component:
    """Its outcome, and its data to unfold; nothing for a step that the run has not come to."""
    values = State.values.to(StepValues)
    return rx.cond(
        (values.key != "") & (values.key == State.selected),
        rx.el.section(
            rx.hstack(
                rx.text("In this run", size="2", as_="span", style=theme.MUTED),
                status_badge(values.status, values.words),
                spacing="3",
                align="center",
                wrap="wrap",
            ),
            rx.cond(
                values.error != "",
                rx.text(values.error, " ", values.fix, size="2", style=theme.WRAP_ANYWHERE, class_name="step-trouble"),
            ),
            rx.el.details(
                rx.el.summary("Data"),
                rx.el.div(
                    json_view("Inputs", values.inputs),
                    rx.cond(
                        values.output != "",
                        json_view("Output", values.output),
                        rx.text("This step has given no output.", size="2", style=theme.MUTED),
                    ),
                    class_name="step-data",
                ),
                class_name="fold",
            ),
            aria_label="In this run",
            class_name="editor-run",
        ),
    )
