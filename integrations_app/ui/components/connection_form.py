"""The Connections tab: which connections there are, and the form, test and acts of the chosen one."""

from typing import cast

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.components.doctor_section import doctor_section
from integrations_app.ui.components.form import FormField, field_control
from integrations_app.ui.components.moving_dialog import moving_dialog
from integrations_app.ui.components.native import native_link
from integrations_app.ui.components.permissions_section import more_permissions, permissions_section
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.request_view import paste_form
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.components.try_section import try_section
from integrations_app.ui.pages.connection_rows import Fact
from integrations_app.ui.pages.connection_state import NEW
from integrations_app.ui.pages.connection_state import ConnectionState as State
from integrations_app.ui.pages.integrations_rows import ConnectionLine
from integrations_app.ui.pages.moving_state import MovingState
from integrations_app.ui.pages.try_state import TryState


def connection_tab() -> rx.Component:
    """List at the left, the chosen one at the right."""
    return rx.grid(
        _list(),
        rx.vstack(_standing(), _permissions(), _doctor(), _form(), _try(), spacing="4", align="stretch", min_width="0"),
        moving_dialog(),
        columns=rx.breakpoints(initial="1", md="260px 1fr"),
        spacing="5",
        width="100%",
    )


def _try() -> rx.Component:
    return rx.cond(
        State.tries & State.can_edit & (State.chosen != NEW) & (State.chosen != ""), rx.card(try_section(), size="3")
    )


def _permissions() -> rx.Component:
    return rx.cond(State.permissions.shown, rx.card(permissions_section(), size="3"))


def _doctor() -> rx.Component:
    return rx.cond(
        State.can_manage & (State.chosen != NEW) & (State.chosen != ""),
        rx.card(doctor_section(), size="3"),
    )


def _list() -> rx.Component:
    return rx.el.nav(
        rx.el.ul(rx.foreach(State.lines, _choice), class_name="choices"),
        rx.cond(
            State.can_manage,
            rx.button(
                rx.icon("plus", size=16, aria_hidden="true"),
                "New connection",
                variant="ghost",
                on_click=State.choose(NEW),
                margin_top="8px",
            ),
        ),
        aria_label="Connections",
    )


def _choice(line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.text(line.account, size="2", weight="medium", style=theme.TRUNCATE),
            rx.hstack(
                status_badge(line.status, line.word),
                rx.cond(line.default & (State.lines.length() > 1), rx.badge("Default", color_scheme="gray")),
                rx.cond(line.sandbox, rx.badge("Sandbox", color_scheme="purple")),
                wrap="wrap",
                align="center",
            ),
            type="button",
            aria_current=rx.cond(State.chosen == line.id, "true", "false"),
            class_name=rx.cond(State.chosen == line.id, "choice-button current", "choice-button"),
            on_click=[State.choose(line.id), TryState.begin_try],
        )
    )


def _standing() -> rx.Component:
    return rx.cond(State.chosen_line, _chosen(cast("rx.Var[ConnectionLine]", State.chosen_line)))


def _chosen(line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.el.section(
        rx.hstack(
            status_badge(line.status, line.word),
            rx.text(relative_time(at=line.synced_at, prefix="Last synced ", empty="Never synced"), size="2"),
            wrap="wrap",
            align="center",
        ),
        rx.cond(line.trouble != "", rx.text(line.trouble, size="2", color_scheme="red", style=theme.WRAP_ANYWHERE)),
        rx.cond(
            line.gone,
            rx.text("Disconnected. Workflows name it still: reconnect the same account, or move them.", size="2"),
        ),
        rx.cond(State.can_manage, _acts(line)),
        _result(),
        aria_label="Status",
        style={"display": "grid", "gap": "12px"},
    )


def _acts(line: rx.Var[ConnectionLine]) -> rx.Component:
    return rx.flex(
        rx.cond(
            line.oauth,
            connect_button(
                url=State.connect_url,
                label=rx.cond(line.status == "pending", "Continue", "Reconnect"),
                size="2",
                variant=rx.cond(line.needs_person, "solid", "soft"),
                on_blocked=State.popup_blocked,
                on_opened=State.popup_opened,
            ),
        ),
        rx.cond(
            line.status == "pending",
            rx.button("Cancel", variant="soft", color_scheme="gray", on_click=State.cancel_connecting),
        ),
        rx.cond(
            (line.status != "pending") & ~line.gone,
            rx.fragment(
                rx.button("Test connection", variant="soft", loading=State.testing, on_click=State.test_connection),
                rx.cond(
                    line.paused,
                    rx.button("Resume", variant="soft", color_scheme="gray", on_click=State.resume),
                    rx.button("Pause", variant="soft", color_scheme="gray", on_click=State.pause),
                ),
                rx.cond(
                    (State.lines.length() > 1) & ~line.default,
                    rx.button("Make default", variant="soft", color_scheme="gray", on_click=State.make_default),
                ),
            ),
        ),
        rx.cond(
            (line.used_by > 0) & State.can_edit,
            rx.button("Move workflows…", variant="soft", color_scheme="gray", on_click=MovingState.ask(line.id)),
        ),
        spacing="2",
        wrap="wrap",
    )


def _result() -> rx.Component:
    return rx.el.div(
        rx.cond(
            State.result.headline != "",
            rx.callout.root(
                rx.callout.text(State.result.headline, weight="medium"),
                rx.el.dl(rx.foreach(State.result.facts, _fact), class_name="facts"),
                color_scheme=rx.cond(State.result.ok, "green", "red"),
                size="1",
            ),
        ),
        role="status",
        aria_label="Test result",
    )


def _fact(fact: rx.Var[Fact]) -> rx.Component:
    return rx.fragment(rx.el.dt(fact.label), rx.el.dd(fact.value))


def _form() -> rx.Component:
    return rx.card(
        rx.el.section(
            rx.heading(
                rx.cond(State.chosen == NEW, "New connection", "Settings"), as_="h2", size="4", margin_bottom="12px"
            ),
            rx.cond(
                (State.chosen == NEW) & State.can_manage & (State.paste_title != ""),
                rx.box(
                    paste_form(State.paste_title, State.pasted_note, State.paste, "connection-paste"),
                    margin_bottom="16px",
                ),
            ),
            rx.cond((State.chosen == NEW) & (State.ways.length() > 1), _way()),
            rx.cond(
                (State.chosen == NEW) & ~State.typed,
                _by_signing_in(),
                rx.cond(State.can_manage, _fields(), rx.text("Only admins may change this.", style=theme.MUTED)),
            ),
            aria_label="Settings",
            id="connection-settings",
        ),
        size="3",
    )


def _way() -> rx.Component:
    return rx.box(
        rx.el.label(rx.text("How to connect", size="2", weight="medium"), html_for="way"),
        rx.el.select(
            rx.foreach(State.ways, lambda way: rx.el.option(way.label, value=way.value)),
            id="way",
            value=State.way,
            on_change=State.choose_way,
            class_name="native-select",
        ),
        margin_bottom="16px",
    )


def _by_signing_in() -> rx.Component:
    return rx.vstack(
        rx.text("A window of the vendor opens; you choose the account and allow it there.", size="2"),
        rx.cond(State.can_manage & (State.optional_lines.length() > 0), more_permissions()),
        connect_button(
            url=State.connect_url,
            label="Connect",
            size="2",
            on_blocked=State.popup_blocked,
            on_opened=State.popup_opened,
        ),
        rx.el.div(
            rx.cond(
                State.blocked,
                rx.text(
                    "Your browser blocked the window. ",
                    native_link("Continue in this window", href=State.redirect_url),
                    size="2",
                ),
            ),
            role="status",
        ),
        align="start",
    )


def _field(item: rx.Var[FormField]) -> rx.Component:
    return field_control(item, "connection-", State.chosen_values, State.choose_value)


def _fields() -> rx.Component:
    return rx.form(
        rx.vstack(
            rx.foreach(State.fields, lambda item: rx.cond(item.group == "", _field(item))),
            rx.cond(
                State.more_title != "",
                rx.el.details(
                    rx.el.summary(State.more_title),
                    rx.el.div(
                        rx.foreach(State.fields, lambda item: rx.cond(item.group != "", _field(item))),
                        class_name="editor-fields",
                    ),
                    open=rx.cond(State.more_wrong, True, None),
                    class_name="fold more-fields",
                ),
            ),
            rx.cond(
                (State.chosen == NEW) & State.sandbox_offered,
                rx.el.label(
                    rx.el.input(type="checkbox", name="use_sandbox", id="use-sandbox"),
                    rx.text("This is a token of the sandbox", size="2", as_="span"),
                    html_for="use-sandbox",
                    class_name="check",
                ),
            ),
            rx.button(rx.cond(State.chosen == NEW, "Connect", "Save settings"), type="submit"),
            rx.text(
                State.notice,
                size="2",
                role="status",
                min_height="20px",
                color=rx.cond(State.notice_ok, "var(--green-11)", "var(--red-11)"),
            ),
            spacing="4",
            align="start",
            width="100%",
        ),
        on_submit=[State.save_settings, TryState.begin_try],
        key=State.form_version.to(str),
    )
