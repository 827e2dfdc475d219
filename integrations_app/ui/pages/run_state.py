"""State of the run page: one run with its steps, and what a person may do about it."""

from collections.abc import Awaitable
from typing import Literal, cast

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.connections import service as connections
from integrations_app.errors import IntegrationsError, NotFound
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.acting import said
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.run_rows import (
    RunHead,
    StepLine,
    StepValues,
    run_head,
    step_lines,
    step_values,
)
from integrations_app.ui.pages.run_words import pretty_json
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import service
from integrations_app.workflows.views import RunDetail

KINDS = frozenset({"run", "workflow"})
PAGE_SIZE = 100
"""Steps shown at first; a loop may have made thousands."""


class RunState(SessionState):
    """What one tab shows of one run."""

    run_id: str = ""
    missing: bool = False
    loaded: bool = False
    head: RunHead = RunHead()
    steps: list[StepLine] = []
    step_count: int = 0
    latest_version: int = 0
    """Number of the workflow's live version; 0 without one, or when the run is of it."""
    version: str = "original"
    workflow_exists: bool = False
    reconnect_href: str = ""
    reconnect_name: str = ""
    values: dict[str, StepValues] = {}
    """Inputs and output of the steps that are unfolded, by path."""
    trigger: str = ""
    busy: str = ""
    notice: str = ""
    _limit: int = PAGE_SIZE
    _shows_trigger: bool = False

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the run that the address names, and keep it live."""
        self.run_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self.loaded, self.missing, self.notice, self.busy, self.version = False, False, "", "", "original"
        self.head, self.steps, self.values, self.trigger = RunHead(), [], {}, ""
        self._limit, self._shows_trigger = PAGE_SIZE, False
        show_live(self, current_actor(self), RunState, KINDS)
        await self._refresh(KINDS)

    async def _refresh(self, kinds: frozenset[str]) -> None:
        """Read run and steps again; the workflow only when one changed. A run that has ended stays as it is."""
        if self.loaded and self.head.finished and kinds == {"run"}:
            return
        try:
            detail = await service.get_run(hub(), current_actor(self), self.run_id)
        except NotFound:
            self.missing, self.loaded = True, True
            return
        if "workflow" in kinds:
            await self._read_workflow(detail)
        await self._read_connection(detail)
        self._show(detail)

    @rx.event
    @guard(Permission.VIEW)
    async def unfold(self, path: str) -> None:
        """Read what a step was given and gave."""
        detail = await self._detail()
        found = next((step for step in detail.steps if step.path == path), None) if detail else None
        if found is not None:
            self.values = {**self.values, path: step_values(found)}

    @rx.event
    @guard(Permission.VIEW)
    async def unfold_trigger(self) -> None:
        """Read what started the run."""
        self._shows_trigger = True
        detail = await self._detail()
        if detail is not None:
            self._show(detail)

    @rx.event
    @guard(Permission.VIEW)
    async def show_more(self) -> None:
        """Add the next steps below."""
        self._limit += PAGE_SIZE
        await self._refresh(frozenset())

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def choose_version(self, version: str) -> None:
        """Replay on the `original` or the `latest` version."""
        self.version = "latest" if version == "latest" else "original"

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def replay(self, from_step: str) -> EventSpec | None:
        """Run it again, from the start or from a step, and open the new run."""
        self.notice, new_run_id = "", ""
        version = cast("Literal['original', 'latest']", self.version)
        try:
            new_run_id = await service.replay(
                hub(), current_actor(self), self.run_id, from_step=from_step or None, version=version
            )
        except IntegrationsError as error:
            self.notice = error.message
            return None
        return rx.redirect(f"/runs/{new_run_id}")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def open_in_editor(self) -> EventSpec | None:
        """Pin the run's data as the samples of its workflow, and open the editor with its states."""
        self.notice = ""
        try:
            workflow_id = await service.pin_run(hub(), current_actor(self), self.run_id)
        except IntegrationsError as error:
            self.notice = error.message
            return None
        return rx.redirect(f"/workflows/{workflow_id}?run={self.run_id}")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def cancel(self) -> None:
        """End the run before its next step."""
        await self._act(service.cancel(hub(), current_actor(self), self.run_id))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def resolve(self, outcome: str) -> None:
        """Say whether the call whose outcome nobody could know was `sent` or `not_sent`."""
        known = cast("Literal['sent', 'not_sent']", outcome)
        await self._act(service.resolve(hub(), current_actor(self), self.run_id, self.head.doubtful_path, known))

    async def _act(self, act: Awaitable[object]) -> None:
        self.notice = await said(act)
        await self._refresh(frozenset())

    async def _detail(self) -> RunDetail | None:
        try:
            return await service.get_run(hub(), current_actor(self), self.run_id)
        except NotFound:
            self.missing = True
            return None

    def _show(self, detail: RunDetail) -> None:
        """Set what changed: an announcement may be of another run, and a loop has many steps."""
        steps = detail.steps[: self._limit]
        shown = {
            "head": run_head(detail),
            "steps": step_lines(steps, detail.row, hub().registry, hub().clock()),
            "step_count": len(detail.steps),
            "values": {step.path: step_values(step) for step in steps if step.path in self.values},
            "trigger": self.trigger or (pretty_json(detail.trigger) if self._shows_trigger else ""),
            "missing": False,
            "loaded": True,
        }
        for name, value in shown.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    async def _read_workflow(self, detail: RunDetail) -> None:
        try:
            workflow = await service.get(hub(), current_actor(self), detail.row.workflow_id)
        except NotFound:
            self.workflow_exists, self.latest_version = False, 0
            return
        live = workflow.row.published_number or 0
        self.workflow_exists, self.latest_version = True, 0 if live == detail.row.version else live

    async def _read_connection(self, detail: RunDetail) -> None:
        """Where a held run's connection is mended."""
        self.reconnect_href = self.reconnect_name = ""
        if detail.row.status != "held" or not detail.row.held_connection_id:
            return
        try:
            view = await connections.get(hub(), current_actor(self), detail.row.held_connection_id)
        except NotFound:
            return
        self.reconnect_href, self.reconnect_name = f"/integrations/{view.provider}", view.name
