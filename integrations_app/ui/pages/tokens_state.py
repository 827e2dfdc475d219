"""State of the API tokens section: which tokens there are, making one, ending one."""

from dataclasses import dataclass
from datetime import timedelta

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations import tokens
from integrations_app.organizations.models import Role
from integrations_app.organizations.people import RANKS
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.acting import said
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.session import SessionState, current_actor

KINDS = frozenset({"token", "member"})
TOKEN_BOX = "api-token"  # noqa: S105 - where it is shown
SHOWN_ONCE = "shown once to the person who made the token"
LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "never": "No end"}


@dataclass(frozen=True)
class TokenLine:
    """One living token."""

    id: str
    name: str
    role: str
    whose: str
    """The e-mail of another person; empty for one's own."""
    created_at: str
    last_used_at: str
    expires_at: str


class TokensState(SessionState):
    """What one tab shows of the API tokens."""

    tokens: list[TokenLine] = []
    loaded: bool = False
    roles: list[str] = []
    """What a new one may be given: no more than one's own."""
    tokens_notice: str = ""
    token_errors: dict[str, str] = {}
    ending_id: str = ""
    ending_name: str = ""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the tokens and keep them live."""
        self.tokens_notice, self.token_errors, self.ending_id = "", {}, ""
        show_live(self, current_actor(self), TokensState, KINDS, in_frame=True)
        await self._refresh(KINDS)

    async def _refresh(self, _kinds: frozenset[str]) -> None:
        """Read the tokens again: one's own, and for admins everybody's."""
        actor = current_actor(self)
        self.roles = [role.value for role in Role if RANKS[role] <= RANKS[Role(actor.role)]]
        self.tokens = [_line(row, actor.user_id) for row in await tokens.list_tokens(hub(), actor)]
        self.loaded = True

    @rx.event
    @guard(Permission.VIEW)
    async def make_token(self, form: dict[str, str]) -> EventSpec:
        """Make a token and show it this once."""
        self.tokens_notice, self.token_errors = "", {}
        chosen = str(form.get("lifetime", ""))
        days = timedelta(days=int(chosen)) if chosen in LIFETIMES and chosen.isdecimal() else None
        try:
            if chosen not in LIFETIMES:
                raise InvalidInput({"lifetime": "Choose how long it shall live."})
            name, role = str(form.get("name", "")), str(form.get("role", ""))
            _, token = await tokens.create(hub(), current_actor(self), name=name, role=role, lifetime=days)
        except InvalidInput as error:
            self.token_errors = error.fields
            return hand_over(TOKEN_BOX, "")
        except IntegrationsError as error:
            self.tokens_notice = error.message
            return hand_over(TOKEN_BOX, "")
        await self._refresh(KINDS)
        return hand_over(TOKEN_BOX, token.reveal(SHOWN_ONCE))

    @rx.event
    @guard(Permission.VIEW)
    def ask_revoke(self, token_id: str) -> None:
        """Open the question before a token ends."""
        self.ending_id = token_id
        self.ending_name = next((line.name for line in self.tokens if line.id == token_id), "")

    @rx.event
    @guard(Permission.VIEW)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.ending_id = ""

    @rx.event
    @guard(Permission.VIEW)
    async def revoke(self) -> None:
        """End the token; the service lets admins end those of others."""
        token_id, self.ending_id = self.ending_id, ""
        self.tokens_notice = await said(tokens.revoke(hub(), current_actor(self), token_id))
        await self._refresh(KINDS)


def _line(row: tokens.TokenRow, me: str) -> TokenLine:
    times = (row.created_at, row.last_used_at, row.expires_at)
    created, used, expires = (time.isoformat() if time else "" for time in times)
    return TokenLine(row.id, row.name, row.role, row.email if row.user_id != me else "", created, used, expires)
