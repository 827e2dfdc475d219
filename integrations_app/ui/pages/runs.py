"""The runs list: the last day at a glance, filters, and every run, live."""

import reflex as rx

from integrations_app.sdk.forms import Choice
from integrations_app.ui import theme
from integrations_app.ui.components.bars import bars
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.run_rows import RunLine
from integrations_app.ui.pages.runs_state import STATUSES
from integrations_app.ui.pages.runs_state import RunsState as State
from integrations_app.ui.shell import page_heading, shell

COLUMNS = ("Status", "Workflow", "Started", "Duration", "Result")
SKELETON_ROWS = 6


def runs() -> rx.Component:
    """Compose the page."""
    return shell(
        page_heading(
            "Runs",
            line=rx.cond(
                State.loaded,
                rx.text(State.chart.summary, size="2", style=theme.MUTED),
                rx.skeleton(width="280px", height="20px"),
            ),
        ),
        rx.card(bars(State.chart, State.loaded), size="2", width="100%"),
        _filters(),
        rx.cond(State.loaded, _list(), _skeletons()),
        active="/runs",
    )


def _filters() -> rx.Component:
    return rx.flex(
        rx.el.select(
            rx.el.option("All workflows", value=""),
            rx.foreach(State.workflows, _choice),
            value=State.workflow_id,
            on_change=State.choose_workflow,
            aria_label="Workflow",
            class_name="native-select runs-filter",
        ),
        rx.el.select(
            rx.el.option("Every status", value=""),
            *[rx.el.option(one.label, value=one.value) for one in STATUSES],
            value=State.status,
            on_change=State.choose_status,
            aria_label="Status",
            class_name="native-select runs-filter",
        ),
        rx.cond(
            State.filtered,
            rx.button("Clear filters", variant="ghost", color_scheme="gray", on_click=State.clear_filters),
        ),
        spacing="3",
        wrap="wrap",
        align="center",
        margin_block="20px 12px",
    )


def _choice(choice: rx.Var[Choice]) -> rx.Component:
    return rx.el.option(choice.label, value=choice.value)


def _list() -> rx.Component:
    return rx.cond(
        State.lines.length() > 0,
        rx.fragment(
            _table(),
            rx.cond(
                State.older,
                rx.button(
                    "Show older", variant="soft", color_scheme="gray", on_click=State.show_older, margin_top="16px"
                ),
            ),
        ),
        rx.cond(State.filtered, _nothing_matches(), _nothing_yet()),
    )


def _table() -> rx.Component:
    """A table whose rows become two lines on a phone; the roles are said because that takes them away."""
    return rx.el.table(
        rx.el.thead(
            rx.el.tr(*[rx.el.th(name, scope="col", role="columnheader") for name in COLUMNS], role="row"),
            role="rowgroup",
        ),
        rx.el.tbody(rx.foreach(State.lines, _row), role="rowgroup"),
        role="table",
        aria_label="Runs",
        class_name="runs-table",
    )


def _row(line: rx.Var[RunLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            rx.link(
                status_badge(line.status, line.word),
                href=line.href,
                aria_label=line.word + ", open run " + line.short_id,
                underline="none",
                class_name="row-link",
            ),
            scope="row",
            role="rowheader",
        ),
        rx.el.td(
            rx.link(line.workflow_name, href=line.workflow_href, title=line.workflow_name, class_name="runs-workflow"),
            role="cell",
        ),
        rx.el.td(
            relative_time(at=line.created_at),
            rx.cond(line.wake_at != "", rx.text(relative_time(at=line.wake_at, prefix="goes on "), size="1")),
            role="cell",
            class_name="runs-muted",
        ),
        rx.el.td(line.duration, role="cell", class_name="runs-muted runs-number"),
        rx.el.td(
            rx.text(
                line.note,
                size="2",
                title=line.note,
                color=rx.cond(line.is_trouble, "var(--gray-12)", "var(--gray-11)"),
                class_name="runs-note",
            ),
            role="cell",
        ),
        role="row",
        key=line.id,
    )


def _skeletons() -> rx.Component:
    return rx.vstack(
        *[rx.skeleton(height="44px", width="100%") for _ in range(SKELETON_ROWS)],
        spacing="2",
        width="100%",
        role="status",
        aria_label="Loading",
    )


def _nothing_matches() -> rx.Component:
    return rx.vstack(
        rx.text("No run matches these filters.", style=theme.MUTED, role="status"),
        rx.button("Show all runs", variant="soft", on_click=State.clear_filters),
        class_name="empty-place",
    )


def _nothing_yet() -> rx.Component:
    return rx.vstack(
        rx.icon("history", size=28, color="var(--gray-9)", aria_hidden="true"),
        rx.text("Nothing has run yet.", weight="medium"),
        rx.text("Publish a workflow or press Run now in the editor.", size="2", style=theme.MUTED),
        rx.link("Go to workflows", href="/workflows", size="2"),
        class_name="empty-place",
        align="center",
    )
