"""State of the acts on one endpoint of the settings: what is asked first, and what came of it."""

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.acting import said
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.endpoint_opening import (
    DAY,
    GRACES,
    ROTATED_AT_ONCE,
    SECRET_BOX,
    SHOWN_ONCE,
    grace_of,
    words_of_rotation,
    wrong_words,
)
from integrations_app.ui.pages.endpoints_state import KINDS, EndpointsState
from integrations_app.ui.session import current_actor
from integrations_app.workflows.endpoint_overview import users_of
from integrations_app.workflows.endpoints import CreatedEndpoint, delete_endpoint, rotate_endpoint
from integrations_app.workflows.former_secrets import end_former_secret
from integrations_app.workflows.samples import send_test

MAX_KEY_CHARS = 4000
TEST, ROTATE, DELETE = "test", "rotate", "delete"
ACTS = frozenset({TEST, ROTATE, DELETE})


class EndpointActsState(EndpointsState):
    """The question that is open, and the notice below the list."""

    asked: str = ""
    """One of ACTS, while its question is open."""
    asked_name: str = ""
    asked_listeners: list[str] = []
    """The live workflows that listen on it."""
    asked_drafts: list[str] = []
    asked_keyed: bool = False
    """Its tokens are signed with a key of which only the public half is here."""
    grace: str = DAY
    """A key of GRACES."""
    endpoint_notice: str = ""
    endpoint_ok: bool = True
    event_href: str = ""
    """The event that the test delivery became."""
    _asked_id: str = ""
    _new_key: str = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def ask_about(self, act: str, endpoint_id: str) -> None:
        """Open the question before an act on an endpoint."""
        self.asked, self.endpoint_notice, self.event_href, self.opening = "", "", "", False
        line = next((line for line in self.endpoints if line.id == endpoint_id), None)
        if line is None or act not in ACTS:
            await self._refresh(KINDS)
            return
        users = await users_of(hub(), current_actor(self), endpoint_id)
        self._asked_id, self.asked_name, self.asked, self.grace = endpoint_id, line.name, act, DAY
        self.asked_keyed, self._new_key = line.keyed, ""
        self.asked_listeners = [name for _, name in users.live]
        self.asked_drafts = [name for _, name in users.drafts]

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def keep_endpoint(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.asked = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def test_endpoint(self) -> None:
        """Send a signed sample the way every delivery goes, and say how it was judged."""
        if self.asked != TEST:
            return  # the second of two clicks
        self.asked = ""
        try:
            found = await send_test(hub(), current_actor(self), self._asked_id)
        except IntegrationsError as error:
            self._say(f"The test delivery was refused: {error.message or error.code}", ok=False)
        else:
            count = len(found.run_ids)
            runs = "no run" if not count else "1 run" if count == 1 else f"{count} runs"
            self._say(f"The test delivery to “{self.asked_name}” was accepted and started {runs}.")
            self.event_href = f"/events/{found.event_id}"
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def choose_grace(self, grace: str) -> None:
        """Choose how long the present secret is taken too."""
        self.grace = grace if grace in GRACES else DAY

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def rotate_endpoint(self) -> EventSpec | None:
        """Replace the secret and show the new one this once."""
        if self.asked != ROTATE:
            return None  # the second of two clicks would end the secret that the first has kept
        self.asked = ""
        try:
            made = await self._rotate()
        except InvalidInput as error:
            self._say(wrong_words(error), ok=False)
            return None
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
            return None
        self.secret_of = made.row.name
        self._say(words_of_rotation(made.row))
        await self._refresh(KINDS)
        shown = made.secret if made.row.rule.is_shared else None
        return hand_over(SECRET_BOX, shown.reveal(SHOWN_ONCE) if shown else "")

    async def _rotate(self) -> CreatedEndpoint:
        key = Secret(self._new_key) if self.asked_keyed and self._new_key else None
        return await rotate_endpoint(hub(), current_actor(self), self._asked_id, key, grace_of(self.grace))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def take_key(self, key: str) -> None:
        """Remember the public key that was typed into the question."""
        self._new_key = key.strip()[:MAX_KEY_CHARS]

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def end_former(self, endpoint_id: str) -> None:
        """Refuse the former secret from now on."""
        words = await said(end_former_secret(hub(), current_actor(self), endpoint_id))
        self._say(words or ROTATED_AT_ONCE, ok=not words)
        await self._refresh(KINDS)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def delete_endpoint(self) -> EventSpec | None:
        """Close the address for good."""
        self.asked = ""
        try:
            await delete_endpoint(hub(), current_actor(self), self._asked_id)
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
            return None
        self._say(f"Deleted “{self.asked_name}”.")
        await self._refresh(KINDS)
        return hand_over(SECRET_BOX, "")

    def _say(self, words: str, *, ok: bool = True) -> None:
        self.endpoint_notice, self.endpoint_ok, self.event_href = words, ok, ""
