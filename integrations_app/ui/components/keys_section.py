"""The keys section of the settings page: keys, records on each, rotating with a live bar, retiring."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.pages.keys_state import KeyLine
from integrations_app.ui.pages.keys_state import KeysState as State


def keys_section() -> rx.Component:
    """Draw the section; shown to owners only."""
    return rx.card(
        rx.el.section(
            rx.heading("Encryption keys", as_="h2", size="4", margin_bottom="12px"),
            rx.text(
                "Credentials, signing secrets and event bodies are sealed with data keys. The data keys are wrapped by "
                "the root key, which is kept outside the database.",
                size="2",
                style=theme.MUTED,
            ),
            rx.text("Root key: ", rx.code(State.root_keys.join(", ")), size="2", margin_top="12px"),
            rx.el.ul(rx.foreach(State.keys, _key), class_name="rows", aria_label="Data keys"),
            rx.el.div(rx.cond(State.rotating, _progress()), _words(), role="status"),
            _buttons(),
            aria_label="Encryption keys",
        ),
        _question(
            "data",
            "Rotate the data key?",
            "A new key is made and everything sealed is moved to it. Nothing stops meanwhile, and the old key stays "
            "until you retire it.",
            "Rotate now",
            State.rotate("data"),
        ),
        _question(
            "root",
            "Rotate the root key?",
            "A new root key is made beside the old one and wraps every data key. Back up the new key file afterwards: "
            "without it nothing can be opened.",
            "Rotate now",
            State.rotate("root"),
        ),
        _question(
            "retire",
            "Retire the old keys?",
            "Nothing needs them any more. They are destroyed; a sealed copy for old backups stays beside the key file.",
            "Retire now",
            State.retire,
        ),
        size="3",
    )


def _key(line: rx.Var[KeyLine]) -> rx.Component:
    return rx.el.li(
        rx.code(line.id),
        rx.badge(line.use, color_scheme=rx.cond(line.use == "leaving", "amber", "gray")),
        rx.text(rx.Var.create("under ") + line.root_key, size="1", style=theme.MUTED, flex="1"),
        rx.text(line.records.to_string() + " records", size="2"),
    )


def _progress() -> rx.Component:
    return rx.box(
        rx.text(State.doing, size="2", margin_bottom="6px"),
        rx.progress(value=State.percent, max=100, aria_label="Progress of the rotation"),
        rx.cond(
            State.total > 0,
            rx.text(State.moved.to_string() + " of " + State.total.to_string(), size="1", style=theme.MUTED),
        ),
        margin_top="12px",
    )


def _words() -> rx.Component:
    return rx.fragment(
        rx.cond(
            State.problem != "",
            rx.flex(
                rx.text("Stopped. ", State.problem, size="2", color_scheme="red", style=theme.WRAP_ANYWHERE),
                rx.button("Try again", size="1", variant="soft", on_click=State.go_on),
                spacing="3",
                align="center",
                wrap="wrap",
                margin_top="8px",
            ),
        ),
        rx.cond(State.keys_notice != "", rx.text(State.keys_notice, size="2", color_scheme="red", margin_top="8px")),
    )


def _buttons() -> rx.Component:
    return rx.flex(
        rx.button("Rotate data key", variant="soft", disabled=State.rotating, on_click=State.ask("data")),
        rx.button("Rotate root key", variant="soft", disabled=State.rotating, on_click=State.ask("root")),
        rx.cond(
            State.retirable > 0,
            rx.button(
                "Retire old keys",
                variant="soft",
                color_scheme="red",
                disabled=State.rotating,
                on_click=State.ask("retire"),
            ),
        ),
        spacing="3",
        wrap="wrap",
        margin_top="16px",
    )


def _question(name: str, title: str, words: str, act: str, on_click: rx.event.EventSpec) -> rx.Component:
    return question(
        title=title,
        words=words,
        keep="Cancel",
        act=act_button(act, on_click, destructive=False),
        opened=State.asking == name,
        on_open_change=State.keep,
    )
