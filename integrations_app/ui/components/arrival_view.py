"""A definition from outside before it is taken in: steps in words, connections to choose, and what is left to do."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.step_list import kind_mark
from integrations_app.ui.pages.arrival_rows import ArrivalView, NeedLine
from integrations_app.ui.pages.editor_rows import ProblemLine, StepLine


def arrival(view: rx.Var[ArrivalView], choose: Callable[[Any, Any], Any]) -> rx.Component:
    """Everything about it; `choose(key, connection)` makes the event of a choice."""
    return rx.fragment(
        rx.el.ol(
            rx.foreach(view.lines, _line), aria_label="What it does", role="list", class_name="step-list arrival-steps"
        ),
        rx.cond(view.more > 0, rx.text("and ", view.more, " more steps", size="2", style=theme.MUTED)),
        rx.foreach(view.needs, lambda need: _need(need, choose)),
        rx.cond(
            view.left.length() > 0,
            rx.box(
                rx.text("Left to do before it can be published:", size="2", weight="medium"),
                rx.el.ul(rx.foreach(view.left, _left), aria_label="Left to do", class_name="arrival-list"),
            ),
            rx.text("Nothing is left to do: it can be published as it is.", size="2", style=theme.MUTED),
        ),
    )


def _line(line: rx.Var[StepLine]) -> rx.Component:
    return rx.el.li(
        rx.cond(line.heading, None, kind_mark(line.logo, line.kind, 18)),
        rx.text(
            line.title,
            size="2",
            as_="span",
            style=theme.WRAP_ANYWHERE,
            color=rx.cond(line.heading, "var(--gray-11)", "var(--gray-12)"),
        ),
        style={"--depth": line.depth},
        custom_attrs={"aria-level": line.depth + 1},
    )


def _need(need: rx.Var[NeedLine], choose: Callable[[Any, Any], Any]) -> rx.Component:
    return rx.el.label(
        rx.flex(
            rx.image(src=need.logo, alt="", width="18px", height="18px"),
            rx.text(need.label, size="2", weight="medium", as_="span", style=theme.WRAP_ANYWHERE),
            spacing="2",
            align="center",
        ),
        rx.el.select(
            rx.el.option("Choose later", value=""),
            rx.foreach(need.choices, lambda one: rx.el.option(one.label, value=one.value)),
            value=need.chosen,
            on_change=lambda value: choose(need.key, value),
            class_name="native-select",
        ),
        rx.cond(
            need.choices.length() == 0,
            rx.text("There is none yet. Connect one later, in the editor.", size="1", style=theme.MUTED),
        ),
        class_name="arrival-need",
    )


def _left(line: rx.Var[ProblemLine]) -> rx.Component:
    return rx.el.li(rx.text(rx.text.strong(line.where), ": ", line.message, size="2", style=theme.WRAP_ANYWHERE))
