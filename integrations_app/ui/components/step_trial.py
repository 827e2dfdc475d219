"""The section in which one step is tried by itself, with what was asked and what was answered."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.json_view import json_view
from integrations_app.ui.components.request_view import request_view
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.editor_panel_rows import Panel
from integrations_app.ui.pages.editor_trial_state import EditorTrialState as State
from integrations_app.ui.pages.editor_trial_state import TrialView
from integrations_app.ui.pages.request_rows import RequestView

TRY: Any = State.try_step
"""A background handler: its type does not say so."""


def step_test() -> rx.Component:
    """The button, what it does to the vendor, and the latest result for this very step."""
    return rx.cond(State.can_edit, _section())


def _section() -> rx.Component:
    trial = State.trial.to(TrialView)
    here = trial.place == State.workflow_id + "/" + State.selected
    return rx.el.section(
        rx.heading("Test", as_="h3", size="2", margin_top="8px"),
        rx.cond(
            State.panel.to(Panel).stamp != "",
            request_view(State.request.to(RequestView)),
        ),
        rx.text(State.panel.to(Panel).test_warning, size="2", style=theme.MUTED),
        rx.button(
            rx.icon("flask-conical", size=16, aria_hidden="true"),
            "Test step",
            variant="soft",
            width="fit-content",
            loading=here & trial.running,
            on_click=TRY,
        ),
        rx.el.div(
            rx.cond(here, rx.cond(trial.running, rx.text("Testing…", size="2"), _result(trial))),
            role="status",
            aria_label="Result of the test",
        ),
        aria_label="Test",
        class_name="editor-fields",
    )


def _pin(trial: rx.Var[TrialView]) -> rx.Component:
    return rx.flex(
        rx.button(
            rx.icon("pin", size=14, aria_hidden="true"),
            "Pin this answer",
            size="1",
            variant="soft",
            on_click=State.pin_answer,
        ),
        rx.text(trial.pin_note, size="2", style=theme.MUTED, as_="span"),
        spacing="3",
        align="center",
        wrap="wrap",
    )


def _result(trial: rx.Var[TrialView]) -> rx.Component:
    red = {"color": "var(--red-11)", "white_space": "pre-wrap", **theme.WRAP_ANYWHERE}
    return rx.el.div(
        rx.cond(
            trial.word != "",
            rx.hstack(
                status_badge(trial.status, trial.word),
                rx.text(trial.took, size="2", style=theme.MUTED, as_="span"),
                align="center",
                spacing="3",
            ),
        ),
        rx.cond(trial.error != "", rx.text(trial.error, size="2", style=red)),
        rx.cond(trial.inputs != "", json_view("Request", trial.inputs)),
        rx.cond(trial.answer != "", json_view("Answer", trial.answer)),
        rx.cond(trial.answer != "", _pin(trial)),
        class_name="editor-fields",
    )
