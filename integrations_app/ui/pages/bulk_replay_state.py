"""State of replaying failed runs together: which are chosen, what is asked about them, and how far it has come."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import cast

import reflex as rx
from reflex_base.event import EventCallback

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.run_rows import RunLine
from integrations_app.ui.pages.run_words import UNTITLED
from integrations_app.ui.pages.runs_state import RunsState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.models import RunStatus
from integrations_app.workflows.replaying import BATCH, MOST, From, Replayed, Version

TOLD = 5
"""Workflows and reasons that are named; the rest is counted."""


@dataclass(frozen=True)
class Question:
    """What is asked; without an act nothing is."""

    act: str = ""
    """Names this one press of the button, however often it arrives."""
    count: int = 0
    workflows: list[str] = field(default_factory=list)
    begin: str = "failed_step"
    version: str = "original"


@dataclass(frozen=True)
class Progress:
    """How far a replay has come; without a total there is none."""

    done: int = 0
    total: int = 0
    words: str = ""
    reasons: list[str] = field(default_factory=list)
    running: bool = False


class BulkReplayState(RunsState):
    """What one tab has chosen among the failed runs."""

    chosen: list[str] = []
    matching: int = 0
    """How many failed runs match the filter, shown or not."""
    question: Question = Question()
    progress: Progress = Progress()
    _asked: list[str] = []
    """The runs that the question is about."""
    _begun: tuple[Question, list[str]] = (Question(), [])
    """What was answered with yes, and its runs, until it is taken up."""

    @rx.var
    def all_shown(self) -> bool:
        """Whether every failed run that is shown is chosen."""
        shown = _failed(self.lines)
        return bool(shown) and shown <= set(self.chosen)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def toggle(self, run_id: str) -> None:
        """Choose a run, or leave it out again."""
        rest = [one for one in self.chosen if one != run_id]
        self.chosen = rest if len(rest) < len(self.chosen) else [*rest, run_id][:MOST]

    @rx.event
    @guard(Permission.VIEW)
    def clear(self) -> None:
        """Choose none: what another filter showed is not chosen unseen."""
        self.chosen, self.matching = [], 0

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def toggle_shown(self) -> None:
        """Choose every failed run that is shown, or none."""
        self.chosen = [] if self.all_shown else [line.id for line in self.lines if line.id in _failed(self.lines)]
        self.matching = (await service.find_failed(hub(), current_actor(self), self.workflow_id)).count

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose_all(self) -> None:
        """Choose every failed run that matches the filter, the newest thousand at most."""
        found = await service.find_failed(hub(), current_actor(self), self.workflow_id)
        self.chosen, self.matching = [run_id for run_id, _, _ in found.runs], found.count

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def ask(self) -> None:
        """Ask once more, naming how many runs of which workflows."""
        found = await service.find_failed(hub(), current_actor(self), among=self.chosen)
        names = [(run_id, name or UNTITLED) for run_id, _, name in found.runs]
        self._asked = [run_id for run_id, _ in names]
        if names:
            self.question = Question(hub().new_id(), len(names), _counted(name for _, name in names))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.question = Question()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def begin_at(self, begin: str) -> None:
        """From the step that failed, or from the start."""
        self.question = replace(self.question, begin="start" if begin == "start" else "failed_step")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def choose_version(self, version: str) -> None:
        """On the version that failed, or on the one that is live now."""
        self.question = replace(self.question, version="latest" if version == "latest" else "original")

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def dismiss(self) -> None:
        """Forget what it came to."""
        if not self.progress.running:
            self.progress = Progress()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def go(self) -> EventCallback[()] | None:
        """Take what was asked about, once, before the dialog closes behind the press; then begin."""
        if not self.question.act or self.progress.running:
            return None
        self._begun, self.question, self.chosen = (self.question, self._asked), Question(), []
        return BulkReplayState.replay

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def replay(self) -> None:
        """Replay them, some at a time; nothing is locked meanwhile, and the list follows by itself."""
        async with self:
            (actor, (asked, ids)), self._begun = (current_actor(self), self._begun), (Question(), [])
            if not asked.act:
                return
            self.progress = Progress(0, len(ids), running=True)
        done, trouble = Replayed(), "something went wrong on our side; it has been logged."
        try:
            for first in range(0, len(ids), BATCH):
                some = ids[first : first + BATCH]
                done = _joined(done, await _replay(actor, some, asked))
                async with self:
                    self.progress = replace(self.progress, done=first + len(some))
            trouble = ""
        except IntegrationsError as error:
            trouble = error.message or error.code
        finally:
            async with self:
                self.progress = _told(done, len(ids), trouble)
                await self._refresh(frozenset({"run"}))


async def _replay(actor: Actor, run_ids: list[str], asked: Question) -> Replayed:
    begin, version = cast("From", asked.begin), cast("Version", asked.version)
    return await service.replay_failed(hub(), actor, run_ids, act=asked.act, begin=begin, version=version)


def _joined(one: Replayed, other: Replayed) -> Replayed:
    return Replayed({**one.started, **other.started}, {**one.refused, **other.refused})


def _failed(lines: Iterable[RunLine]) -> set[str]:
    return {line.id for line in lines if line.status == RunStatus.FAILED}


def _counted(names: Iterable[str]) -> list[str]:
    listed = [f"{name}: {_runs(count)}" for name, count in Counter(names).most_common()]
    rest = len(listed) - TOLD
    return [*listed[:TOLD], f"and runs of {rest} more workflows"] if rest > 0 else listed


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _told(done: Replayed, total: int, trouble: str) -> Progress:
    said = [f"{_runs(len(done.started))} replayed."]
    if done.refused:
        said.append(f"{len(done.refused)} could not be replayed:")
    causes = Counter(one.message for one in done.refused.values()).most_common(TOLD)
    left = total - len(done.started) - len(done.refused)
    if trouble:
        said.append(f"{left} were not reached: {trouble}")
    return Progress(total - left, total, " ".join(said), [f"{_runs(times)}: {why}" for why, times in causes])
