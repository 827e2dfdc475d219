"""The settings page: members and roles, API tokens, endpoints, one's own password, retention, encryption keys."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.endpoints_section import endpoints_section
from integrations_app.ui.components.keys_section import keys_section
from integrations_app.ui.components.one_time_secret import one_time_secret
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.retention_section import retention_section
from integrations_app.ui.components.tokens_section import tokens_section
from integrations_app.ui.pages.settings_state import LINK_BOX, ROLES, InvitationLine, MemberLine
from integrations_app.ui.pages.settings_state import SettingsState as State
from integrations_app.ui.shell import page_heading, shell


def settings() -> rx.Component:
    """Compose the page."""
    return shell(
        page_heading("Settings"),
        rx.vstack(
            rx.cond(State.can_manage_members, _members()),
            tokens_section(),
            rx.cond(State.can_manage, endpoints_section()),
            _password(),
            rx.cond(State.can_manage_members, retention_section()),
            rx.cond(State.can_manage_keys, keys_section()),
            spacing="5",
            align="stretch",
            width="100%",
        ),
        _remove_dialog(),
        active="/settings",
        width=theme.READING_WIDTH,
    )


def _section(title: str, *content: rx.Component) -> rx.Component:
    return rx.card(
        rx.el.section(
            rx.heading(title, as_="h2", size="4", margin_bottom="12px"),
            *content,
            aria_label=title,
        ),
        size="3",
    )


def _members() -> rx.Component:
    return _section(
        "Members",
        rx.el.ul(rx.foreach(State.members, _member), class_name="rows", aria_label="Members"),
        rx.cond(
            State.invitations.length() > 0,
            rx.fragment(
                rx.heading("Open invitations", as_="h3", size="2", margin_top="16px"),
                rx.el.ul(rx.foreach(State.invitations, _invitation), class_name="rows", aria_label="Open invitations"),
            ),
        ),
        rx.form(
            rx.flex(
                rx.box(
                    rx.el.label(rx.text("Email (optional)", size="2", weight="medium"), html_for="invite-email"),
                    rx.input(id="invite-email", name="email", type="email", placeholder="Anyone with the link"),
                    flex="1",
                    min_width="200px",
                ),
                rx.box(
                    rx.el.label(rx.text("Role", size="2", weight="medium"), html_for="invite-role"),
                    _role_select("invite-role", "editor"),
                    width="130px",
                ),
                rx.button("Create invitation link", type="submit", variant="soft"),
                spacing="3",
                align="end",
                wrap="wrap",
                margin_top="16px",
            ),
            on_submit=State.invite,
            reset_on_submit=True,
        ),
        rx.box(
            one_time_secret(
                id=LINK_BOX,
                words="Send this link. It works once, for 7 days, and is shown only now.",
                copy_words="Copy link",
            ),
            margin_top="12px",
        ),
        rx.el.div(
            rx.cond(State.members_notice != "", rx.text(State.members_notice, color_scheme="red", size="2")),
            role="status",
        ),
    )


def _member(line: rx.Var[MemberLine]) -> rx.Component:
    return rx.el.li(
        rx.text(line.email, rx.cond(line.is_me, " (you)", ""), size="2", style=theme.TRUNCATE, flex="1"),
        rx.el.select(
            *[rx.el.option(role.capitalize(), value=role) for role in ROLES],
            value=line.role,
            on_change=lambda role: State.change_role(line.id, role),
            aria_label=rx.Var.create("Role of ") + line.email,
            class_name="native-select short",
        ),
        rx.button(
            rx.cond(line.is_me, "Leave", "Remove"),
            aria_label=rx.Var.create("Remove ") + line.email,
            variant="ghost",
            color_scheme="red",
            size="1",
            on_click=State.ask_remove(line.id),
        ),
    )


def _invitation(line: rx.Var[InvitationLine]) -> rx.Component:
    return rx.el.li(
        rx.text(line.email, size="2", style=theme.TRUNCATE, flex="1"),
        rx.badge(line.role, color_scheme="gray"),
        rx.text(relative_time(at=line.expires_at, prefix="expires "), size="1", style=theme.MUTED),
        rx.button(
            "Revoke",
            aria_label=rx.Var.create("Revoke the invitation for ") + line.email,
            variant="ghost",
            color_scheme="red",
            size="1",
            on_click=State.revoke_invitation(line.id),
        ),
    )


def _role_select(identifier: str, chosen: str) -> rx.Component:
    return rx.el.select(
        *[rx.el.option(role.capitalize(), value=role) for role in ROLES],
        id=identifier,
        name="role",
        default_value=chosen,
        class_name="native-select",
    )


def _password() -> rx.Component:
    return _section(
        "Your password",
        rx.form(
            rx.vstack(
                # For password stores, which want to know whose password this is.
                rx.el.input(
                    type="text", name="username", auto_complete="username", default_value=State.email, hidden=True
                ),
                _secret("current", "Current password", "current-password"),
                _secret("new", "New password", "new-password"),
                _secret("again", "New password again", "new-password"),
                rx.button("Change password", type="submit", variant="soft"),
                rx.text(State.password_notice, size="2", role="status", min_height="20px"),
                spacing="3",
                align="start",
            ),
            on_submit=State.change_password,
            key=State.password_form.to(str),
        ),
    )


def _secret(name: str, label: str, hint: str) -> rx.Component:
    error = State.password_errors[name]
    return rx.box(
        rx.el.label(rx.text(label, size="2", weight="medium"), html_for=f"password-{name}"),
        rx.input(id=f"password-{name}", name=name, type="password", auto_complete=hint, required=True, width="100%"),
        rx.cond(error, rx.text(error, size="1", color_scheme="red", role="alert")),
        width="min(100%, 360px)",
    )


def _remove_dialog() -> rx.Component:
    return question(
        title=rx.fragment("Remove ", State.leaving_email, "?"),
        words="Their sessions here end at once. What they built stays. An invitation can bring them back.",
        keep="Keep",
        act=act_button("Remove now", State.remove),
        opened=State.leaving_id != "",
        on_open_change=State.keep,
    )
