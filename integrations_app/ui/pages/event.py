"""The page of one inbound event: verdict, headers, body, the runs it started, and Replay."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components import listing
from integrations_app.ui.components.json_view import json_view
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.event_replay_state import EventReplayState as State
from integrations_app.ui.pages.event_rows import HeaderLine, StartedLine
from integrations_app.ui.shell import shell


def event() -> rx.Component:
    """Compose the page."""
    return shell(
        listing.back_to("Events", "/events"),
        rx.cond(
            State.missing,
            listing.missing("event", "events", "/events"),
            rx.cond(State.loaded, _content(), listing.page_skeleton("Event", "96px", "96px")),
        ),
        active="/events",
    )


def _content() -> rx.Component:
    return rx.fragment(
        _heading(),
        rx.cond(
            State.can_edit & State.head.replayable,
            rx.button(
                rx.icon("rotate-ccw", size=16, aria_hidden="true"),
                "Replay",
                on_click=State.ask_replay(True),
                margin_bottom="12px",
            ),
        ),
        rx.el.div(
            rx.text(
                State.notice,
                size="2",
                color=rx.cond(State.notice_ok, "var(--gray-12)", "var(--red-11)"),
                style=theme.WRAP_ANYWHERE,
            ),
            role="status",
            min_height="20px",
            margin_bottom="12px",
        ),
        rx.cond(State.head.kept, rx.fragment(_runs(), _body()), _nothing_kept()),
        _headers(),
        _replay_question(),
    )


def _heading() -> rx.Component:
    head = State.head
    return rx.vstack(
        rx.heading(
            rx.cond(head.kind != "", head.kind, "Event"),
            " ",
            rx.el.span(head.short_id, class_name="run-id"),
            as_="h1",
            size=rx.breakpoints(initial="5", md="6"),
            style=theme.WRAP_ANYWHERE,
        ),
        rx.el.div(
            status_badge(rx.Var.create(head.dot), rx.Var.create(head.word)),
            rx.el.span(head.source),
            rx.el.span(relative_time(at=head.received_at, prefix="Received ")),
            rx.el.span(head.note),
            rx.cond(head.delivery_id != "", rx.el.span("Delivery ", rx.code(head.delivery_id))),
            class_name="run-facts",
        ),
        spacing="2",
        width="100%",
        margin_block="12px 16px",
    )


def _runs() -> rx.Component:
    return rx.el.section(
        rx.heading("Runs", as_="h2", size="3"),
        rx.cond(
            State.runs.length() > 0,
            rx.el.ul(rx.foreach(State.runs, _run), aria_label="Runs of this event", class_name="plain-list"),
            rx.text("It started no run: no live workflow listened for it.", size="2", style=theme.MUTED),
        ),
        rx.cond(
            State.runs_hidden > 0,
            rx.text("And ", State.runs_hidden, " earlier ones.", size="2", style=theme.MUTED),
        ),
        class_name="event-part",
    )


def _run(line: rx.Var[StartedLine]) -> rx.Component:
    return rx.el.li(
        status_badge(line.status, line.word),
        rx.link(line.workflow_name, href=line.href, size="2", style=theme.WRAP_ANYWHERE),
        relative_time(at=line.created_at),
        class_name="event-run",
    )


def _body() -> rx.Component:
    return rx.el.section(json_view("Body", State.body), class_name="event-part")


def _nothing_kept() -> rx.Component:
    return rx.callout(
        "Nothing of the body is kept of what was rejected, and the row may stand for several deliveries. Compare the "
        "secret at the sender with that of the endpoint.",
        icon="info",
        size="1",
        color_scheme="gray",
        high_contrast=True,
        margin_bottom="16px",
    )


def _headers() -> rx.Component:
    return rx.el.section(
        rx.heading("Headers", as_="h2", size="3"),
        rx.text("Without those that prove who sent it.", size="1", style=theme.MUTED),
        rx.cond(
            State.headers.length() > 0,
            rx.el.dl(rx.foreach(State.headers, _header), class_name="event-headers", tab_index=0, aria_label="Headers"),
            rx.text("None.", size="2", style=theme.MUTED),
        ),
        class_name="event-part",
    )


def _header(line: rx.Var[HeaderLine]) -> rx.Component:
    return rx.el.div(rx.el.dt(line.name), rx.el.dd(line.value))


def _replay_question() -> rx.Component:
    return question(
        rx.el.div(
            rx.el.label("Replay to", html_for="replay-target", class_name="field-label"),
            rx.el.select(
                rx.el.option("Every live workflow that listens", value=""),
                rx.foreach(State.targets, lambda one: rx.el.option(one.label, value=one.value)),
                id="replay-target",
                value=State.target,
                on_change=State.choose_target,
                class_name="native-select",
            ),
            class_name="editor-field",
            margin_top="12px",
        ),
        title="Replay this event?",
        words="What is chosen is started once more with it, also when it was started before: what its steps do is done "
        "again.",
        keep="Do not replay",
        act=act_button("Replay", State.replay, destructive=False),
        opened=(State.asked_event != "") & (State.asked_event == State.event_id),
        on_open_change=State.ask_replay,
    )
