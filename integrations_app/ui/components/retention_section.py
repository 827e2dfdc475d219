"""The retention section of the settings page: how long runs and events are kept."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.pages.retention_state import RetentionState as State
from integrations_app.workflows.retention import CHOICES

_WORDS = {0: "For ever", 365: "1 year"}


def retention_section() -> rx.Component:
    """Draw the section; shown to admins and owners."""
    return rx.card(
        rx.el.section(
            rx.heading("Retention", as_="h2", size="4", margin_bottom="12px"),
            rx.text(
                "Finished runs and received events older than this are deleted for good, a few at a time. Runs that "
                "wait or are held stay, and so does the audit.",
                size="2",
                style=theme.MUTED,
            ),
            rx.flex(
                _choice("keep-runs", "Keep runs", State.run_days, State.choose_runs),
                _choice("keep-events", "Keep events", State.event_days, State.choose_events),
                rx.button("Save retention", variant="soft", on_click=State.ask_save),
                spacing="3",
                align="end",
                wrap="wrap",
                margin_top="12px",
            ),
            rx.text(State.retention_notice, size="2", role="status", min_height="20px", margin_top="8px"),
            aria_label="Retention",
        ),
        _question(),
        size="3",
        on_mount=State.load,
    )


def _choice(identifier: str, label: str, value: Any, on_change: Any) -> rx.Component:
    return rx.box(
        rx.el.label(rx.text(label, size="2", weight="medium"), html_for=identifier),
        rx.el.select(
            *[rx.el.option(_WORDS.get(days, f"{days} days"), value=str(days)) for days in CHOICES],
            id=identifier,
            value=value,
            on_change=on_change,
            class_name="native-select",
        ),
        width="150px",
    )


def _question() -> rx.Component:
    return question(
        title="Delete what is older?",
        words=rx.fragment(
            rx.cond(State.old_runs == 1, "One run", rx.fragment(State.old_runs, " runs")),
            " and ",
            rx.cond(State.old_events == 1, "one event", rx.fragment(State.old_events, " events")),
            " are older than that already and go within minutes. Nothing brings them back.",
        ),
        act=act_button("Delete and save", State.save),
        opened=State.asking,
        on_open_change=State.keep,
    )
