"""What publishing would change, and the list of versions with what changed between any two."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.pages.editor_versions_state import ChangeLine, PartLine, VersionLine
from integrations_app.ui.pages.editor_versions_state import EditorVersionsState as State

WIDTH = "640px"
_ICONS = {"added": "plus", "removed": "minus", "moved": "arrow-up-down", "changed": "pencil"}


def publish_dialog() -> rx.Component:
    """Ask before a new version takes the place of the newest one."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Publish a new version"),
            rx.dialog.description("Since version ", State.compared, ":", size="2", style=theme.MUTED),
            _changes(),
            rx.flex(
                rx.dialog.close(rx.button("Keep the draft", variant="soft", color_scheme="gray")),
                rx.button("Publish changes", on_click=State.publish_changes),
                spacing="3",
                justify="end",
                margin_top="16px",
            ),
            max_width=WIDTH,
        ),
        open=State.asking_publish,
        on_open_change=State.keep_changes,
    )


def versions_dialog() -> rx.Component:
    """Every version, newest first."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Versions"),
            rx.dialog.description(
                "Comparing shows what changed between two of them. Restoring changes the draft only.",
                size="2",
                style=theme.MUTED,
            ),
            rx.cond(
                State.versions.length() > 0,
                rx.fragment(
                    _against(),
                    rx.el.ul(rx.foreach(State.versions, _version), aria_label="Versions", class_name="version-list"),
                ),
                rx.text("Nothing was published yet.", size="2", margin_block="12px"),
            ),
            rx.text(State.version_note, size="2", role="status", color="var(--red-11)"),
            rx.flex(
                rx.dialog.close(rx.button("Close", variant="soft", color_scheme="gray")),
                justify="end",
                margin_top="16px",
            ),
            max_width=WIDTH,
        ),
        open=State.listing_versions,
        on_open_change=State.list_versions,
    )


def _against() -> rx.Component:
    choose: Any = State.choose_against
    return rx.flex(
        rx.el.label("Compare with", html_for="compare-with", class_name="field-label"),
        rx.el.select(
            rx.el.option("The draft", value="0"),
            rx.foreach(
                State.versions,
                lambda line: rx.el.option(
                    "Version ", line.number, rx.cond(line.live, " (live)", ""), value=line.number.to(str)
                ),
            ),
            id="compare-with",
            value=State.against.to(str),
            on_change=choose,
            class_name="native-select compare-with",
        ),
        align="center",
        spacing="3",
        wrap="wrap",
        margin_top="12px",
    )


def _version(line: rx.Var[VersionLine]) -> rx.Component:
    return rx.el.li(
        rx.flex(
            rx.text("Version ", line.number, size="2", weight="medium", as_="span"),
            rx.cond(line.live, rx.badge("Live", color_scheme="green", high_contrast=True)),
            rx.text(relative_time(at=line.published_at, prefix=""), size="2", style=theme.MUTED, as_="span"),
            rx.flex(_version_acts(line), spacing="3", margin_left="auto"),
            align="center",
            spacing="3",
            wrap="wrap",
        ),
        rx.cond(
            State.compared == line.number,
            rx.fragment(rx.text(State.between, ":", size="2", style=theme.MUTED, margin_top="8px"), _changes()),
        ),
    )


def _version_acts(line: rx.Var[VersionLine]) -> rx.Component:
    name = rx.Var.create("version ") + line.number.to(str)
    return rx.fragment(
        rx.button(
            "Compare",
            size="1",
            variant="soft",
            color_scheme="gray",
            aria_label=rx.Var.create("Compare ") + name,
            custom_attrs={"aria-expanded": State.compared == line.number},
            disabled=State.against == line.number,
            on_click=State.compare(line.number),
        ),
        rx.cond(
            State.can_edit,
            rx.button(
                "Restore as draft",
                size="1",
                variant="soft",
                aria_label=rx.Var.create("Restore ") + name + " as draft",
                on_click=State.restore(line.number),
            ),
        ),
    )


def _changes() -> rx.Component:
    return rx.cond(
        State.changes.length() > 0,
        rx.el.ul(rx.foreach(State.changes, _change), aria_label="Changes", class_name="change-list", tab_index=0),
        rx.text("Nothing changed.", size="2", margin_block="8px"),
    )


def _change(line: rx.Var[ChangeLine]) -> rx.Component:
    icons: list[Any] = [(kind, rx.icon(name, size=14, aria_hidden="true")) for kind, name in _ICONS.items()]
    return rx.el.li(
        rx.el.div(rx.match(line.kind, *icons, rx.fragment()), line.words, class_name="change-words"),
        rx.cond(
            line.parts.length() > 0,
            rx.el.ul(rx.foreach(line.parts.to(list[PartLine]), _part)),
        ),
    )


def _part(part: rx.Var[PartLine]) -> rx.Component:
    return rx.el.li(
        part.label,
        ": ",
        rx.el.del_(part.before),
        rx.el.span(" → ", aria_label="becomes", role="img"),
        rx.el.ins(part.after),
    )
