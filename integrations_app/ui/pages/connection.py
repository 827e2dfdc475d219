"""The provider page: connections, OAuth app, actions and triggers of one provider."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.app_tab import app_tab
from integrations_app.ui.components.connection_form import connection_tab
from integrations_app.ui.pages.activity import ActivityState, activity
from integrations_app.ui.pages.connection_rows import CatalogueLine
from integrations_app.ui.pages.connection_state import ConnectionState as State
from integrations_app.ui.shell import shell


def connection() -> rx.Component:
    """Compose the page."""
    return shell(
        rx.cond(
            State.missing,
            rx.vstack(
                rx.heading("There is no such provider", as_="h1", size="6"),
                rx.link("Back to integrations", href="/integrations"),
            ),
            rx.fragment(_header(), rx.cond(State.loaded, _tabs(), rx.skeleton(height="360px", width="100%"))),
        ),
        active="/integrations",
    )


def _header() -> rx.Component:
    return rx.vstack(
        rx.el.a(
            rx.icon("arrow-left", size=16, aria_hidden="true"), "Integrations", href="/integrations", class_name="back"
        ),
        rx.hstack(
            rx.image(src=State.logo, alt="", width="40px", height="40px"),
            rx.vstack(
                rx.heading(State.name, as_="h1", size="6"),
                rx.text(State.summary, size="2", style=theme.MUTED),
                spacing="1",
            ),
            rx.spacer(),
            rx.link("Documentation", href=State.docs_url, is_external=True, size="2"),
            align="center",
            spacing="4",
            width="100%",
            wrap="wrap",
        ),
        spacing="3",
        margin_bottom="20px",
        width="100%",
    )


def _tabs() -> rx.Component:
    return rx.tabs.root(
        rx.tabs.list(
            rx.tabs.trigger("Connections", value="connections"),
            rx.cond(State.app_lines.length() > 0, rx.tabs.trigger("App", value="app")),
            rx.tabs.trigger("Actions and triggers", value="catalogue"),
            rx.cond(
                State.can_manage_members,
                rx.tabs.trigger("Activity", value="activity", on_focus=ActivityState.show(State.provider_key)),
            ),
        ),
        rx.tabs.content(connection_tab(), value="connections", padding_top="20px"),
        rx.tabs.content(app_tab(), value="app", padding_top="20px"),
        rx.tabs.content(_catalogue(), value="catalogue", padding_top="20px"),
        rx.tabs.content(activity(), value="activity", padding_top="20px"),
        value=State.tab,
        on_change=State.show_tab,
    )


def _catalogue() -> rx.Component:
    return rx.el.ul(rx.foreach(State.catalogue, _catalogue_line), class_name="catalogue", aria_label="Catalogue")


def _catalogue_line(line: rx.Var[CatalogueLine]) -> rx.Component:
    return rx.el.li(
        rx.hstack(
            rx.text(line.title, weight="medium", size="2"),
            rx.badge(line.kind, color_scheme="gray"),
            rx.cond(line.safety != "", rx.badge(line.safety, variant="outline")),
            wrap="wrap",
            align="center",
        ),
        rx.cond(line.inputs != "", rx.text("Needs: ", line.inputs, size="1", style=theme.MUTED)),
        rx.cond(line.scopes != "", rx.text("Scopes: ", line.scopes, size="1", style=theme.MUTED)),
    )
