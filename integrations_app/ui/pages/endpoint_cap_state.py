"""State of the cap of an endpoint."""

import reflex as rx

from integrations_app.organizations.permissions import Permission
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.endpoint_acts_state import EndpointActsState
from integrations_app.ui.pages.endpoints_state import KINDS
from integrations_app.ui.session import current_actor
from integrations_app.workflows.endpoint_terms import MOST_PER_MINUTE, Terms
from integrations_app.workflows.endpoints import change_endpoint

MOST_DIGITS = len(str(MOST_PER_MINUTE))


class EndpointCapState(EndpointActsState):
    """Setting it; what came of it stands in the notice of the acts."""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def set_cap(self, form: dict[str, str]) -> None:
        """Cap the deliveries of the endpoint that the form names."""
        endpoint_id, given = str(form.get("endpoint", "")), str(form.get("per_minute", "")).strip()
        fits = given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS and int(given) <= MOST_PER_MINUTE
        if not fits:
            self._say(f"The cap is a number from 0 (no cap) to {MOST_PER_MINUTE:,}.", ok=False)
            return
        words = await said(change_endpoint(hub(), current_actor(self), endpoint_id, Terms(per_minute=int(given))))
        done = f"Deliveries are taken up to {int(given):,} a minute." if int(given) else "There is no cap any more."
        self._say(words or done, ok=not words)
        await self._refresh(KINDS)
