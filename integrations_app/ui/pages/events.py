"""The inbox: every inbound delivery with what was made of it, live."""

import reflex as rx

from integrations_app.sdk.forms import Choice
from integrations_app.ui import theme
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.event_rows import WORDS, EventLine
from integrations_app.ui.pages.events_state import EventsState as State
from integrations_app.ui.shell import page_heading, shell
from integrations_app.workflows.events import VERDICTS

COLUMNS = ("Verdict", "From", "Received", "What", "Result")
SKELETON_ROWS = 6


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
        rx.cond(State.loaded, _list(), _skeletons()),
        active="/events",
    )


def _filters() -> rx.Component:
    return rx.flex(
        rx.el.select(
            rx.el.option("Every source", value=""),
            rx.foreach(State.endpoints, _choice),
            value=State.endpoint_id,
            on_change=State.choose_endpoint,
            aria_label="Source",
            class_name="native-select runs-filter",
        ),
        rx.el.select(
            rx.el.option("Every verdict", value=""),
            *[rx.el.option(WORDS[one], value=one) for one in VERDICTS],
            value=State.verdict,
            on_change=State.choose_verdict,
            aria_label="Verdict",
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
        aria_label="Events",
        class_name="runs-table",
    )


def _row(line: rx.Var[EventLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            rx.link(
                status_badge(line.dot, line.word),
                href=line.href,
                aria_label=line.word + ", open event " + line.short_id,
                underline="none",
                class_name="row-link",
            ),
            scope="row",
            role="rowheader",
        ),
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
        rx.text("No event matches these filters.", style=theme.MUTED, role="status"),
        rx.button("Show all events", variant="soft", on_click=State.clear_filters),
        class_name="empty-place",
    )


def _nothing_yet() -> rx.Component:
    return rx.vstack(
        rx.icon("inbox", size=28, color="var(--gray-9)", aria_hidden="true"),
        rx.text("Nothing has come in yet.", weight="medium"),
        rx.text(
            "Publish a workflow that starts on an event of a service, or on a webhook, and send something.",
            size="2",
            style=theme.MUTED,
        ),
        rx.link("Go to workflows", href="/workflows", size="2"),
        class_name="empty-place",
        align="center",
    )
