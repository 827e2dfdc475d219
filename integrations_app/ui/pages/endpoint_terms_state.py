"""State of what is set on an endpoint beside its kind and secret."""

import reflex as rx

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.endpoint_acts_state import EndpointActsState
from integrations_app.ui.pages.endpoint_opening import lines_of, rule_in, seconds_in, wrong_words
from integrations_app.ui.pages.endpoints_state import KINDS
from integrations_app.ui.session import current_actor
from integrations_app.workflows.endpoint_terms import Terms
from integrations_app.workflows.endpoints import change_endpoint


class EndpointTermsState(EndpointActsState):
    """Setting it; what came of it stands in the notice of the acts."""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def set_allowed(self, form: dict[str, str]) -> None:
        """Take deliveries at the endpoint that the form names from the addresses in it only."""
        some = any(line.strip() for line in lines_of(form))
        done = "Deliveries are taken from the listed addresses only." if some else "Deliveries are taken from anywhere."
        await self._change(form, Terms(allowed_addresses=lines_of(form)), done)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def set_token(self, form: dict[str, str]) -> None:
        """Set of whom and for whom the tokens of the endpoint's senders must be."""
        await self._change(form, Terms(jwt=rule_in(form)), "The tokens of its senders are judged by that from now on.")

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def set_answer(self, form: dict[str, str]) -> None:
        """Set how long the deliveries of the endpoint wait for what their run answers."""
        try:
            seconds = seconds_in(form)
        except InvalidInput as error:
            self._say(wrong_words(error), ok=False)
            return
        waits = f"Senders wait up to {seconds} s for what the workflow answers."
        await self._change(form, Terms(answer_seconds=seconds), waits if seconds else "Senders are answered at once.")

    async def _change(self, form: dict[str, str], terms: Terms, done: str) -> None:
        try:
            await change_endpoint(hub(), current_actor(self), str(form.get("endpoint", "")), terms)
        except InvalidInput as error:
            self._say(wrong_words(error), ok=False)  # the form keeps what was typed
            return
        except IntegrationsError as error:
            self._say(error.message or error.code, ok=False)
        else:
            self._say(done)
        await self._refresh(KINDS)
