"""State of importing a workflow: the text that was given, what it comes to, and the choices made for it."""

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.arrival_rows import ArrivalView, FaultLine, arrival_view, fault_lines
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service

MAX_BYTES = 512 * 1024
"""Of a file or text in the browser: the socket takes a megabyte; the command line and the API take more."""


class ImportState(SessionState):
    """What one tab shows of an import; nothing is stored before it is accepted."""

    asking: bool = False
    faults: list[FaultLine] = []
    shown: ArrivalView = ArrivalView()
    _text: str = ""
    _choices: dict[str, str] = {}

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask(self, open_: bool = True) -> None:
        """Open the dialog, or forget what stands in it."""
        self.asking = open_
        self._forget()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def read(self, text: str) -> None:
        """Look at the text of a file."""
        await self._look(text)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def read_pasted(self, form: dict[str, str]) -> None:
        """Look at the text that was pasted."""
        await self._look(str(form.get("text", "")))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def refuse(self, words: str) -> None:
        """Say why the browser did not take a file."""
        self._forget()
        self.faults = [FaultLine("", words[:300])]

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
        """Give another text."""
        self._forget()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def accept(self) -> EventSpec | None:
        """Store it as a draft and open its editor."""
        if not self.shown.name:
            return None
        chosen = {one.key: one.chosen for one in self.shown.needs}
        try:
            made = await service.import_definition(hub(), current_actor(self), self._text.encode(), chosen)
        except IntegrationsError as error:
            self._refused(error)
            return None
        self.asking = False
        self._forget()
        return rx.redirect(f"/workflows/{made.id}")

    async def _look(self, text: str) -> None:
        self._forget()
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            self.faults = [FaultLine("", f"That is more than {MAX_BYTES // 1024} KiB.")]
            return
        self._text = text
        await self._show()

    async def _show(self) -> None:
        raw = self._text.encode("utf-8", "replace")
        try:
            found = await service.preview(hub(), current_actor(self), raw, self._choices)
        except IntegrationsError as error:
            self._refused(error)
            return
        self.shown, self.faults = arrival_view(found, self._choices, hub().registry), []

    def _refused(self, error: IntegrationsError) -> None:
        self._forget()
        self.faults = fault_lines(error) if isinstance(error, InvalidInput) else [FaultLine("", error.message)]

    def _forget(self) -> None:
        self.shown, self.faults, self._text, self._choices = ArrivalView(), [], "", {}
