"""The steps of a run as a waterfall: a list whose items unfold into what went in and came out."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.json_view import json_view
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.run_rows import StepLine
from integrations_app.ui.pages.run_state import RunState as State


def timeline() -> rx.Component:
    """List the steps in the order they began."""
    return rx.el.section(
        rx.heading("Steps", as_="h2", size="3", id="steps-heading", margin_bottom="8px"),
        rx.cond(
            State.step_count > 0,
            rx.fragment(
                rx.el.ol(rx.foreach(State.steps, _step), aria_label="Steps", class_name="run-steps"),
                rx.cond(
                    State.step_count > State.steps.length(),
                    rx.button(
                        "Show more of ",
                        State.step_count,
                        " steps",
                        variant="soft",
                        color_scheme="gray",
                        on_click=State.show_more,
                        margin_top="12px",
                    ),
                ),
            ),
            rx.text(
                rx.cond(State.head.finished, "It ended before its first step.", "Its first step has not begun."),
                size="2",
                style=theme.MUTED,
            ),
        ),
        aria_labelledby="steps-heading",
    )


def _step(line: rx.Var[StepLine]) -> rx.Component:
    return rx.el.li(
        rx.el.details(
            rx.el.summary(_line(line), on_click=State.unfold(line.path), class_name="run-step-line"),
            _values(line),
            class_name="fold",
        ),
        rx.cond(
            line.error != "",
            rx.text(line.error, size="2", style=theme.WRAP_ANYWHERE, as_="div", class_name="run-step-error"),
        ),
        style={"--depth": line.depth.to(str)},
        key=line.path,
    )


def _line(line: rx.Var[StepLine]) -> rx.Component:
    return rx.fragment(
        rx.el.span(status_badge(line.status, line.word), class_name="run-step-status"),
        rx.el.span(
            rx.el.span(
                rx.cond(line.logo != "", rx.image(src=line.logo, alt="", width="16px", height="16px")),
                rx.el.span(line.name, class_name="run-step-title", title=line.name),
                rx.cond(line.turn != "", rx.badge(line.turn, color_scheme="gray", variant="soft")),
                class_name="run-step-head",
            ),
            rx.el.span(line.kind, class_name="run-step-kind"),
            class_name="run-step-name",
        ),
        rx.el.span(
            rx.cond(
                line.bar_width != "",
                rx.el.span(
                    class_name="run-bar " + line.status,
                    style={"left": line.bar_left, "width": line.bar_width},
                ),
            ),
            class_name="run-track",
            aria_hidden="true",
        ),
        rx.el.span(
            rx.cond(line.wake_at != "", relative_time(at=line.wake_at, prefix="goes on "), line.duration),
            rx.cond(line.attempts != "", rx.el.span(line.attempts, class_name="run-step-kind")),
            class_name="run-step-time",
        ),
    )


def _values(line: rx.Var[StepLine]) -> rx.Component:
    values = State.values[line.path]
    return rx.el.div(
        rx.cond(line.fix != "", rx.text(rx.text.strong("What to do: "), line.fix, size="2", as_="div")),
        rx.cond(
            State.values.contains(line.path),
            rx.fragment(
                json_view("Inputs", values.inputs),
                rx.cond(
                    values.output != "",
                    json_view("Output", values.output),
                    rx.text("This step has given no output.", size="2", style=theme.MUTED),
                ),
                rx.cond(
                    State.can_edit & line.replayable & State.workflow_exists,
                    rx.button(
                        "Replay from here",
                        on_click=State.replay(line.path),
                        size="1",
                        variant="soft",
                        justify_self="start",
                    ),
                ),
            ),
            rx.skeleton(height="96px", width="100%"),
        ),
        class_name="run-step-values",
    )
