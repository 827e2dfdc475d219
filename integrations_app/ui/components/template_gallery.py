"""The gallery of templates: cards to search, a look at one of them, and the draft that it becomes."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.arrival_view import arrival
from integrations_app.ui.pages.templates_state import TemplateCard
from integrations_app.ui.pages.templates_state import TemplatesState as State

SHOWN: Any = State.shown
CHOOSE: Any = State.choose


def template_gallery() -> rx.Component:
    """Search and cards."""
    return rx.fragment(
        rx.input(
            rx.input.slot(rx.icon("search", size=16, aria_hidden="true")),
            placeholder="Search",
            aria_label="Search templates",
            on_change=State.find.debounce(250),
            width=rx.breakpoints(initial="100%", sm="280px"),
            margin_block="12px",
        ),
        rx.text(State.trouble, size="2", role="status", color="var(--red-11)"),
        rx.cond(
            State.cards.length() > 0,
            rx.el.ul(rx.foreach(State.cards, _card), aria_label="Templates", role="list", class_name="template-cards"),
            rx.text("No template has these words. Clear the search.", style=theme.MUTED, size="2", role="status"),
        ),
    )


def template_dialog() -> rx.Component:
    """The gallery, or one template with what it does."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(rx.cond(State.chosen != "", State.shown.name, "Start from a template")),
            rx.dialog.description(
                rx.cond(
                    State.chosen != "",
                    State.summary,
                    "It becomes a draft with your connections in it. Nothing runs before you publish it.",
                ),
                style=theme.MUTED,
                font_size="var(--font-size-2)",
            ),
            rx.cond(State.chosen != "", _look(), rx.fragment(template_gallery(), _closing())),
            max_width=rx.cond(State.chosen != "", "560px", "880px"),
        ),
        open=State.asking,
        on_open_change=State.ask,
    )


def _card(card: rx.Var[TemplateCard]) -> rx.Component:
    return rx.el.li(
        rx.flex(
            rx.foreach(card.logos, lambda logo: rx.image(src=logo, alt="", width="20px", height="20px")),
            rx.text(card.uses, size="1", style=theme.MUTED),
            spacing="2",
            align="center",
        ),
        rx.text(card.title, size="3", weight="medium"),
        rx.text(card.summary, size="2", style=theme.MUTED),
        rx.flex(
            rx.button(
                "Use",
                size="2",
                variant="soft",
                aria_label=rx.Var.create("Use ") + card.title,
                on_click=State.use(card.key),
            ),
            rx.button(
                "Preview",
                size="2",
                variant="ghost",
                color_scheme="gray",
                aria_label=rx.Var.create("Preview ") + card.title,
                on_click=State.look(card.key),
            ),
            spacing="4",
            align="center",
            class_name="template-acts",
        ),
        key=card.key,
    )


def _look() -> rx.Component:
    return rx.el.div(
        arrival(SHOWN, CHOOSE),
        rx.text(State.trouble, size="2", role="status", color="var(--red-11)"),
        rx.flex(
            rx.button("Back", variant="soft", color_scheme="gray", on_click=State.back),
            rx.button("Use template", on_click=State.use(State.chosen)),
            spacing="3",
            justify="end",
            wrap="wrap",
        ),
        class_name="import-form",
    )


def _closing() -> rx.Component:
    return rx.flex(
        rx.dialog.close(rx.button("Cancel", variant="soft", color_scheme="gray")), justify="end", margin_top="16px"
    )
