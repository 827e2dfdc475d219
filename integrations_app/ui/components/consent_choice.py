"""The way to a permission that a workflow needs, without leaving the editor: at its step, and before publishing."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.connect_button import connect_button
from integrations_app.ui.components.question import question
from integrations_app.ui.pages.editor_consent import LackLine
from integrations_app.ui.pages.editor_panel_rows import Panel
from integrations_app.ui.pages.editor_run_state import EditorRunState as State
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps

PUBLISH: Any = State.publish
"""A background handler: its type does not say that it takes arguments."""
ASK_AN_ADMIN = "Only admins may allow it. Ask one of them."


def step_consent() -> rx.Component:
    """Below the connection that lacks a permission for the selected step."""
    panel = Steps.panel.to(Panel)
    return rx.cond(
        panel.lacks,
        rx.el.div(
            rx.cond(
                Steps.can_manage,
                rx.cond(
                    panel.allow_url != "",
                    _allow(panel.allow_url, "Allow it"),
                    _token_page(panel.provider),
                ),
                rx.text(ASK_AN_ADMIN, size="2", style=theme.MUTED),
            ),
            _blocked(),
            role="group",
            aria_label="Missing permission",
            class_name="connect-in-place",
        ),
    )


def consent_dialog() -> rx.Component:
    """Before publishing: what the version needs, and a button per connection; it is published when all is allowed."""
    several = State.lacks.length() > 1
    label = rx.cond(several, "Allow", "Allow and publish")
    return rx.fragment(
        question(
            rx.el.ul(
                rx.foreach(State.lacks, lambda line: _lack(line, label)), class_name="plain-list", margin_top="12px"
            ),
            _blocked(),
            title="This version needs more permissions",
            words="It is published as soon as they are allowed.",
            keep="Keep the draft",
            act=rx.fragment(),
            opened=State.asking_consent & (State.lacks.length() > 0),
            on_open_change=State.keep_asking,
        ),
        # A pushed change cannot start a handler; the mark that it draws here does, once.
        rx.cond(
            State.asking_consent & State.consent_begun & (State.lacks.length() == 0),
            rx.el.span(on_mount=PUBLISH(False), aria_hidden="true"),
        ),
    )


def _lack(line: rx.Var[LackLine], label: Any) -> rx.Component:
    return rx.el.li(
        rx.text(line.name, " needs ", rx.code(line.scopes), size="2", style=theme.WRAP_ANYWHERE),
        rx.cond(
            State.can_manage,
            rx.cond(line.url != "", _allow(line.url, label), _token_page(line.provider)),
            rx.text(ASK_AN_ADMIN, size="2", style=theme.MUTED),
        ),
    )


def _allow(url: Any, label: Any) -> rx.Component:
    return rx.box(
        connect_button(
            url=url,
            label=label,
            size="2",
            variant="solid",
            on_blocked=Steps.popup_blocked,
            on_opened=State.begin_consent,
        ),
        margin_top="6px",
    )


def _token_page(provider: rx.Var[str]) -> rx.Component:
    return rx.text(
        rx.link("Enter a token that has it", href="/integrations/" + provider, is_external=True),
        " on the page of the connection.",
        size="2",
    )


def _blocked() -> rx.Component:
    return rx.el.div(
        rx.cond(
            State.blocked,
            rx.text("Your browser blocked the window. Allow windows for this page, then click again.", size="2"),
        ),
        role="status",
    )
