"""A stacked bar per hour, drawn with boxes; the same stands beside it in words."""

from typing import Any

import reflex as rx

from integrations_app.ui.pages.run_chart import Bar


def bars(chart: Any, loaded: Any) -> rx.Component:
    """Draw a Chart (both are vars): one image with a sentence for its name, and a legend with the numbers."""
    return rx.el.figure(
        rx.el.div(
            rx.foreach(chart.bars, _bar),
            role="img",
            aria_label=rx.cond(loaded, chart.summary, "Loading the runs of the last 24 hours"),
            class_name="bars",
        ),
        rx.el.div(
            rx.el.span("24 hours ago"),
            rx.el.span("12 hours ago", class_name="bars-middle"),
            rx.el.span("Now"),
            class_name="bars-axis",
            aria_hidden="true",
        ),
        rx.el.figcaption(
            _legend("succeeded", "Succeeded", chart.succeeded),
            _legend("failed", "Failed", chart.failed),
            _legend("held", "Held", chart.held),
            _legend("other", "Under way or cancelled", chart.other),
            class_name="bars-legend",
        ),
        class_name="bars-figure",
    )


def _bar(bar: rx.Var[Bar]) -> rx.Component:
    return rx.el.div(
        _part("other", bar.other),
        _part("held", bar.held),
        _part("failed", bar.failed),
        _part("succeeded", bar.succeeded),
        title=bar.title,
        class_name="bar",
    )


def _part(kind: str, share: rx.Var[str]) -> rx.Component:
    return rx.cond(share != "", rx.el.span(class_name=f"bar-part {kind}", style={"height": share}))


def _legend(kind: str, word: str, number: rx.Var[int]) -> rx.Component:
    return rx.el.span(rx.el.span(class_name=f"bar-key {kind}", aria_hidden="true"), f"{word} ", rx.el.strong(number))
