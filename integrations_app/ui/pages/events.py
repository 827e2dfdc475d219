"""The inbox: every inbound delivery with what was made of it, live."""

import reflex as rx

from integrations_app.sdk.forms import Choice
from integrations_app.ui import theme
from integrations_app.ui.components import listing
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.event_rows import WORDS, EventLine
from integrations_app.ui.pages.events_state import EventsState as State
from integrations_app.ui.shell import page_heading, shell
from integrations_app.workflows.events import VERDICTS

COLUMNS = ("Verdict", "From", "Received", "What", "Result")


def events() -> rx.Component:
    """Compose the page."""
    return shell(
        page_heading(
            "Events",
            line=rx.text(
                "What services and programs have sent here, and what it started.", size="2", style=theme.MUTED
            ),
        ),
        _filters(),
        rx.cond(State.loaded, _list(), listing.skeleton_rows()),
        active="/events",
    )


def _filters() -> rx.Component:
    verdicts = [Choice(one, WORDS[one]) for one in VERDICTS]
    return listing.filters(
        listing.filter_choice("Source", "Every source", State.endpoints, State.endpoint_id, State.choose_endpoint),
        listing.filter_choice("Workflow", "Every workflow", State.workflows, State.workflow_id, State.choose_workflow),
        listing.filter_choice("Verdict", "Every verdict", verdicts, State.verdict, State.choose_verdict),
        filtered=State.filtered,
        on_clear=State.clear_filters,
    )


def _list() -> rx.Component:
    rows = listing.table("Events", COLUMNS, rx.foreach(State.lines, _row))
    return rx.cond(
        State.lines.length() > 0,
        listing.with_older(rows, older=State.older, on_older=State.show_older),
        rx.cond(
            State.filtered,
            listing.nothing_matches("event", State.clear_filters),
            listing.nothing_yet(
                "inbox",
                "Nothing has come in yet.",
                "Publish a workflow that starts on an event of a service, or on a webhook, and send something.",
            ),
        ),
    )


def _row(line: rx.Var[EventLine]) -> rx.Component:
    return rx.el.tr(
        listing.row_link(status_badge(line.dot, line.word), line.href, line.word + ", open event " + line.short_id),
        rx.el.td(rx.text(line.source, size="2", title=line.source, class_name="runs-workflow"), role="cell"),
        rx.el.td(relative_time(at=line.received_at), role="cell", class_name="runs-muted"),
        rx.el.td(
            rx.text(line.kind, size="2", title=line.delivery_id, class_name="runs-note"),
            role="cell",
            class_name="runs-muted",
        ),
        rx.el.td(rx.text(line.note, size="2", title=line.note, class_name="runs-note"), role="cell"),
        role="row",
        key=line.id,
    )
