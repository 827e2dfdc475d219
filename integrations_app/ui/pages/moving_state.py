"""State of moving workflows: the question which other connection they shall use, and what became of it."""

from dataclasses import dataclass, field, replace

import reflex as rx

from integrations_app.connections import service
from integrations_app.connections.views import ConnectionView
from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission, allowed
from integrations_app.sdk.forms import Choice
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.integrations_rows import account_words
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows.held import count_held
from integrations_app.workflows.replacing import USABLE, Replaced, replace_connection


@dataclass(frozen=True)
class MovedLine:
    """What became of one workflow."""

    name: str
    words: str
    ok: bool


@dataclass(frozen=True)
class Move:
    """A move that is being asked about, under way or done."""

    connection_id: str = ""
    name: str = ""
    workflows: list[str] = field(default_factory=list)
    held: int = 0
    choices: list[Choice] = field(default_factory=list)
    running: bool = False
    done: str = ""
    """What it came to, in one sentence; empty before."""
    ok: bool = True
    lines: list[MovedLine] = field(default_factory=list)


class MovingState(SessionState):
    """The question and its answer, as one tab shows them."""

    move: Move = Move()
    chosen: str = ""

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Open the question when the address asks for it, and the person may answer it."""
        self.move, wanted = Move(), self.router.url.query_parameters.get("move", "")
        if wanted and allowed(current_actor(self).role, Permission.EDIT_WORKFLOWS):
            await self._ask(wanted)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def ask(self, connection_id: str) -> None:
        """Open the question for a connection; nothing opens for one that is gone."""
        await self._ask(connection_id)

    async def _ask(self, connection_id: str) -> None:
        actor = current_actor(self)
        self.move, self.chosen = Move(), ""
        try:
            row = await service.get(hub(), actor, connection_id)
            uses = await service.usage(hub(), actor, connection_id)
        except IntegrationsError:
            return  # gone in this very moment: its card says so
        others = await service.list_by_organization(hub(), actor, row.provider)
        choices = [_choice(one) for one in others if one.id != row.id and one.status in USABLE]
        held = (await count_held(hub(), actor)).get(connection_id, 0)
        self.move = Move(row.id, account_words(row), [one.name for one in uses], held, choices)
        self.chosen = choices[0].value if choices else ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def choose(self, connection_id: str) -> None:
        """Take another connection as the new one."""
        self.chosen = connection_id

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def close(self, open_: bool = False) -> None:
        """Close the dialog; a move under way goes on."""
        if not open_:
            self.move = Move()

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def go(self) -> None:
        """Move every workflow; vendors may be asked meanwhile, so nothing is locked."""
        async with self:
            actor, asked, chosen = current_actor(self), self.move, self.chosen
            if not asked.connection_id or not chosen or asked.running:
                return
            self.move = replace(asked, running=True)
        try:
            done = await replace_connection(hub(), actor, asked.connection_id, chosen)
            names = {one.workflow_id: one.name for one in await service.usage(hub(), actor, chosen)}
            names |= {one.workflow_id: one.name for one in await service.usage(hub(), actor, asked.connection_id)}
            shown = replace(asked, done=_words(done), ok=not done.refused, lines=_lines(done, names))
        except IntegrationsError as error:
            shown = replace(asked, done=error.message, ok=False)
        async with self:
            if self.move == replace(asked, running=True):
                self.move = shown


def _choice(row: ConnectionView) -> Choice:
    return Choice(row.id, account_words(row))


def _words(done: Replaced) -> str:
    moved = len({*done.drafts, *done.published})
    said = [f"{moved} {'workflow' if moved == 1 else 'workflows'} moved."]
    if done.released:
        said.append(f"{done.released} held {'run goes' if done.released == 1 else 'runs go'} on.")
    if done.left:
        said.append(f"{done.left} held {'run' if done.left == 1 else 'runs'} of earlier versions still wait.")
    if done.refused:
        said.append(f"{len(done.refused)} could not be moved.")
    return " ".join(said)


def _lines(done: Replaced, names: dict[str, str]) -> list[MovedLine]:
    moved = [
        MovedLine(names.get(key, key), "New version is live." if key in done.published else "Draft changed.", True)
        for key in sorted({*done.drafts, *done.published}, key=lambda key: names.get(key, key))
    ]
    return [*moved, *(MovedLine(names.get(key, key), why, False) for key, why in done.refused.items())]
