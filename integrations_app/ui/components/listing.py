"""What every live list has: filters, a table that folds on a phone, older rows, and words where there are none."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from integrations_app.sdk.forms import Choice
from integrations_app.ui import theme

SKELETON_ROWS = 6


def filter_choice(
    label: str, every: str, choices: rx.Var[list[Choice]] | Sequence[Choice], value: Any, on_change: Any
) -> rx.Component:
    """A filter; `every` is the option that filters nothing."""
    options = (
        [rx.foreach(choices, lambda one: rx.el.option(one.label, value=one.value))]
        if isinstance(choices, rx.Var)
        else [rx.el.option(one.label, value=one.value) for one in choices]
    )
    return rx.el.select(
        rx.el.option(every, value=""),
        *options,
        value=value,
        on_change=on_change,
        aria_label=label,
        class_name="native-select runs-filter",
    )


def filters(*controls: rx.Component, filtered: Any, on_clear: Any) -> rx.Component:
    """The filters in a row, with the way back to everything while one of them hides something."""
    return rx.flex(
        *controls,
        rx.cond(filtered, rx.button("Clear filters", variant="ghost", color_scheme="gray", on_click=on_clear)),
        spacing="3",
        wrap="wrap",
        align="center",
        margin_block="20px 12px",
    )


def table(label: str, columns: Sequence[str], rows: rx.Component) -> rx.Component:
    """A table whose rows become two lines on a phone; the roles are said because that takes them away."""
    return rx.el.table(
        rx.el.thead(
            rx.el.tr(*[rx.el.th(name, scope="col", role="columnheader") for name in columns], role="row"),
            role="rowgroup",
        ),
        rx.el.tbody(rows, role="rowgroup"),
        role="table",
        aria_label=label,
        class_name="runs-table",
    )


def with_older(shown: rx.Component, *, older: Any, on_older: Any) -> rx.Component:
    """The rows, and the button that adds the next page below."""
    more = rx.button("Show older", variant="soft", color_scheme="gray", on_click=on_older, margin_top="16px")
    return rx.fragment(shown, rx.cond(older, more))


def row_link(badge: rx.Component, href: Any, name: Any, before: Any = None) -> rx.Component:
    """The head of a row, which opens what it is about; `name` is what a screen reader says."""
    link = rx.link(badge, href=href, aria_label=name, underline="none", class_name="row-link")
    shown = link if before is None else rx.flex(before, link, align="center")
    return rx.el.th(shown, scope="row", role="rowheader")


def nothing_matches(what: str, on_clear: Any) -> rx.Component:
    """Said where the filters hide everything; `what` is one of those that are listed."""
    return rx.vstack(
        rx.text(f"No {what} matches these filters.", style=theme.MUTED, role="status"),
        rx.button(f"Show all {what}s", variant="soft", on_click=on_clear),
        class_name="empty-place",
    )


def nothing_yet(icon: str, words: str, advice: str) -> rx.Component:
    """Said where there is nothing at all yet, with the way to the workflows, where it comes from."""
    return rx.vstack(
        rx.icon(icon, size=28, color="var(--gray-9)", aria_hidden="true"),
        rx.text(words, weight="medium"),
        rx.text(advice, size="2", style=theme.MUTED),
        rx.link("Go to workflows", href="/workflows", size="2"),
        class_name="empty-place",
        align="center",
    )


def skeleton_rows() -> rx.Component:
    """Stands where the rows will be."""
    return rx.vstack(
        *[rx.skeleton(height="44px", width="100%") for _ in range(SKELETON_ROWS)],
        spacing="2",
        width="100%",
        role="status",
        aria_label="Loading",
    )


def back_to(label: str, href: str) -> rx.Component:
    """The way back to the list, on top of the page of one of its rows."""
    return rx.el.a(rx.icon("arrow-left", size=16, aria_hidden="true"), label, href=href, class_name="back")


def missing(what: str, label: str, href: str) -> rx.Component:
    """Said on the page of something that is not there."""
    return rx.vstack(
        rx.heading(f"There is no such {what}", as_="h1", size="6"),
        rx.text("It may have been removed, or the address is wrong.", style=theme.MUTED),
        rx.link(f"Back to {label}", href=href),
        margin_top="12px",
    )


def page_skeleton(heading: str, *heights: str) -> rx.Component:
    """Stands where the page of one row will be."""
    return rx.vstack(
        rx.heading(heading, as_="h1", size="6"),
        rx.skeleton(height="24px", width="240px"),
        *[rx.skeleton(height=height, width="100%") for height in heights],
        spacing="4",
        margin_top="12px",
        width="100%",
        role="status",
        aria_label="Loading",
    )
