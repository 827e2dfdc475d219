"""State of the endpoints section of the settings: which there are, live, and opening one."""

from collections.abc import AsyncIterator

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.endpoint_lines import EndpointLine, endpoint_line
from integrations_app.ui.pages.endpoint_opening import SECRET_BOX, new_secret_of, open_endpoint, ways
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows.endpoint_overview import list_overview
from integrations_app.workflows.samples import curl_of

KINDS = frozenset({"event", "workflow"})


class EndpointsState(SessionState):
    """What one tab shows of the endpoints; nothing below admin."""

    endpoints: list[EndpointLine] = []
    loaded: bool = False
    opening: bool = False
    opening_error: str = ""
    ways: list[Choice] = []
    secret_of: str = ""
    """The endpoint whose secret the box shows; the secret itself is in no var."""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the endpoints; the settings page keeps them live."""
        self.opening, self.opening_error, self.loaded = False, "", False
        await self._refresh(KINDS)

    async def _refresh(self, _kinds: frozenset[str]) -> None:
        """Read the endpoints again."""
        if not self.can_manage:
            return
        self.ways = ways()
        names = {way.value: way.label for way in self.ways}
        found = await list_overview(hub(), current_actor(self))
        rows = [one.row for one in found]
        curls = [curl_of(hub(), row.id, row.kind, row.rule) for row in rows]
        self.endpoints = [endpoint_line(one, names, curl) for one, curl in zip(found, curls, strict=True)]
        self.loaded = True

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def ask_endpoint(self, open_: bool = True) -> None:
        """Open or close the form for a new address."""
        self.opening, self.opening_error = open_, ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def create_endpoint(self, form: dict[str, str]) -> AsyncIterator[EventSpec]:
        """Open the address and show its secret this once."""
        made = await open_endpoint(current_actor(self), form)
        if isinstance(made, str):
            self.opening_error = made
            return
        self.opening, self.opening_error, self.secret_of = False, "", made.row.name
        yield hand_over(SECRET_BOX, new_secret_of(made, form))
        await self._refresh(KINDS)
