"""The run page: what happened in one run, step by step, live, and what can be done about it."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components import listing
from integrations_app.ui.components.json_view import json_view
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.run_timeline import timeline
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.run_state import RunState as State
from integrations_app.ui.shell import shell

OUTCOMES = (("It was sent", "sent"), ("It was not sent", "not_sent"))


def run() -> rx.Component:
    """Compose the page."""
    return shell(
        listing.back_to("Runs", "/runs"),
        rx.cond(
            State.missing,
            listing.missing("run", "runs", "/runs"),
            rx.cond(State.loaded, _content(), listing.page_skeleton("Run", *["56px"] * 4)),
        ),
        active="/runs",
    )


def _content() -> rx.Component:
    return rx.fragment(
        _heading(),
        _trouble(),
        _actions(),
        rx.el.div(
            rx.cond(
                State.notice != "",
                rx.callout(State.notice, icon="circle-alert", color_scheme="red", size="1", margin_bottom="16px"),
            ),
            role="status",
        ),
        _trigger(),
        timeline(),
    )


def _heading() -> rx.Component:
    head = State.head
    return rx.vstack(
        rx.heading(
            head.workflow_name,
            " ",
            rx.el.span(head.short_id, class_name="run-id"),
            as_="h1",
            size=rx.breakpoints(initial="5", md="6"),
            style=theme.WRAP_ANYWHERE,
        ),
        rx.el.div(
            rx.el.div(
                status_badge(rx.Var.create(head.status), rx.Var.create(head.word)),
                role="status",
                aria_label="Status of the run",
            ),
            rx.cond(head.wake_at != "", rx.el.span(relative_time(at=head.wake_at, prefix="Goes on "))),
            rx.el.span(relative_time(at=head.created_at, prefix="Started ")),
            rx.cond(head.duration != "", rx.el.span("Took ", head.duration)),
            rx.el.span(head.version),
            rx.cond(
                head.replay_of_href != "",
                rx.link(head.started_by, href=head.replay_of_href, size="2"),
                rx.el.span(head.started_by),
            ),
            rx.cond(
                State.workflow_exists,
                rx.link("Open workflow", href=head.workflow_href, size="2"),
                rx.el.span("The workflow was deleted"),
            ),
            class_name="run-facts",
        ),
        spacing="2",
        width="100%",
        margin_block="12px 16px",
    )


def _trouble() -> rx.Component:
    """Why it failed or is held, and the one next thing to do."""
    head = State.head
    tone: Any = rx.cond(head.status == "failed", "red", rx.cond(head.status == "held", "orange", "gray"))
    return rx.cond(
        (head.error != "") | (head.fix != ""),
        rx.callout.root(
            rx.callout.icon(
                rx.cond(
                    head.fix != "",
                    rx.icon("triangle-alert", size=18, aria_hidden="true"),
                    rx.icon("info", size=18, aria_hidden="true"),
                )
            ),
            rx.el.div(
                rx.text(head.error, as_="div", weight="medium", style=theme.WRAP_ANYWHERE),
                rx.cond(head.fix != "", rx.text(rx.text.strong("What to do: "), head.fix, as_="div", margin_top="4px")),
                rx.cond(State.reconnect_href != "", _mend()),
                rx.cond(head.doubtful_path != "", _resolve()),
                class_name="run-trouble",
            ),
            color_scheme=tone,
            high_contrast=True,
            role=rx.cond(head.fix != "", "alert", "note"),
            margin_bottom="16px",
        ),
    )


def _mend() -> rx.Component:
    return rx.button(
        rx.el.a("Open ", State.reconnect_name, href=State.reconnect_href),
        as_child=True,
        color_scheme="indigo",
        class_name="run-trouble-act",
    )


def _resolve() -> rx.Component:
    """The decision that only a person can take."""
    return rx.cond(
        State.can_edit,
        rx.el.div(
            rx.text(
                "“It was sent” goes on with the next step, with nothing to read from this one. "
                "“It was not sent” makes the call again.",
                size="2",
                as_="div",
            ),
            rx.flex(
                *[_outcome(word, outcome) for word, outcome in OUTCOMES],
                spacing="3",
                wrap="wrap",
                margin_top="8px",
            ),
            role="group",
            aria_label="Resolve",
            class_name="run-trouble-act",
        ),
        rx.text("Ask somebody who may edit workflows to decide.", size="2"),
    )


def _outcome(word: str, outcome: str) -> rx.Component:
    """Neither answer is the likelier one, so neither stands out."""
    return rx.button(
        word, on_click=State.resolve(outcome), size="2", variant="surface", color_scheme="gray", high_contrast=True
    )


def _actions() -> rx.Component:
    head = State.head
    return rx.cond(
        State.can_edit,
        rx.flex(
            rx.cond(
                head.finished,
                rx.cond(State.workflow_exists, _replay()),
                rx.button(
                    "Cancel run",
                    on_click=State.cancel,
                    disabled=head.cancelling,
                    variant="soft",
                    color_scheme="gray",
                ),
            ),
            rx.cond(
                State.workflow_exists,
                rx.button(
                    rx.icon("pencil", size=16, aria_hidden="true"),
                    "Open in editor",
                    title="Its data becomes the pinned sample data of the draft.",
                    on_click=State.open_in_editor,
                    variant="soft",
                    color_scheme="gray",
                ),
            ),
            spacing="3",
            wrap="wrap",
            align="center",
            margin_bottom="20px",
        ),
    )


def _replay() -> rx.Component:
    head = State.head
    return rx.fragment(
        rx.cond(
            head.failed_path != "",
            rx.button("Replay from failed step", on_click=State.replay(head.failed_path)),
        ),
        rx.button(
            "Replay from start",
            on_click=State.replay(""),
            variant=rx.cond(head.failed_path != "", "soft", "solid"),
        ),
        rx.cond(
            State.latest_version > 0,
            rx.el.select(
                rx.el.option("On the original: ", head.version, value="original"),
                rx.el.option("On the latest: Version ", State.latest_version, value="latest"),
                value=State.version,
                on_change=State.choose_version,
                aria_label="Version to replay on",
                class_name="native-select run-version",
            ),
        ),
    )


def _trigger() -> rx.Component:
    return rx.el.details(
        rx.el.summary("What started it", on_click=State.unfold_trigger),
        rx.cond(State.trigger != "", json_view("Trigger", State.trigger), rx.skeleton(height="64px", width="100%")),
        class_name="fold run-trigger",
    )
