"""The connection doctor on the provider page: a look in order, each finding with its fix beside it."""

from typing import Any

import reflex as rx

from integrations_app.connections.diagnosis import Remedy, Verdict
from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.pages.connection_state import ConnectionState as State
from integrations_app.ui.pages.doctor_state import DoctorState, FindingLine

ICONS = {
    Verdict.WELL: ("circle-check", "green"),
    Verdict.WARNING: ("triangle-alert", "amber"),
    Verdict.PROBLEM: ("circle-x", "red"),
    Verdict.NOT_LOOKED: ("circle-minus", "gray"),
}


def doctor_section() -> rx.Component:
    """Offer the look, then show what it found about the connection that is chosen now."""
    mine = DoctorState.report.connection_id == State.chosen
    return rx.el.section(
        rx.hstack(
            rx.heading("Connection doctor", as_="h2", size="3"),
            rx.spacer(),
            rx.button(
                rx.icon("stethoscope", size=16, aria_hidden="true"),
                "Find out what is wrong",
                variant="soft",
                loading=mine & DoctorState.report.running,
                on_click=DoctorState.examine(State.chosen),  # type: ignore[misc]  # background handlers lose their call
            ),
            align="center",
            wrap="wrap",
            width="100%",
        ),
        rx.text(
            "Looks at address, certificate, clock, credentials, account, permissions, rate limit and events, in this "
            "order.",
            size="2",
            style=theme.MUTED,
        ),
        rx.el.div(rx.cond(mine, _headline()), role="status", aria_label="Diagnosis"),
        rx.cond(
            mine & (DoctorState.report.lines.length() > 0),
            rx.el.ul(
                rx.foreach(DoctorState.report.lines.to(list[FindingLine]), _finding),
                class_name="findings",
                aria_label="Findings",
            ),
        ),
        aria_label="Connection doctor",
        style={"display": "grid", "gap": "12px"},
    )


def _headline() -> rx.Component:
    report = DoctorState.report
    return rx.fragment(
        rx.text(
            report.headline,
            size="2",
            weight="medium",
            color=rx.cond(report.ok, "var(--green-11)", "var(--red-11)"),
            style=theme.WRAP_ANYWHERE,
        ),
        rx.text(report.notice, size="2"),
    )


def _finding(line: rx.Var[FindingLine]) -> rx.Component:
    return rx.el.li(
        rx.match(line.verdict, *[(key.value, _icon(*look)) for key, look in ICONS.items()], rx.fragment()),
        rx.box(
            rx.hstack(
                rx.text(line.title, size="2", weight="medium"),
                rx.text(line.word, size="1", style=theme.MUTED),
                align="baseline",
                spacing="2",
                wrap="wrap",
            ),
            rx.text(line.message, size="2", style=theme.WRAP_ANYWHERE),
            rx.cond(
                line.heard_at != "",
                rx.text(relative_time(at=line.heard_at, prefix="Last event ", empty=""), size="1", style=theme.MUTED),
            ),
            rx.cond(line.fix != "", rx.text(line.fix, size="2", style={**theme.MUTED, **theme.WRAP_ANYWHERE})),
            _remedy(line),
            min_width="0",
            flex="1",
        ),
    )


def _icon(name: str, color: str) -> rx.Component:
    look: dict[str, Any] = {"size": 18, "color": f"var(--{color}-10)", "class_name": "finding-icon"}
    icon: rx.Component = rx.icon(name, aria_hidden="true", **look)
    return icon


def _remedy(line: rx.Var[FindingLine]) -> rx.Component:
    fixes: list[tuple[str, rx.Component]] = [
        (Remedy.RECONNECT.value, _reconnect("Reconnect")),
        (Remedy.ALLOW.value, _reconnect("Allow what is missing")),
        (Remedy.SETTINGS.value, _button("Open the settings", on_click=rx.scroll_to("connection-settings"))),
        (Remedy.APP.value, _button("Open the OAuth app", on_click=State.show_tab("app"))),
        (
            Remedy.REPAIR_HOOK.value,
            _button(
                "Register it again",
                on_click=DoctorState.repair_hook(line.subject),  # type: ignore[misc]  # as above
            ),
        ),
    ]
    return rx.fragment(rx.match(line.remedy, *fixes, rx.fragment()))


def _button(words: str, on_click: Any) -> rx.Component:
    return rx.button(words, size="1", variant="soft", margin_top="6px", on_click=on_click)


def _reconnect(words: str) -> rx.Component:
    return rx.box(
        connect_button(
            url=State.connect_url,
            label=words,
            size="1",
            variant="solid",
            on_blocked=State.popup_blocked,
            on_opened=State.popup_opened,
        ),
        margin_top="6px",
    )
