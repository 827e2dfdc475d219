"""State of replaying an event: to everything that listens, or to one workflow."""

import reflex as rx

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.event_state import KINDS, EventState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import events
from integrations_app.workflows.event_replaying import list_targets, replay_to

LIVE, DRAFT = "live", "draft"


class EventReplayState(EventState):
    """The question before a replay, and what came of it."""

    asked_event: str = ""
    """The event whose question is open."""
    targets: list[Choice] = []
    """What it can be replayed to: `live:` or `draft:` and the workflow's id."""
    target: str = ""
    """One of them; empty for everything that listens."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def ask_replay(self, open_: bool = True) -> None:
        """Open or close the question before a replay."""
        self.asked_event = ""
        if not open_:  # also said after the act, whose choice and words must stay
            return
        self.target, self.notice = "", ""
        try:
            found = await list_targets(hub(), current_actor(self), self.event_id)
        except IntegrationsError as error:
            self.notice, self.notice_ok = error.message or error.code, False
            return
        self.targets = [
            Choice(f"{DRAFT if one.draft else LIVE}:{one.workflow_id}", f"{one.name} ({_which(draft=one.draft)})")
            for one in found
        ]
        self.asked_event = self.event_id

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def choose_target(self, target: str) -> None:
        """Choose what it is replayed to."""
        self.target = target if target in {one.value for one in self.targets} else ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def replay(self) -> None:
        """Start what was chosen once more with this event."""
        if not self.asked_event:
            return  # the second of two clicks
        self.asked_event = ""
        which, _, workflow_id = self.target.partition(":")
        actor = current_actor(self)
        try:
            if workflow_id:
                await replay_to(hub(), actor, self.event_id, workflow_id, draft=which == DRAFT)
                count = 1
            else:
                count = len(await events.replay_event(hub(), actor, self.event_id))
        except IntegrationsError as error:
            self.notice, self.notice_ok = f"Not replayed: {error.message or error.code}", False
            return
        words = "no live workflow listens" if not count else "1 run started" if count == 1 else f"{count} runs started"
        self.notice, self.notice_ok = f"Replayed: {words}.", bool(count)
        await self._refresh(KINDS)


def _which(*, draft: bool) -> str:
    return "draft" if draft else "live version"
