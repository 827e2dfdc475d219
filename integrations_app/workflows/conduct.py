"""Conduct: what an engine lends the executor for one run, and what a step may read and write meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations_app.organizations.hub import Hub
from integrations_app.workflows.checkpoints import Definitions, Journal, RunState, StepState
from integrations_app.workflows.definition import Step
from integrations_app.workflows.models import StepStatus

NOTHING_YET: Mapping[str, Any] = {"output": None, "ok": False, "error": None}
"""What templates see of a step that has not run."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """Chance, crash points and fairness, lent by the engine."""

    random: Callable[[], float]
    """Uniform in [0, 1): jitter."""
    should_yield: Callable[[], bool] = lambda: False
    """Asked between steps: give the worker back?"""
    crash_point: Callable[[str], None] = lambda _name: None
    """Called at named places; a test kills the process there."""
    definitions: Definitions = field(default_factory=Definitions)
    reached: datetime | None = None
    """The time that the engine has slept until, by a clock that nobody sets: it has come, whatever the wall clock says.

    No other is told by it: a run that goes on after the wall clock was set back reckons with that.
    """


def is_past(hub: Hub, conduct: Conduct, at: datetime) -> bool:
    """Whether `at` has come: by the wall clock, or because the engine has slept until then."""
    return at <= hub.clock() or at == conduct.reached


@dataclass(frozen=True, slots=True)
class Execution:
    """One run under way."""

    hub: Hub
    run: RunState
    journal: Journal
    conduct: Conduct

    def has_come(self, at: datetime) -> bool:
        """Whether a time that the run sleeps until has come."""
        return is_past(self.hub, self.conduct, at)


@dataclass(frozen=True, slots=True)
class Scope:
    """What templates may read at one place, and where its steps are kept."""

    values: dict[str, Any]
    prefix: str = ""

    def path(self, key: str) -> str:
        """The path of a step of this scope: `each/3/tell`."""
        return f"{self.prefix}{key}"

    def inside(self, key: str, index: int, item: Any) -> "Scope":
        """The scope of one turn of a loop: its own steps and item, the outer ones readable."""
        steps = dict(self.values["steps"])
        return Scope(self.values | {"steps": steps, "item": item}, f"{self.prefix}{key}/{index}/")

    def tell(self, state: StepState) -> None:
        """Let later templates read what became of a step."""
        ok = state.status == StepStatus.SUCCEEDED
        failed = state.status == StepStatus.FAILED
        self.values["steps"][state.step_key] = {
            "output": state.output,
            "ok": ok,
            "error": {"code": state.error_code, "message": state.error_message} if failed else None,
        }


def first_scope(run: RunState) -> Scope:
    """What the first step may read."""
    return Scope(
        {
            "trigger": run.payload,
            "steps": {step.key: NOTHING_YET for _, step in run.definition.walk()},
            "run": {"id": run.id},
            "workflow": {"name": run.workflow_name},
        }
    )


def state_of(execution: Execution, scope: Scope, step: Step) -> StepState:
    """The stored state of a step, or a new one."""
    path = scope.path(step.key)
    found = execution.run.steps.get(path)
    if found is not None:
        return found
    return StepState(path, step.key, len(execution.run.steps), name=step.name, type=step.type)
