"""State of the settings page: members, invitations, one's own password."""

from collections.abc import Awaitable
from dataclasses import dataclass

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.organizations import invitations, members, service
from integrations_app.organizations.models import Role
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.acting import said
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages import endpoints_state
from integrations_app.ui.pages.endpoints_state import EndpointsState
from integrations_app.ui.session import SessionState, current_actor

KINDS = frozenset({"member"})
LIVE = KINDS | endpoints_state.KINDS
LINK_BOX = "invitation-link"
ROLES = tuple(role.value for role in Role)


@dataclass(frozen=True)
class MemberLine:
    """One member."""

    id: str
    email: str
    role: str
    is_me: bool


@dataclass(frozen=True)
class InvitationLine:
    """One open invitation."""

    id: str
    email: str
    role: str
    expires_at: str


class SettingsState(SessionState):
    """What one tab shows of the settings."""

    members: list[MemberLine] = []
    invitations: list[InvitationLine] = []
    members_notice: str = ""
    password_notice: str = ""
    password_errors: dict[str, str] = {}
    password_form: int = 0
    """Counts up after a change, so that the form is drawn anew and empty."""
    leaving_id: str = ""
    leaving_email: str = ""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the page and keep it live."""
        self.members_notice, self.password_notice = "", ""
        show_live(self, current_actor(self), SettingsState, LIVE)
        await self._refresh(KINDS)

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Read again what changed: members and invitations, endpoints; nothing to show below admin."""
        if kinds & endpoints_state.KINDS:
            await (await self.get_state(EndpointsState))._refresh(kinds)  # noqa: SLF001 - a part of the same page
        if not (self.can_manage_members and kinds & KINDS):
            return
        actor = current_actor(self)
        self.members = [
            MemberLine(row.user_id, row.email, row.role, row.user_id == actor.user_id)
            for row in await members.list_members(hub(), actor)
        ]
        self.invitations = [
            InvitationLine(row.id, row.email or "Anyone with the link", row.role, row.expires_at.isoformat())
            for row in await invitations.list_open(hub(), actor)
        ]

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def invite(self, form: dict[str, str]) -> EventSpec:
        """Make a one-time link and show it this once."""
        self.members_notice = ""
        try:
            token = await invitations.invite(
                hub(), current_actor(self), role=str(form.get("role", "")), email=str(form.get("email", ""))
            )
        except IntegrationsError as error:
            self.members_notice = error.message
            return hand_over(LINK_BOX, "")
        await self._refresh(KINDS)
        return hand_over(LINK_BOX, f"{hub().settings.public_url}/invitation/{token}")

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def revoke_invitation(self, invitation_id: str) -> None:
        """Make an open invitation useless."""
        await self._act(invitations.revoke(hub(), current_actor(self), invitation_id))

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def change_role(self, user_id: str, role: str) -> None:
        """Give a member another role."""
        await self._act(members.change_role(hub(), current_actor(self), user_id, role))

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    def ask_remove(self, user_id: str) -> None:
        """Open the question before a member is removed."""
        self.leaving_id = user_id
        self.leaving_email = next((line.email for line in self.members if line.id == user_id), "")

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.leaving_id = ""

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def remove(self) -> None:
        """Take the member out; every session there ends."""
        user_id, self.leaving_id = self.leaving_id, ""
        await self._act(members.remove_member(hub(), current_actor(self), user_id))

    @rx.event
    @guard(Permission.VIEW)
    async def change_password(self, form: dict[str, str]) -> None:
        """Replace one's own password; other sessions end."""
        self.password_errors, self.password_notice = {}, ""
        if form.get("new") != form.get("again"):
            self.password_errors = {"again": "The two passwords differ."}
            return
        try:
            await service.change_password(
                hub(),
                current_actor(self),
                current=Secret(str(form.get("current", ""))),
                new=Secret(str(form.get("new", ""))),
            )
        except InvalidInput as error:
            self.password_errors = error.fields
        except IntegrationsError as error:
            self.password_notice = error.message
        else:
            self.password_notice = "Password changed. Your other sessions have ended."  # noqa: S105 - words
            self.password_form += 1

    async def _act(self, act: Awaitable[object]) -> None:
        self.members_notice = await said(act)
        await self._refresh(KINDS)
