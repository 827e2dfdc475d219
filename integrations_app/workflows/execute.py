"""The executor: takes a run id, goes on after its last checkpoint, and says when to come back."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from integrations_app.errors import CredentialUnreadable, InvalidInput, MappingError, VaultSealed
from integrations_app.kit.templates import parse_condition
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.answers import give
from integrations_app.workflows.checkpoints import Journal, RunState, StepState, load
from integrations_app.workflows.conduct import Conduct, Execution, Scope, first_scope, is_past, state_of
from integrations_app.workflows.definition import (
    MAX_DELAY,
    ActionStep,
    AnswerStep,
    ConditionStep,
    DelayStep,
    ForEachStep,
    Step,
    StopStep,
)
from integrations_app.workflows.held import settle_hold
from integrations_app.workflows.leaving import (
    Cancelled,
    Failed,
    Held,
    Leaving,
    Moved,
    Next,
    Rest,
    Stopped,
    Waits,
    Yields,
)
from integrations_app.workflows.mapping import render
from integrations_app.workflows.masking import masked
from integrations_app.workflows.models import RunStatus, StepStatus
from integrations_app.workflows.replies import compose
from integrations_app.workflows.steps import MAX_OUTPUT_BYTES, operation_id, perform

_NOTHING = Rest(Next.NOTHING)


async def execute(hub: Hub, run_id: str, conduct: Conduct) -> Rest:
    """Execute the run until it ends, waits, or is told to give its worker back.

    Raises Unavailable when the database stays away: the engine comes back later, nothing is lost. A run
    that has ended, is held or is unknown is left alone.
    """
    run = await hub.database.read(lambda session: load(session, run_id, conduct.definitions))
    if run is None:
        return _NOTHING
    if run.status == RunStatus.WAITING and run.wake_at is not None and not is_past(hub, conduct, run.wake_at):
        return Rest(Next.AT, run.wake_at)
    execution = Execution(hub, run, Journal(hub, run), conduct)
    try:
        return await _to_the_end(execution)
    except Moved:
        return _NOTHING


async def _to_the_end(execution: Execution) -> Rest:
    journal, run = execution.journal, execution.run
    try:
        if run.paused:
            raise Held("paused", "The workflow is paused.")
        await _run_steps(execution, run.definition.steps, first_scope(run))
    except Leaving as leaving:
        try:
            return await _leave(execution, leaving)
        except Cancelled as cancelled:  # asked for while it was being put aside
            return await _leave(execution, cancelled)
    await journal.flush(status=RunStatus.SUCCEEDED.value, ended_at=execution.hub.clock())
    return _NOTHING


async def _leave(execution: Execution, leaving: Leaving) -> Rest:
    """Write why the steps were left, and tell the engine what comes next."""
    flush, now = execution.journal.flush, execution.hub.clock()
    if isinstance(leaving, Waits):
        return Rest(Next.AT, leaving.at)
    if isinstance(leaving, Yields):
        await flush(status=RunStatus.QUEUED.value)
        return Rest(Next.AGAIN)
    if isinstance(leaving, Held):
        return await settle_hold(execution, leaving)
    if isinstance(leaving, Stopped):
        status = RunStatus.SUCCEEDED if leaving.outcome == "succeeded" else RunStatus.FAILED
        code = "" if status is RunStatus.SUCCEEDED else "stopped"
        await flush(status=status.value, ended_at=now, error_code=code, error_message=leaving.message)
    elif isinstance(leaving, Failed):
        failed = RunStatus.FAILED.value
        await flush(status=failed, ended_at=now, error_code=leaving.code, error_message=leaving.message)
    elif isinstance(leaving, Cancelled):
        _end_open_steps(execution, now)
        await flush(status=RunStatus.CANCELLED.value, ended_at=now)
    else:
        raise leaving
    return _NOTHING


def _end_open_steps(execution: Execution, now: datetime) -> None:
    """What a cancelled run was waiting with will not go on."""
    for state in execution.run.steps.values():
        if state.status in {StepStatus.WAITING, StepStatus.HELD}:
            state.end(StepStatus.CANCELLED, now)
            execution.journal.note(state)


async def _run_steps(execution: Execution, steps: tuple[Step, ...], scope: Scope) -> StepState | None:
    """Run a list of steps in order; returns the last one's state."""
    state: StepState | None = None
    for step in steps:
        state = state_of(execution, scope, step)
        if not state.settled or isinstance(step, ConditionStep):
            if execution.conduct.should_yield():
                raise Yields
            await _run_step(execution, step, state, scope)
        scope.tell(state)
        if state.status == StepStatus.FAILED and getattr(step, "on_error", "stop") == "stop":
            raise Failed(state.error_code, _told(step, state))
    return state


def _told(step: Step, state: StepState) -> str:
    return f"{step.name or step.key}: {state.error_message}"


async def _run_step(execution: Execution, step: Step, state: StepState, scope: Scope) -> None:
    now = execution.hub.clock()
    try:
        if not state.settled and not _wanted(step, scope):
            state.end(StepStatus.SKIPPED, now)
            execution.journal.note(state)
        elif state.status not in {StepStatus.SKIPPED, StepStatus.FAILED}:
            await _HANDLERS[type(step)](execution, step, state, scope)
    except InvalidInput as error:
        state.end(StepStatus.FAILED, now, code=error.code, message=str(error))
        execution.journal.note(state)


def _wanted(step: Step, scope: Scope) -> bool:
    return not step.when or _holds(step.when, "when", scope)


def _holds(text: str, place: str, scope: Scope) -> bool:
    try:
        return parse_condition(text).evaluate(scope.values)
    except MappingError as error:
        raise MappingError({place: "; ".join(f"{path} {why}" for path, why in error.fields.items())}) from None


def _rendered(raw: object, place: str, scope: Scope) -> object:
    try:
        return render(raw, None, scope.values)
    except MappingError as error:
        raise MappingError({place: "; ".join(f"{path} {why}" for path, why in error.fields.items())}) from None


# --- one function per kind of step --------------------------------------------------------------


async def _action(execution: Execution, step: ActionStep, state: StepState, scope: Scope) -> None:
    await perform(execution, scope, step, state)
    if state.settled and not _is_last(execution, step, scope):
        await execution.journal.flush()  # of the last step it travels with the end of the run
        execution.conduct.crash_point("after_checkpoint")


def _is_last(execution: Execution, step: Step, scope: Scope) -> bool:
    steps = execution.run.definition.steps
    return not scope.prefix and bool(steps) and steps[-1].key == step.key


async def _condition(execution: Execution, step: ConditionStep, state: StepState, scope: Scope) -> None:
    if not state.settled:
        taken = _choose(step, scope)
        state.end(StepStatus.SUCCEEDED, execution.hub.clock(), output={"branch": taken})
        execution.journal.note(state)
    scope.tell(state)
    taken = state.output.get("branch") if isinstance(state.output, dict) else None
    if isinstance(taken, int) and taken < len(step.branches):
        await _run_steps(execution, step.branches[taken].steps, scope)


def _choose(step: ConditionStep, scope: Scope) -> int | None:
    for index, branch in enumerate(step.branches):
        if branch.otherwise or (branch.when and _holds(branch.when, f"branches.{index}.when", scope)):
            return index
    return None


async def _for_each(execution: Execution, step: ForEachStep, state: StepState, scope: Scope) -> None:
    items = _rendered(step.items, "items", scope)
    if not isinstance(items, list | tuple):
        raise MappingError({"items": "is not a list"})
    if len(items) > step.max_items:
        raise InvalidInput(
            {"items": f"has {len(items)} items; at most {step.max_items} are allowed"}, "", "too_many_items"
        )
    if state.status == StepStatus.PENDING:
        state.status, state.started_at = StepStatus.RUNNING.value, execution.hub.clock()
        state.inputs = {"items": len(items)}
        execution.journal.note(state)
    outputs: list[Any] = []
    for index, item in enumerate(items):
        last = await _turn(execution, step, state, scope.inside(step.key, index, item))
        outputs.append(last.output if last is not None else None)
    if len(orjson.dumps(outputs)) > MAX_OUTPUT_BYTES:
        raise InvalidInput({"steps": "gave more than 1 MiB of outputs"}, "", "output_too_large")
    state.end(StepStatus.SUCCEEDED, execution.hub.clock(), output=outputs)
    execution.journal.note(state)


async def _turn(execution: Execution, step: ForEachStep, state: StepState, scope: Scope) -> StepState | None:
    """One turn of a loop; when it fails for good, the loop has failed too."""
    try:
        return await _run_steps(execution, step.steps, scope)
    except Failed as failure:
        state.end(StepStatus.FAILED, execution.hub.clock(), code=failure.code, message=failure.message)
        execution.journal.note(state)
        raise


async def _delay(execution: Execution, step: DelayStep, state: StepState, scope: Scope) -> None:
    now = execution.hub.clock()
    if state.wake_at is None:
        state.started_at, state.wake_at = now, _until(step, scope, now)
        state.inputs = {"until": state.wake_at.isoformat()}
    execution.journal.note(state)
    if not execution.has_come(state.wake_at):
        state.status = StepStatus.WAITING.value
        at = state.wake_at
        await execution.journal.flush(status=RunStatus.WAITING.value, wake_at=at)
        raise Waits(at)
    state.end(StepStatus.SUCCEEDED, now, output={})


def _until(step: DelayStep, scope: Scope, now: datetime) -> datetime:
    if step.until is not None:
        at = _moment(_rendered(step.until, "until", scope))
    else:
        at = now + _span(_rendered(step.seconds, "seconds", scope))
    if at - now > MAX_DELAY:
        raise MappingError({"until" if step.until is not None else "seconds": "is more than a year away"})
    return at


def _span(value: object) -> timedelta:
    try:
        seconds = float(str(value))
        return timedelta(seconds=min(max(0.0, seconds), 2 * MAX_DELAY.total_seconds()))
    except ValueError:
        raise MappingError({"seconds": "is not a number"}) from None


def _moment(value: object) -> datetime:
    try:
        moment = (
            datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(str(value))
        )
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise MappingError({"until": "is not a time"}) from None


async def _stop(execution: Execution, step: StopStep, state: StepState, scope: Scope) -> None:
    message = str(_rendered(step.message, "message", scope))[:2000]
    state.end(StepStatus.SUCCEEDED, execution.hub.clock(), output={"message": message})
    execution.journal.note(state)
    raise Stopped(step.outcome, message)


async def _answer(execution: Execution, step: AnswerStep, state: StepState, scope: Scope) -> None:
    reply = compose(step, scope.values)
    state.started_at = state.started_at or execution.hub.clock()
    asked = {"status": reply.status, "headers": dict(reply.headers), "body": reply.body}
    state.inputs = masked(asked, execution.hub.registry)
    try:
        why_not = await give(execution.hub, execution.run, operation_id(execution.run.id, state.path), reply)
    except (VaultSealed, CredentialUnreadable) as error:
        state.end(StepStatus.FAILED, execution.hub.clock(), code=error.code, message=str(error))
        execution.journal.note(state)
        return
    output = {"answered": not why_not, "status": reply.status} | ({"reason": why_not} if why_not else {})
    state.end(StepStatus.SUCCEEDED, execution.hub.clock(), output=output)
    execution.journal.note(state)


_HANDLERS: dict[type, Callable[[Execution, Any, StepState, Scope], Awaitable[None]]] = {
    ActionStep: _action,
    ConditionStep: _condition,
    ForEachStep: _for_each,
    DelayStep: _delay,
    StopStep: _stop,
    AnswerStep: _answer,
}

__all__ = ["RunState", "execute"]
