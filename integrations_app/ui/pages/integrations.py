"""The integrations page: a card per provider, live in every open browser."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.components.native import native_link
from integrations_app.ui.components.provider_card import provider_card
from integrations_app.ui.components.question import act_button, named, question
from integrations_app.ui.pages.integrations_rows import Trouble
from integrations_app.ui.pages.integrations_state import FILTERS
from integrations_app.ui.pages.integrations_state import IntegrationsState as State
from integrations_app.ui.shell import page_heading, shell


def integrations() -> rx.Component:
    """Compose the page."""
    return shell(
        page_heading(
            "Integrations",
            line=rx.cond(State.loaded, rx.text(State.truth, size="2", style=theme.MUTED), rx.skeleton(width="160px")),
        ),
        rx.cond(State.troubled.length() > 0, _attention()),
        rx.cond(State.is_newcomer, _first_steps()),
        rx.cond(State.notice != "", rx.callout(State.notice, icon="circle-alert", color_scheme="red", role="alert")),
        _toolbar(),
        rx.cond(State.loaded, _cards(), _skeletons()),
        _disconnect_dialog(),
        _rename_dialog(),
        active="/integrations",
    )


def _toolbar() -> rx.Component:
    return rx.flex(
        rx.box(
            rx.segmented_control.root(
                *[rx.segmented_control.item(name, value=name) for name in FILTERS],
                value=State.shown,
                on_change=State.show,
                size="2",
                aria_label="Which integrations",
            ),
            overflow_x="auto",
            max_width="100%",
        ),
        rx.spacer(),
        rx.input(
            rx.input.slot(rx.icon("search", size=16, aria_hidden="true")),
            placeholder="Search",
            aria_label="Search integrations",
            on_change=State.find.debounce(250),
            width=rx.breakpoints(initial="100%", sm="240px"),
        ),
        spacing="3",
        wrap="wrap",
        width="100%",
        margin_block="16px",
    )


def _cards() -> rx.Component:
    return rx.cond(
        State.visible.length() > 0,
        rx.box(rx.foreach(State.visible, provider_card), style=theme.CARD_GRID),
        rx.text("Nothing matches. Clear the search or choose All.", style=theme.MUTED, role="status"),
    )


def _skeletons() -> rx.Component:
    return rx.box(
        *[rx.skeleton(height="190px", width="100%", border_radius="var(--radius-4)") for _ in range(3)],
        style=theme.CARD_GRID,
        aria_label="Loading",
        role="status",
    )


def _attention() -> rx.Component:
    return rx.callout.root(
        rx.callout.icon(rx.icon("triangle-alert", size=18)),
        rx.callout.text(rx.foreach(State.troubled, _trouble), as_="div", width="100%"),
        color_scheme="red",
        role="alert",
        margin_bottom="16px",
    )


def _trouble(one: rx.Var[Trouble]) -> rx.Component:
    """Which connection, what waits for it, and the button that mends it."""
    line = one.line
    return rx.flex(
        rx.box(
            rx.text(rx.text.strong(line.account), ": ", line.word, ". ", rx.text.span(line.trouble), as_="div"),
            rx.cond(one.workflows.length() > 0, _waiting(one)),
            min_width="0",
            flex="1 1 320px",
            style=theme.WRAP_ANYWHERE,
        ),
        rx.cond(
            State.can_manage,
            rx.cond(
                line.oauth,
                connect_button(
                    url=line.reconnect_url,
                    label="Reconnect " + line.name,
                    size="1",
                    variant="solid",
                    on_blocked=State.popup_blocked(line.provider),
                    on_opened=State.popup_opened(line.provider),
                    on_window_closed=State.popup_closed(line.provider),
                ),
                native_link("Open its settings", href="/integrations/" + line.provider + "?connection=" + line.id),
            ),
            rx.text("Ask an admin to reconnect it.", size="2", as_="span"),
        ),
        spacing="3",
        align="center",
        wrap="wrap",
        margin_block="4px",
    )


def _waiting(one: rx.Var[Trouble]) -> rx.Component:
    return rx.text(
        rx.cond(
            one.held > 0,
            rx.text.span(one.held, rx.cond(one.held == 1, " run waits for it. ", " runs wait for it. ")),
            "At risk: ",
        ),
        rx.cond(one.held > 0, "Workflows: ", ""),
        rx.foreach(
            one.workflows,
            lambda named, index: rx.fragment(
                rx.cond(index > 0, ", ", ""), rx.el.a(named.name, href=named.href, class_name="in-text")
            ),
        ),
        rx.cond(one.more > 0, rx.text.span(" and ", one.more, " more"), rx.fragment()),
        ".",
        as_="div",
        size="2",
    )


def _first_steps() -> rx.Component:
    return rx.card(
        rx.el.section(
            rx.heading("Three steps to your first workflow", as_="h2", size="3"),
            rx.el.ol(
                _step(0, "Connect a service", "Try it with the sandbox, no account needed", "/integrations"),
                _step(1, "Build a workflow", "A trigger, then steps that use your connections", "/workflows"),
                _step(2, "Run it", "And see what every step did", "/runs"),
                class_name="first-steps",
            ),
            aria_label="First steps",
        ),
        margin_bottom="16px",
    )


def _step(number: int, title: str, hint: str, href: str) -> rx.Component:
    done = State.first_steps[number]
    return rx.el.li(
        rx.cond(
            done,
            rx.icon("circle-check", size=20, color="var(--green-10)", aria_label="Done"),
            rx.icon("circle", size=20, color="var(--gray-9)", aria_label="To do"),
        ),
        rx.box(
            rx.el.a(rx.text(title, size="2", weight="medium", as_="span"), href=href, class_name="plain-link"),
            rx.text(hint, size="1", style=theme.MUTED),
        ),
    )


def _disconnect_dialog() -> rx.Component:
    return question(
        named(State.leaving_breaks),
        rx.cond(
            State.leaving_breaks.length() > 0,
            native_link(
                "Move them to another connection first",
                href="/integrations/" + State.leaving_provider + "?move=" + State.leaving_id,
            ),
        ),
        title=rx.fragment("Disconnect ", State.leaving_name, "?"),
        words=rx.fragment(
            "The stored credentials are destroyed at once and the access is ended at the vendor. ",
            rx.cond(
                State.leaving_breaks.length() > 0,
                "These workflows stop until you reconnect the same account:",
                "No workflow uses this connection.",
            ),
        ),
        act=act_button("Disconnect now", State.disconnect),
        opened=State.leaving_id != "",
        on_open_change=State.keep,
    )


def _rename_dialog() -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Rename the connection"),
            rx.form(
                rx.vstack(
                    rx.el.label("Name", html_for="rename-name"),
                    rx.input(id="rename-name", name="name", default_value=State.renaming_name, required=True),
                    rx.flex(
                        rx.dialog.close(rx.button("Cancel", type="button", variant="soft", color_scheme="gray")),
                        rx.button("Save name", type="submit"),
                        spacing="3",
                        justify="end",
                        width="100%",
                    ),
                    spacing="3",
                    align="stretch",
                ),
                on_submit=State.rename,
            ),
            max_width="420px",
            aria_describedby="",
        ),
        open=State.renaming_id != "",
        on_open_change=State.keep,
    )
