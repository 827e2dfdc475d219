"""The dialog that moves every workflow of a connection to another connection of the same service."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.question import named
from integrations_app.ui.pages.moving_state import MovedLine
from integrations_app.ui.pages.moving_state import MovingState as State

SELECT = "move-to"


def moving_dialog() -> rx.Component:
    """Ask which connection, say what will happen, then tell what became of each workflow."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Move workflows of ", State.move.name),
            rx.cond(State.move.done != "", _told(), _asked()),
            max_width="520px",
            aria_describedby="",
        ),
        open=State.move.connection_id != "",
        on_open_change=State.close,
    )


def _asked() -> rx.Component:
    return rx.vstack(
        rx.cond(
            State.move.workflows.length() > 0,
            rx.fragment(
                rx.text("These workflows use it:", size="2"),
                named(State.move.workflows),
                rx.cond(State.move.choices.length() > 0, _choosing(), _nothing_to_choose()),
            ),
            rx.text("No workflow uses this connection.", size="2"),
        ),
        rx.flex(
            rx.dialog.close(rx.button("Leave them", variant="soft", color_scheme="gray")),
            rx.cond(
                (State.move.workflows.length() > 0) & (State.move.choices.length() > 0),
                rx.button("Move them", loading=State.move.running, on_click=State.go),
            ),
            spacing="3",
            justify="end",
            width="100%",
        ),
        spacing="3",
        align="stretch",
    )


def _choosing() -> rx.Component:
    return rx.fragment(
        rx.el.label(rx.text("Connection to use instead", size="2", weight="medium"), html_for=SELECT),
        rx.el.select(
            rx.foreach(State.move.choices, lambda one: rx.el.option(one.label, value=one.value)),
            id=SELECT,
            value=State.chosen,
            on_change=State.choose,
            class_name="native-select",
        ),
        rx.text(
            "Drafts are changed, and each live version gets a successor that differs in nothing else. ",
            rx.cond(
                State.move.held > 0,
                rx.text.span(
                    State.move.held,
                    rx.cond(
                        State.move.held == 1,
                        " run that waits goes on with it from its step.",
                        " runs that wait go on with it from their step.",
                    ),
                ),
                "",
            ),
            size="2",
            style=theme.MUTED,
        ),
    )


def _nothing_to_choose() -> rx.Component:
    return rx.text(
        "There is no other connection of this service that works. Add one first: New connection on this page.",
        size="2",
        style=theme.MUTED,
    )


def _told() -> rx.Component:
    return rx.vstack(
        rx.text(
            State.move.done,
            size="2",
            weight="medium",
            role="status",
            color=rx.cond(State.move.ok, "var(--green-11)", "var(--red-11)"),
        ),
        rx.el.ul(rx.foreach(State.move.lines.to(list[MovedLine]), _line), aria_label="Moved workflows"),
        rx.flex(rx.dialog.close(rx.button("Close")), justify="end", width="100%"),
        spacing="3",
        align="stretch",
    )


def _line(line: rx.Var[MovedLine]) -> rx.Component:
    return rx.el.li(
        rx.text(
            rx.text.strong(line.name),
            ": ",
            rx.text.span(line.words, color=rx.cond(line.ok, "var(--gray-11)", "var(--red-11)")),
            size="2",
            style=theme.WRAP_ANYWHERE,
        )
    )
