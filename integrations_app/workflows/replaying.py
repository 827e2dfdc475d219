"""Replays: a run made once more with the same input, from its start or from a step; one, or many that failed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session

from integrations_app.errors import Conflict, IntegrationsError, InvalidInput, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.definition import ActionStep, Definition, parse
from integrations_app.workflows.models import Run, RunStatus, StepRun, StepStatus, Workflow
from integrations_app.workflows.repository import Runs, Workflows
from integrations_app.workflows.runs import add_run, note, require_live

From = Literal["failed_step", "start"]
Version = Literal["original", "latest"]
BATCH = 20
"""Runs that are made in one transaction: others write in between."""
MOST = 1000
"""Runs of one act."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run was not replayed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What replaying many came to."""

    started: Mapping[str, str] = field(default_factory=dict)
    """Former run -> new run."""
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """Former run -> the reason."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Runs that failed: the newest `MOST` at most, and how many there are."""

    runs: tuple[tuple[str, str, str], ...]
    """Id, workflow, and its name as it was then."""
    count: int


async def find_failed(hub: Hub, actor: Actor, workflow_id: str = "", among: Collection[str] | None = None) -> Failed:
    """The failed runs, of one workflow or of all, and among these ids when some are given."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> Failed:
        runs, count = Runs(session, actor.organization_id).list_failed(MOST, workflow_id, among)
        return Failed(tuple(runs), count)

    return await hub.database.read(read)


async def replay(
    hub: Hub, actor: Actor, run_id: str, *, from_step: str | None = None, version: Version = "original"
) -> str:
    """Run it again with the same input, on the original or the latest version; returns the new run's id.

    With `from_step` (a step's key or path) the outputs of the steps before it are taken over, not made again.
    Raises NotFound, Forbidden, Conflict `not_published`, InvalidInput.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    new_run_id = hub.new_id()

    def write(session: Session) -> str:
        former = Runs(session, actor.organization_id).get(run_id)
        return _Replay(hub, session, actor, former, new_run_id, version).start(from_step)

    return await hub.database.write(write)


async def replay_failed(
    hub: Hub,
    actor: Actor,
    run_ids: Iterable[str],
    *,
    act: str,
    begin: From = "failed_step",
    version: Version = "original",
) -> Replayed:
    """Run failed runs again, each from the step that failed or from the start; what one refuses stops no other.

    `act` names this one act of a person: done again with the same name it starts nothing twice and answers the same.
    At most `BATCH` runs a transaction; for a progress, call it with `BATCH` runs at a time. Raises Forbidden,
    InvalidInput for more than `MOST`.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    wanted = list(dict.fromkeys(run_ids))
    if len(wanted) > MOST:
        raise InvalidInput({"run_ids": f"are at most {MOST}"})
    started: dict[str, str] = {}
    refused: dict[str, Refusal] = {}
    for first in range(0, len(wanted), BATCH):
        some = tuple(wanted[first : first + BATCH])
        made = await hub.database.write(_Many(hub, actor, some, act, begin, version))
        started.update(made.started)
        refused.update(made.refused)
    return Replayed(started, refused)


@dataclass(frozen=True, slots=True)
class _Many:
    """One transaction of a bulk replay."""

    hub: Hub
    actor: Actor
    run_ids: tuple[str, ...]
    act: str
    begin: From
    version: Version

    def __call__(self, session: Session) -> Replayed:
        started: dict[str, str] = {}
        refused: dict[str, Refusal] = {}
        for run_id, former in self._formers(session):
            try:
                started[run_id] = self._replay(session, former)
            except IntegrationsError as error:
                refused[run_id] = Refusal(error.code, error.message or error.code)
        return Replayed(started, refused)

    def _formers(self, session: Session) -> list[tuple[str, Run | None]]:
        """The runs, with their workflows locked.

        All of them at first and in one order: the audit's chain, which every act holds to its end, is taken after them
        as everywhere, so nobody waits in a circle.
        """
        runs, workflows = Runs(session, self.actor.organization_id), Workflows(session, self.actor.organization_id)
        found = [(run_id, runs.find(run_id)) for run_id in self.run_ids]
        for workflow_id in sorted({run.workflow_id for _, run in found if run is not None}):
            if workflows.find(workflow_id) is not None:
                workflows.lock(workflow_id)
        return found

    def _replay(self, session: Session, former: Run | None) -> str:
        if former is None:
            raise NotFound("There is no such run.")
        if former.status != RunStatus.FAILED:
            raise Conflict("not_failed", "This run did not fail.")
        new_run_id = self.hub.new_id()
        replaying = _Replay(self.hub, session, self.actor, former, new_run_id, self.version, self.act)
        return replaying.start(_failed_path(session, former) if self.begin == "failed_step" else None)


@dataclass(frozen=True, slots=True)
class _Replay:
    """One replay in the caller's transaction; whatever refuses does so before anything is written."""

    hub: Hub
    session: Session
    actor: Actor
    former: Run
    new_run_id: str
    version: Version
    act: str = ""
    """What it belongs to when many are replayed together."""

    def start(self, from_step: str | None) -> str:
        """The new run's id, or that of the run which the same act started before."""
        workflows, runs = Workflows(self.session, self.actor.organization_id), self._runs
        workflow = workflows.lock(self.former.workflow_id)
        key = f"replay:{self.act}:{self.former.id}" if self.act else None
        earlier = runs.find_by_key(workflow.id, key) if key else None
        if earlier is not None:
            return earlier.id
        if self.version == "latest":
            require_live(workflow)
        run = self._run(workflow, key)
        steps = self._taken_over(_definition_of(workflows, run), from_step) if from_step is not None else []
        add_run(self.hub, self.session, workflow, run)
        self.session.add_all(steps)
        self.session.flush()
        detail = {"together": self.act} if self.act else {}
        told = {"replay_of": self.former.id, "from_step": from_step or "", **detail}
        note(self.hub, self.session, self.actor, "run.replayed", run.id, **told)
        return run.id

    @property
    def _runs(self) -> Runs:
        return Runs(self.session, self.actor.organization_id)

    def _run(self, workflow: Workflow, key: str | None) -> Run:
        former, latest = self.former, self.version == "latest"
        return Run(
            organization_id=self.actor.organization_id,
            id=self.new_run_id,
            workflow_id=former.workflow_id,
            workflow_name=workflow.name,
            version=workflow.published_number if latest else former.version,
            definition=None if latest else former.definition,
            event_id=former.event_id,
            trigger_payload=former.trigger_payload,
            idempotency_key=key,
            replay_of=former.id,
            created_at=self.hub.clock(),
        )

    def _taken_over(self, definition: Definition, from_step: str) -> list[StepRun]:
        """What the steps before `from_step` gave, for the new run."""
        steps = {step.key: step for _, step in definition.walk()}
        if from_step.rpartition("/")[2] not in steps:
            raise InvalidInput({"from_step": "is no step of that version"})
        rows = self._runs.steps(self.former.id)
        begins = next((one.position for one in rows if from_step in {one.path, one.step_key}), len(rows))
        kept = []
        for row in rows:
            step = steps.get(row.step_key)
            passed = isinstance(step, ActionStep) and step.on_error == "continue" and row.status == StepStatus.FAILED
            done = row.status in {StepStatus.SUCCEEDED, StepStatus.SKIPPED} or passed
            if row.position < begins and done and step is not None and step.type == row.type:
                kept.append(StepRun(**row.model_dump(exclude={"run_id"}), run_id=self.new_run_id))
        return kept


def _failed_path(session: Session, run: Run) -> str | None:
    """The step that ended the run; None when no step began.

    A stop that says so, the first of those that were given up, else of those that failed the one that began last.
    Raises Conflict `no_failed_step`: from the start everything would be done once more, which nobody has asked for.
    """
    rows = Runs(session, run.organization_id).steps(run.id)
    if not rows:
        return None
    if rows[-1].type == "stop":
        return rows[-1].path
    given_up = next((row.path for row in rows if row.status == StepStatus.CANCELLED), None)
    found = given_up or next((row.path for row in reversed(rows) if row.status == StepStatus.FAILED), None)
    if found is None:
        raise Conflict("no_failed_step", "No step of this run failed. Replay it from the start.")
    return found


def _definition_of(workflows: Workflows, run: Run) -> Definition:
    if run.definition is not None:
        return parse(run.definition)
    version = workflows.version(run.workflow_id, run.version or 0)
    if version is None:
        raise NotFound("The version of that run is gone.")
    return parse(version.definition)
