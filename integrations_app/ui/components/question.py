"""The question before a loss: what it will break, the way back first, then the act by its name."""

from typing import Any

import reflex as rx
from reflex_base.event import EventHandler, EventSpec

from integrations_app.ui import theme

WIDTH = "460px"


def question(
    *content: rx.Component,
    title: Any,
    words: Any,
    act: rx.Component,
    opened: Any,
    on_open_change: Any,
    keep: Any = "Keep it",
) -> rx.Component:
    """Ask while `opened`; `content` stands below the words, `act` is the button (or buttons) that does it."""
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title),
            rx.alert_dialog.description(words, style={**theme.MUTED, "font_size": "var(--font-size-2)"}),
            *content,
            rx.flex(
                rx.alert_dialog.cancel(rx.button(keep, variant="soft", color_scheme="gray")),
                act,
                spacing="3",
                justify="end",
                margin_top="16px",
            ),
            max_width=WIDTH,
        ),
        open=opened,
        on_open_change=on_open_change,
    )


def act_button(
    name: str, on_click: Any, *, destructive: bool = True, disabled: Any = False, reads_question: bool = True
) -> rx.Component:
    """The button that does what was asked about.

    The dialog closes behind the press, and closing forgets what was asked about: events that wait for the lock of the
    state may come in either order, so that one in the background could find nothing left to do.

    Raises TypeError for a handler in the background that reads the question (`reads_question`).
    """
    handler = on_click.handler if isinstance(on_click, EventSpec) else on_click
    if reads_question and isinstance(handler, EventHandler) and handler.is_background:
        raise TypeError(f"{handler.fn.__qualname__} must take the question first, and go to the background after")
    look: dict[str, Any] = {"color_scheme": "red"} if destructive else {}
    return rx.alert_dialog.action(rx.button(name, on_click=on_click, disabled=disabled, **look))


def named_if(words: Any, names: Any) -> rx.Component:
    """`words` and the names below them; nothing where there are none."""
    return rx.cond(names.length() > 0, rx.fragment(rx.text(words, size="2", margin_top="8px"), named(names)))


def named(names: Any) -> rx.Component:
    """The things that break, one a line."""
    return rx.el.ul(rx.foreach(names, lambda name: rx.el.li(rx.text(name, size="2"))))
