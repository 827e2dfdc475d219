"""The frame of every page: sidebar (a bottom bar on phones), top bar, connection strip, content."""

from dataclasses import dataclass

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from integrations_app.ui import theme
from integrations_app.ui.attention import bell
from integrations_app.ui.components.native import native_form, native_link
from integrations_app.ui.organizations import organization_menu
from integrations_app.ui.session import SessionState, leave_when_signed_out


@dataclass(frozen=True)
class Entry:
    """One place in the navigation."""

    label: str
    href: str
    icon: str
    for_admins: bool = False


ENTRIES = (
    Entry("Integrations", "/integrations", "blocks"),
    Entry("Workflows", "/workflows", "workflow"),
    Entry("Runs", "/runs", "history"),
    Entry("Events", "/events", "inbox"),
    Entry("Audit", "/audit", "scroll-text", for_admins=True),
    Entry("Settings", "/settings", "settings"),
)


def shell(*content: rx.Component, active: str, width: str = theme.PAGE_WIDTH) -> rx.Component:
    """Frame `content`; `active` is the href of the entry this page belongs to."""
    return rx.el.div(
        _skip_link(),
        _sidebar(active),
        rx.box(
            _connection_strip(),
            _top_bar(),
            rx.el.div(
                rx.cond(
                    SessionState.not_allowed != "",
                    rx.callout(SessionState.not_allowed, icon="circle-alert", color_scheme="amber", size="1"),
                ),
                role="status",
            ),
            rx.el.main(
                *content,
                id="content",
                tab_index=-1,
                class_name="page",
                style={"max_width": width},
            ),
            flex="1",
            min_width="0",
            padding_bottom=rx.breakpoints(initial="72px", md="0"),
        ),
        _bottom_bar(active),
        leave_when_signed_out(),
        style={**theme.SURFACE, "display": "flex", "min_height": "100vh"},
    )


def _skip_link() -> rx.Component:
    return native_link("Skip to content", href="#content", class_name="skip-link")


def _sidebar(active: str) -> rx.Component:
    return rx.el.nav(
        rx.hstack(
            rx.image(src="/favicon.svg", alt="", width="24px", height="24px"),
            rx.text("Integrations", weight="bold", size="3"),
            align="center",
            spacing="2",
            padding="18px 12px 16px",
        ),
        rx.el.ul(
            *[_shown_to(entry, rx.el.li(_side_link(entry, entry.href == active))) for entry in ENTRIES],
            class_name="nav-list",
        ),
        aria_label="Main",
        class_name="sidebar",
    )


def _shown_to(entry: Entry, link: rx.Component) -> rx.Component:
    """No entry leads to a page that refuses the person."""
    return rx.cond(SessionState.can_manage_members, link) if entry.for_admins else link


def _side_link(entry: Entry, current: bool) -> rx.Component:
    return rx.el.a(
        rx.icon(entry.icon, size=18, aria_hidden="true"),
        rx.el.span(entry.label),
        href=entry.href,
        class_name="nav-link current" if current else "nav-link",
        custom_attrs={"aria-current": "page"} if current else {},
    )


def _bottom_bar(active: str) -> rx.Component:
    return rx.el.nav(
        *[_shown_to(entry, _side_link(entry, entry.href == active)) for entry in ENTRIES],
        aria_label="Main, bottom",
        class_name="bottom-bar",
    )


def _top_bar() -> rx.Component:
    return rx.el.header(
        organization_menu(),
        rx.spacer(),
        bell(),
        rx.color_mode.button(aria_label="Switch between light and dark", variant="ghost", size="1"),
        _account_menu(),
        class_name="top-bar",
    )


def _account_menu() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            rx.button(
                rx.icon("circle-user-round", size=18, aria_hidden="true"),
                rx.el.span(SessionState.email, class_name="wide-only"),
                variant="ghost",
                color_scheme="gray",
                aria_label="Account",
            )
        ),
        rx.menu.content(
            rx.menu.item(SessionState.email, disabled=True),
            rx.menu.item(SessionState.role, disabled=True),
            rx.menu.separator(),
            rx.menu.item(rx.el.a("Your password", href="/settings", class_name="plain-link")),
            rx.menu.separator(),
            rx.menu.item(_sign_out(), class_name="flush"),
        ),
    )


def _sign_out() -> rx.Component:
    return native_form(
        rx.el.button("Sign out", type="submit", class_name="menu-button"), action="/auth/logout", method="post"
    )


def _connection_strip() -> rx.Component:
    return rx.cond(
        has_connection_errors,
        rx.el.div(
            rx.spinner(size="1"),
            rx.text("Reconnecting to the server… Your work is saved.", as_="span"),
            native_link("Sign in again", href="/login"),
            role="status",
            class_name="connection-strip",
        ),
    )


def page_heading(title: str | rx.Var[str], *beside: rx.Component, line: rx.Component | None = None) -> rx.Component:
    """The page's one `h1`, what stands at its right, and the one line of truth below."""
    return rx.vstack(
        rx.flex(
            rx.heading(title, as_="h1", size="6", style=theme.WRAP_ANYWHERE),
            rx.spacer(),
            *beside,
            align="center",
            spacing="3",
            wrap="wrap",
            width="100%",
        ),
        *([line] if line else []),
        spacing="2",
        width="100%",
        margin_bottom="20px",
    )
