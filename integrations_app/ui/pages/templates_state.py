"""State of the gallery of templates: its cards, the one that is looked at, and the choices made for it."""

from dataclasses import dataclass

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.arrival_rows import ArrivalView, arrival_view
from integrations_app.ui.pages.integrations_rows import LOGO
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import library

LONGEST_SEARCH = 100


@dataclass(frozen=True)
class TemplateCard:
    """One template of the gallery."""

    key: str
    title: str
    summary: str
    logos: list[str]
    uses: str
    """The services in words."""


class TemplatesState(SessionState):
    """What one tab shows of the gallery."""

    cards: list[TemplateCard] = []
    asking: bool = False
    search: str = ""
    chosen: str = ""
    summary: str = ""
    shown: ArrivalView = ArrivalView()
    trouble: str = ""
    _choices: dict[str, str] = {}

    @rx.event
    @guard(Permission.VIEW)
    def load(self) -> None:
        """Lay out every card."""
        self._forget()
        self.asking, self.search = False, ""
        self._list()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask(self, open_: bool = True) -> None:
        """Open the gallery, or close it and forget the choices."""
        self._forget()
        self.asking, self.search = open_, ""
        self._list()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def find(self, text: str) -> None:
        """Show the cards with these words, or of this service."""
        self.search = text.strip()[:LONGEST_SEARCH]
        self._list()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def look(self, key: str) -> None:
        """Show the steps of a template, and what it asks for."""
        self._forget()
        self.asking, self.chosen = True, key
        await self._show()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose(self, key: str, connection_id: str) -> None:
        """Take a connection for one that it asks for; none: later."""
        if any(one.key == key for one in self.shown.needs):
            self._choices = {**self._choices, key: connection_id}
            await self._show()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def back(self) -> None:
        """Show all cards again."""
        self._forget()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def use(self, key: str) -> EventSpec | None:
        """Make a draft of it and open its editor."""
        chosen = {one.key: one.chosen for one in self.shown.needs} if key == self.chosen else {}
        try:
            made = await library.begin_from(hub(), current_actor(self), key, chosen)
        except IntegrationsError as error:
            self.trouble = error.message or error.code
            return None
        self.asking = False
        self._forget()
        return rx.redirect(f"/workflows/{made.id}")

    async def _show(self) -> None:
        try:
            found = await library.preview_template(hub(), current_actor(self), self.chosen, self._choices)
        except IntegrationsError as error:
            self._forget()
            self.trouble = error.message or error.code
            return
        self.shown = arrival_view(found, self._choices, hub().registry)
        rows = library.list_templates(hub(), current_actor(self))
        self.summary = next((row.summary for row in rows if row.key == self.chosen), "")

    def _list(self) -> None:
        words = self.search.lower().split()
        cards = [self._card(row) for row in library.list_templates(hub(), current_actor(self))]
        self.cards = [one for one in cards if all(word in _words_of(one) for word in words)]

    @staticmethod
    def _card(row: library.TemplateRow) -> TemplateCard:
        names = [hub().registry.get(key).name for key in row.uses]
        logos = [LOGO.format(key) for key in row.uses]
        return TemplateCard(row.key, row.title, row.summary, logos, " and ".join(names) or "No service")

    def _forget(self) -> None:
        self.chosen, self.summary, self.shown, self.trouble, self._choices = "", "", ArrivalView(), "", {}


def _words_of(card: TemplateCard) -> str:
    return f"{card.title} {card.summary} {card.uses}".lower()
