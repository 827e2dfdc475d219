"""The card of one provider with its connections, as on the integrations page."""

from typing import Literal

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.components.native import native_link
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.integrations_rows import Card, ConnectionLine
from integrations_app.ui.pages.integrations_state import IntegrationsState as State


def provider_card(card: rx.Var[Card]) -> rx.Component:
    """Logo, name, summary; then a row per connection; then the way to connect."""
    return rx.card(
        rx.el.article(
            rx.hstack(
                rx.image(src=card.logo, alt="", width="32px", height="32px", flex_shrink="0"),
                rx.vstack(
                    rx.heading(card.name, as_="h2", size="3"),
                    rx.text(card.summary, size="2", style=theme.MUTED),
                    spacing="1",
                    min_width="0",
                ),
                spacing="3",
                align="start",
            ),
            rx.cond(card.lines.length() == 0, status_badge(card.status, card.word)),
            rx.foreach(card.lines, lambda line: _connection(card, line)),
            _notice(card),
            rx.spacer(),
            _ways_to_connect(card),
            aria_label=card.name,
            style={"display": "flex", "flex_direction": "column", "gap": "14px", "height": "100%"},
        ),
        size="2",
        height="100%",
    )


def _connection(card: rx.Var[Card], line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.box(
        rx.hstack(
            status_badge(line.status, line.word),
            rx.cond(line.sandbox, rx.badge("Sandbox", color_scheme="purple", variant="soft")),
            rx.spacer(),
            rx.cond(card.several & ~line.gone, _row_menu(card, line)),
            align="center",
            width="100%",
        ),
        rx.text(line.account, size="2", weight="medium", style=theme.TRUNCATE, title=line.account),
        rx.hstack(
            relative_time(at=line.synced_at, prefix="Last synced ", empty="Never synced"),
            rx.cond(
                line.used_by > 0,
                rx.text(
                    rx.cond(line.gone, "· Named by ", "· Used by "),
                    line.used_by,
                    rx.cond(line.used_by == 1, " workflow", " workflows"),
                    as_="span",
                ),
            ),
            spacing="1",
            wrap="wrap",
            style={**theme.MUTED, "font_size": "var(--font-size-1)"},
        ),
        rx.cond(line.trouble != "", rx.text(line.trouble, size="2", color_scheme="red", style=theme.WRAP_ANYWHERE)),
        rx.cond(
            line.gone,
            rx.flex(rx.cond(State.can_manage & line.oauth, _reconnect(card, line)), _move_away(line), spacing="2"),
            rx.cond(card.several, rx.fragment(), _row_buttons(card, line)),
        ),
        rx.text(
            line.outcome,
            size="2",
            role="status",
            color=rx.cond(line.outcome_ok, "var(--gray-11)", "var(--red-11)"),
            style=theme.WRAP_ANYWHERE,
        ),
        style={
            "display": "grid",
            "gap": "8px",
            "padding_top": "12px",
            "border_top": theme.LINE,
        },
    )


def _row_buttons(card: rx.Var[Card], line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.flex(
        rx.cond(State.can_manage & line.needs_person & line.oauth, _reconnect(card, line)),
        rx.cond(State.can_manage & (line.status == "pending"), _while_connecting(card, line)),
        rx.cond(State.can_manage & (line.status != "pending"), _test_button(line)),
        _configure(card, "1"),
        rx.cond(State.can_manage & (line.status != "pending"), _disconnect_button(line)),
        spacing="2",
        wrap="wrap",
    )


def _configure(card: rx.Var[Card], size: Literal["1", "2"]) -> rx.Component:
    return rx.button(
        "Configure",
        variant="soft",
        color_scheme="gray",
        size=size,
        on_click=rx.redirect("/integrations/" + card.key),
    )


def _move_away(line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.button(
        "Move its workflows",
        variant="soft",
        color_scheme="gray",
        size="1",
        on_click=rx.redirect("/integrations/" + line.provider + "?move=" + line.id),
    )


def _reconnect(card: rx.Var[Card], line: rx.Var[ConnectionLine]) -> rx.Component:
    return connect_button(
        url=line.reconnect_url,
        label="Reconnect",
        size="1",
        variant="solid",
        on_blocked=State.popup_blocked(card.key),
        on_opened=State.popup_opened(card.key),
        on_window_closed=State.popup_closed(card.key),
    )


def _while_connecting(card: rx.Var[Card], line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.fragment(
        connect_button(
            url=line.reconnect_url,
            label="Continue",
            size="1",
            variant="soft",
            on_blocked=State.popup_blocked(card.key),
            on_opened=State.popup_opened(card.key),
            on_window_closed=State.popup_closed(card.key),
        ),
        rx.button("Cancel", variant="soft", color_scheme="gray", size="1", on_click=State.cancel_connecting(line.id)),
    )


def _test_button(line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.button(
        "Test connection",
        variant="soft",
        size="1",
        loading=line.testing,
        on_click=State.test_connection(line.id),  # type: ignore[misc]  # background handlers lose their call
    )


def _disconnect_button(line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.button(
        "Disconnect", variant="soft", color_scheme="gray", size="1", on_click=State.ask_disconnect(line.id)
    )


def _row_menu(card: rx.Var[Card], line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                variant="ghost",
                color_scheme="gray",
                aria_label=rx.Var.create("More for ") + line.account,
            )
        ),
        rx.menu.content(
            rx.menu.item("Configure", on_click=rx.redirect("/integrations/" + card.key)),
            rx.cond(
                State.can_manage,
                rx.fragment(
                    rx.menu.item(
                        "Test connection",
                        on_click=State.test_connection(line.id),  # type: ignore[misc]  # as above
                    ),
                    rx.cond(
                        line.used_by > 0,
                        rx.menu.item(
                            "Move workflows…", on_click=rx.redirect("/integrations/" + card.key + "?move=" + line.id)
                        ),
                    ),
                    rx.menu.item("Rename", on_click=State.ask_rename(line.id)),
                    rx.cond(
                        line.paused,
                        rx.menu.item("Resume", on_click=State.resume(line.id)),
                        rx.menu.item("Pause", on_click=State.pause(line.id)),
                    ),
                    rx.menu.separator(),
                    rx.menu.item("Disconnect", color="red", on_click=State.ask_disconnect(line.id)),
                ),
            ),
        ),
    )


def _notice(card: rx.Var[Card]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            card.notice != "",
            rx.text(
                card.notice,
                " ",
                rx.cond(card.blocked, native_link("Continue in this window", href=card.redirect_url)),
                size="2",
            ),
        ),
        role="status",
    )


def _ways_to_connect(card: rx.Var[Card]) -> rx.Component:
    another = card.connected
    return rx.flex(
        rx.cond(
            State.can_manage,
            rx.cond(card.oauth, _connect_by_popup(card, another), _connect_on_page(card, another)),
            rx.cond(another, rx.fragment(), rx.text("Ask an admin to connect it.", size="2", style=theme.MUTED)),
        ),
        rx.cond(another, rx.fragment(), _configure(card, "2")),
        spacing="2",
        align="center",
    )


def _connect_by_popup(card: rx.Var[Card], another: rx.Var[bool]) -> rx.Component:
    return connect_button(
        url=card.connect_url,
        label=rx.cond(another, "Add another", "Connect"),
        size="2",
        variant=rx.cond(another, "ghost", "solid"),
        on_blocked=State.popup_blocked(card.key),
        on_opened=State.popup_opened(card.key),
        on_window_closed=State.popup_closed(card.key),
    )


def _connect_on_page(card: rx.Var[Card], another: rx.Var[bool]) -> rx.Component:
    return rx.button(
        rx.cond(another, "Add another", "Connect"),
        size="2",
        variant=rx.cond(another, "ghost", "solid"),
        on_click=rx.redirect("/integrations/" + card.key + "?new=1"),
    )
