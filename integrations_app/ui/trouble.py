"""Says in the page that an event handler broke; the framework would say it in a toast, which the policy silences."""

import reflex as rx

from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.session import SessionState


class TroubleState(SessionState):
    """Nothing of its own: the words stand where refusals stand, below the top bar."""

    @rx.event
    @guard(Permission.VIEW)
    def show_trouble(self, words: str) -> None:
        """Show what went wrong, in words for people."""
        self.not_allowed = words
