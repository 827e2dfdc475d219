"""The runs list: the last day at a glance, filters, and every run, live."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components import listing
from integrations_app.ui.components.bars import bars
from integrations_app.ui.components.bulk_replay import chooser, replay_bar, replay_progress, replay_question, selects
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.bulk_replay_state import BulkReplayState as Bulk
from integrations_app.ui.pages.run_rows import RunLine
from integrations_app.ui.pages.runs_state import STATUSES
from integrations_app.ui.pages.runs_state import RunsState as State
from integrations_app.ui.shell import page_heading, shell

COLUMNS = ("Status", "Workflow", "Started", "Duration", "Result")


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
        replay_progress(),
        rx.cond(State.loaded, _list(), listing.skeleton_rows()),
        replay_question(),
        active="/runs",
    )


def _filters() -> rx.Component:
    return listing.filters(
        listing.filter_choice("Workflow", "All workflows", State.workflows, State.workflow_id, _choose_workflow),
        listing.filter_choice("Status", "Every status", STATUSES, State.status, State.choose_status),
        filtered=State.filtered,
        on_clear=State.clear_filters,
    )


def _choose_workflow(workflow_id: Any) -> list[Any]:
    return [State.choose_workflow(workflow_id), Bulk.clear()]


def _list() -> rx.Component:
    rows = listing.table("Runs", COLUMNS, rx.foreach(State.lines, _row))
    return rx.cond(
        State.lines.length() > 0,
        listing.with_older(
            rx.fragment(rx.cond(selects(), replay_bar()), rows), older=State.older, on_older=State.show_older
        ),
        rx.cond(
            State.filtered,
            listing.nothing_matches("run", State.clear_filters),
            listing.nothing_yet(
                "history", "Nothing has run yet.", "Publish a workflow or press Run now in the editor."
            ),
        ),
    )


def _row(line: rx.Var[RunLine]) -> rx.Component:
    return rx.el.tr(
        listing.row_link(
            status_badge(line.status, line.word),
            line.href,
            line.word + ", open run " + line.short_id,
            before=rx.cond(selects(), chooser(line)),
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
