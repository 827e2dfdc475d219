"""Which organisation one works in, and the way into another one of one's own."""

from dataclasses import dataclass

import reflex as rx

from integrations_app.organizations.permissions import Permission
from integrations_app.organizations.service import list_organizations
from integrations_app.ui import theme
from integrations_app.ui.components.native import native_form
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.session import SessionState, current_actor


@dataclass(frozen=True)
class OrganizationLine:
    """One other organisation of the person."""

    id: str
    name: str
    role: str


class OrganizationsState(SessionState):
    """The person's other organisations."""

    others: list[OrganizationLine] = []

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Look where else the person is a member."""
        actor = current_actor(self)
        found = await hub().database.read(lambda session: list_organizations(session, actor))
        others = [OrganizationLine(one.id, one.name, one.role) for one in found if not one.current]
        if self.others != others:
            self.others = others


def organization_menu() -> rx.Component:
    """The organisation's name; a menu for people who are in several."""
    plain = rx.text(SessionState.organization_name, weight="medium", size="2", style=theme.TRUNCATE)
    return rx.el.div(
        rx.cond(OrganizationsState.others.length() > 0, _menu(), plain),
        on_mount=OrganizationsState.load,
        style={"min_width": "0"},
    )


def _menu() -> rx.Component:
    # A popover and no menu: each item is a form that the browser submits itself, by keyboard too.
    return rx.popover.root(
        rx.popover.trigger(
            rx.button(
                rx.text(SessionState.organization_name, weight="medium", size="2", as_="span", style=theme.TRUNCATE),
                rx.icon("chevrons-up-down", size=14, aria_hidden="true"),
                variant="ghost",
                color_scheme="gray",
                aria_label=rx.Var.create("Organization: ") + SessionState.organization_name,
                max_width="100%",
            )
        ),
        rx.popover.content(
            rx.text("Switch to", size="1", style=theme.MUTED, margin_bottom="8px"),
            rx.el.ul(rx.foreach(OrganizationsState.others, _switch), class_name="choices", aria_label="Organizations"),
            max_width="320px",
            size="1",
            aria_label="Organizations",
        ),
    )


def _switch(line: rx.Var[OrganizationLine]) -> rx.Component:
    return rx.el.li(
        native_form(
            rx.el.input(type="hidden", name="organization", value=line.id, read_only=True),
            rx.el.button(
                rx.text(line.name, size="2", weight="medium", as_="span", style=theme.TRUNCATE),
                rx.text(line.role, size="1", style=theme.MUTED, as_="span"),
                type="submit",
                class_name="choice-button",
            ),
            action="/auth/switch",
            method="post",
        )
    )
