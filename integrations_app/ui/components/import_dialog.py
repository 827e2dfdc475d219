"""The dialog that takes a workflow in: a file or a text, then what it comes to, then the choice to keep it."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.arrival_view import arrival
from integrations_app.ui.components.file_text import file_text
from integrations_app.ui.pages.arrival_rows import FaultLine
from integrations_app.ui.pages.import_state import MAX_BYTES
from integrations_app.ui.pages.import_state import ImportState as State

SHOWN: Any = State.shown
CHOOSE: Any = State.choose


def import_dialog() -> rx.Component:
    """Nothing is stored while it is open."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(rx.cond(State.shown.name != "", "Import “" + State.shown.name + "”?", "Import a workflow")),
            rx.dialog.description(
                rx.cond(
                    State.shown.name != "",
                    "It becomes a draft: nothing runs before you publish it.",
                    "A YAML or JSON file, exported here or elsewhere. You see what it does before it is stored.",
                ),
                style=theme.MUTED,
                font_size="var(--font-size-2)",
            ),
            rx.cond(State.shown.name != "", _preview(), _asked()),
            max_width="560px",
        ),
        open=State.asking,
        on_open_change=State.ask,
    )


def _asked() -> rx.Component:
    return rx.fragment(
        file_text(
            label="Drop a file here, or choose one",
            accept=".yaml,.yml,.json",
            max_bytes=MAX_BYTES,
            on_text=State.read,
            on_refuse=State.refuse,
        ),
        rx.form(
            rx.el.label("Or paste it", html_for="import-text", class_name="field-label"),
            rx.text_area(
                id="import-text", name="text", rows="6", required=True, spell_check=False, class_name="code-area"
            ),
            rx.el.div(rx.cond(State.faults.length() > 0, _faults()), role="status"),
            rx.flex(
                rx.dialog.close(rx.button("Cancel", type="button", variant="soft", color_scheme="gray")),
                rx.button("Show what it does", type="submit"),
                spacing="3",
                justify="end",
                wrap="wrap",
            ),
            on_submit=State.read_pasted,
            reset_on_submit=False,
            class_name="import-form",
        ),
    )


def _faults() -> rx.Component:
    return rx.fragment(
        rx.text("It was not taken, and nothing was stored:", size="2", weight="medium", color="var(--red-11)"),
        rx.el.ul(rx.foreach(State.faults, _fault), aria_label="Why not", class_name="arrival-list"),
    )


def _fault(line: rx.Var[FaultLine]) -> rx.Component:
    place = rx.cond(line.place != "", rx.fragment(rx.code(line.place, variant="ghost"), " "))
    return rx.el.li(rx.text(place, line.why, size="2", style=theme.WRAP_ANYWHERE))


def _preview() -> rx.Component:
    return rx.el.div(
        arrival(SHOWN, CHOOSE),
        rx.flex(
            rx.button("Back", variant="soft", color_scheme="gray", on_click=State.back),
            rx.button("Import workflow", on_click=State.accept),
            spacing="3",
            justify="end",
            wrap="wrap",
        ),
        class_name="import-form",
    )
