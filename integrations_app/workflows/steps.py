"""One action step: intent before the call, checkpoint after, and what every kind of failure leads to."""

import asyncio
import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any

import orjson

from integrations_app.connections import health
from integrations_app.connections.access import use
from integrations_app.connections.credentials import Connected
from integrations_app.errors import (
    Conflict,
    CredentialUnreadable,
    IntegrationsError,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Retryable,
    VaultSealed,
)
from integrations_app.sdk.actions import Action, Params, Repeat, Result, Resume
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.waiting import Later, Waited
from integrations_app.workflows.backoff import patience_at, retry_at
from integrations_app.workflows.checkpoints import StepState, heard_by, storage_is_away
from integrations_app.workflows.conduct import Execution, Scope
from integrations_app.workflows.definition import ActionStep
from integrations_app.workflows.leaving import Cancelled, Held, Waits
from integrations_app.workflows.mapping import bind
from integrations_app.workflows.masking import masked_inputs
from integrations_app.workflows.models import RunStatus, StepStatus
from integrations_app.workflows.storable import storable_json
from integrations_app.workflows.waiting import decide, kept, until_of

_log = logging.getLogger(__name__)

MAX_OUTPUT_BYTES = 1024 * 1024
MAX_CRASHES = 3
MAX_PATIENCE = timedelta(hours=24)
"""For how long a step puts up with rate limits, or with a look-up that does not answer."""
SEALED_SECONDS = 30


def operation_id(run_id: str, path: str) -> str:
    """The same 32 hex digits on every attempt of one step of one run."""
    return hashlib.sha256(f"{run_id}/{path}".encode()).hexdigest()[:32]


async def perform(execution: Execution, scope: Scope, step: ActionStep, state: StepState) -> None:
    """Run the step to its end: `state` is settled, a Leaving tells why not, or Unavailable that storage is away."""
    attempt = Attempt(execution, step, state)
    try:
        await attempt.perform(scope)
    except Held as held:
        state.status, state.error_code, state.error_message = StepStatus.HELD.value, held.reason, held.message
        execution.journal.note(state)
        raise
    except IntegrationsError as error:
        if storage_is_away(error):
            raise
        state.end(StepStatus.FAILED, execution.hub.clock(), code=error.code, message=str(error))
        execution.journal.note(state)


class Attempt:
    """One try of one action step."""

    def __init__(self, execution: Execution, step: ActionStep, state: StepState) -> None:
        self._execution = execution
        self._hub = execution.hub
        self._step = step
        self._state = state
        self._connection_id = step.connection
        self._credential_version: int | None = None
        self._repeat = Repeat.UNKNOWABLE
        """The promise about repetition for these very parameters, once they are known."""
        self._in_doubt: bool | None = None
        """Whether an earlier attempt may have taken effect, once that was looked at."""

    async def perform(self, scope: Scope) -> None:
        """Raise an IntegrationsError for what fails the step for good."""
        _, action = self._hub.registry.action(self._step.action)
        state, now = self._state, self._hub.clock()
        state.action, state.connection_id = self._step.action, self._connection_id or None
        params = bind(self._step.inputs, action.params, scope.values)
        state.inputs = masked_inputs(params, self._hub.registry)
        state.started_at = state.started_at or now
        try:
            await use(
                self._hub,
                self._execution.run.organization_id,
                self._connection_id,
                lambda connected: self._reach(action, params, connected),
            )
        except (ReconnectRequired, CredentialUnreadable) as error:
            await self._needs_person(error)
        except Conflict as error:
            await self._refused(error)
        except RateLimited as error:
            await self._be_patient(error)
        except VaultSealed:
            await self._wait(now + timedelta(seconds=SEALED_SECONDS))
        except Retryable as error:
            if storage_is_away(error):
                raise
            await self._retry(error)

    async def _reach(self, action: Action, params: Params, connected: Connected) -> None:
        """Call with the vendor's client; comes a second time when the credentials of the first were renewed."""
        self._credential_version = connected.opened.credential_version
        if self._in_doubt is None:
            self._repeat = action.repeat_of(params, connected.opened.access.settings)
            self._in_doubt = self._state.waits is None and self._look_back()
        if self._state.waits is not None and action.resume is not None:
            await self._resume(action.resume, params, connected, self._state.waits)
        elif not self._state.settled:
            await self._call(action, params, connected, in_doubt=self._in_doubt and self._state.intent_at is not None)

    def _look_back(self) -> bool:
        """Whether an earlier attempt may have taken effect. Counts a crash; settles a step that crashes for ever."""
        state = self._state
        if state.intent_at is None:
            return False
        if state.status == StepStatus.RUNNING:
            state.crashes += 1
            if state.crashes >= MAX_CRASHES:
                self._crashed()
                return True
        if self._repeat is Repeat.UNKNOWABLE and not self._step.retry.at_least_once:
            raise _Doubt
        return True

    async def _call(self, action: Action, params: Params, connected: Connected, *, in_doubt: bool) -> None:
        context = self._context(connected)
        if in_doubt and self._repeat is Repeat.RECONCILABLE:
            found = await self._look(action, params, context)
            if found is not None:
                await self._conclude(found)
                return
        self._state.attempt += 1
        if action.resume is not None:  # before the call leaves: its answer may be here before ours
            self._state.listens = context.operation_id
        await self._intend()
        self._execution.conduct.crash_point("before_call")
        try:
            async with asyncio.timeout(self._step.timeout_seconds):
                result = await action.run(params, self._context(connected))
        except (OutcomeUnknown, TimeoutError) as error:
            await self._doubt(error)
            return
        except IntegrationsError as error:
            self._state.intent_at = None
            if isinstance(error, ReconnectRequired):
                self._state.attempt -= 1  # a dead credential is no failed attempt
            if isinstance(error, MissingScope):
                await health.note_failure(self._hub, self._execution.run.organization_id, self._connection_id, error)
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the action fails its step, not the engine
            await self._broke(error)
            return
        self._execution.conduct.crash_point("after_call")
        self._execution.journal.note_use(self._connection_id)
        await self._conclude(result)

    async def _conclude(self, found: Result | Later) -> None:
        """Keep what the action gave: its result, or what it goes on with later."""
        if not isinstance(found, Later):
            self._succeed(found)
            return
        state = self._state
        state.waits = kept(found)
        state.intent_at, state.attempt, state.crashes = None, 0, 0
        await self._sleep(found.until)

    async def _sleep(self, until: datetime) -> None:
        """Park the run until the answer or the time, unless the answer came before it was parked."""
        state, run = self._state, self._execution.run
        state.status, state.wake_at = StepStatus.WAITING.value, until
        self._execution.journal.note(state)
        await self._execution.journal.flush(status=RunStatus.WAITING.value, wake_at=until)
        self._execution.conduct.crash_point("parked")
        heard = await self._hub.database.read(
            lambda session: heard_by(session, run.organization_id, run.id, state.path)
        )
        raise Waits(until if heard is None else self._hub.clock())

    async def _resume(self, resume: Resume, params: Params, connected: Connected, left: dict[str, Any]) -> None:
        """Go on after the answer or the time, whichever the database says was first; sleep on before both."""
        state, run, journal = self._state, self._execution.run, self._execution.journal
        until = until_of(left)
        due = self._execution.has_come(until)
        heard = await self._hub.database.write(lambda session: decide(session, run, state.path, due=due))
        if heard is None and not due:
            await self._sleep(until)
        state.crashes += state.status == StepStatus.RUNNING
        if state.crashes >= MAX_CRASHES:
            self._crashed()
            return
        state.status, state.wake_at = StepStatus.RUNNING.value, None
        state.attempt += 1
        journal.note(state)
        await journal.flush()
        self._execution.conduct.crash_point("before_resume")
        try:
            async with asyncio.timeout(self._step.timeout_seconds):
                result = await resume(params, Waited(left["state"], heard), self._context(connected))
        except (OutcomeUnknown, TimeoutError) as error:
            await self._again("outcome_unknown", str(error) or "No answer came in time.", None)
            return
        except IntegrationsError as error:
            state.status = StepStatus.WAITING.value  # it comes again as one that was not broken off
            state.attempt -= isinstance(error, ReconnectRequired)
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the action fails its step, not the engine
            await self._broke(error)
            return
        self._execution.conduct.crash_point("after_resume")
        journal.note_use(self._connection_id)
        await self._conclude(result)

    def _context(self, connected: Connected) -> ActionContext[Any]:
        state = self._state
        operation = operation_id(self._execution.run.id, state.path)
        return connected.context(operation, self._hub.clock(), attempt=max(1, state.attempt), started=state.started_at)

    async def _intend(self) -> None:
        """Write down that the call is about to leave; from here on a crash leaves its outcome in doubt."""
        state = self._state
        state.status, state.intent_at, state.wake_at = StepStatus.RUNNING.value, self._hub.clock(), None
        state.error_code = state.error_message = ""
        self._execution.journal.note(state)
        try:
            await self._execution.journal.flush()
        except Cancelled:
            state.end(StepStatus.CANCELLED, self._hub.clock())
            self._execution.journal.note(state)
            raise

    def _succeed(self, result: Result) -> None:
        output = storable_json(result.model_dump(mode="json"))
        state, now = self._state, self._hub.clock()
        if len(orjson.dumps(output)) > MAX_OUTPUT_BYTES:
            message = "The step did its work, but its answer is larger than 1 MiB and was not kept."
            state.end(StepStatus.FAILED, now, code="output_too_large", message=message)
        else:
            state.end(StepStatus.SUCCEEDED, now, output=output)
        self._execution.journal.note(state)

    # --- when it did not work ------------------------------------------------------------------

    async def _look(self, action: Action, params: Params, context: ActionContext[Any]) -> Result | Later | None:
        """Look whether an earlier attempt took effect. A look that fails is repeated, never skipped."""
        if action.find is None:
            return None
        try:
            async with asyncio.timeout(self._step.timeout_seconds):
                return await action.find(params, context)
        except (ReconnectRequired, Conflict):
            raise
        except (Retryable, OutcomeUnknown, TimeoutError) as error:
            since = self._state.started_at or self._hub.clock()
            if self._hub.clock() - since > MAX_PATIENCE:
                raise _Doubt from error
            after = error.after if isinstance(error, Retryable) else None
            await self._wait(patience_at(self._hub.clock(), since, after, self._execution.conduct.random()))
        except Exception as error:
            _log.warning("looking for an earlier attempt failed: %s", type(error).__name__)
            raise _Doubt(str(error) if isinstance(error, IntegrationsError) else "") from error
        return None

    async def _doubt(self, error: Exception) -> None:
        """The answer was lost: repeat, look first, or ask a person, as the action's declaration says."""
        unknowable = self._repeat is Repeat.UNKNOWABLE and not self._step.retry.at_least_once
        if unknowable:
            raise _Doubt from error
        code = "timeout" if isinstance(error, TimeoutError) else "outcome_unknown"
        message = "No answer came in time." if code == "timeout" else str(error)
        if self._repeat is not Repeat.RECONCILABLE:
            await self._again(code, message, None)
            return
        if self._state.attempt >= self._step.retry.attempts:
            raise _Doubt from error
        await self._again(code, message, None, keep_doubt=True)

    async def _retry(self, error: Retryable) -> None:
        """Certain not to have taken effect, unless an earlier attempt is still in doubt."""
        await self._again(error.code, str(error), error.after, keep_doubt=self._state.intent_at is not None)

    async def _broke(self, error: Exception) -> None:
        """The action's own code raised what no action may raise."""
        _log.exception("the action %s broke", self._step.action, exc_info=error)
        self._state.crashes += 1
        if self._state.crashes >= MAX_CRASHES or self._repeat is Repeat.UNKNOWABLE:
            self._crashed(type(error).__name__)
            return
        keep = self._repeat is Repeat.RECONCILABLE
        await self._wait(self._backoff(self._state.crashes, None), keep_doubt=keep)

    def _crashed(self, what: str = "") -> None:
        by = f" ({what})" if what else ""
        message = f"The step broke{by} and was given up after {self._state.crashes} tries."
        self._state.end(StepStatus.FAILED, self._hub.clock(), code="crashed", message=message)
        self._execution.journal.note(self._state)

    async def _again(self, code: str, message: str, after: float | None, *, keep_doubt: bool = False) -> None:
        state = self._state
        state.error_code, state.error_message = code, message
        if state.attempt >= self._step.retry.attempts:
            state.end(StepStatus.FAILED, self._hub.clock(), code=code, message=message)
            self._execution.journal.note(state)
            return
        await self._wait(self._backoff(state.attempt, after), keep_doubt=keep_doubt)

    def _backoff(self, attempt: int, after: float | None) -> Any:
        return retry_at(self._hub.clock(), self._step.retry, attempt, after, self._execution.conduct.random())

    async def _be_patient(self, error: RateLimited) -> None:
        """A rate limit is no failed attempt, unless the step counts it."""
        if self._step.retry.count_rate_limits:
            await self._retry(error)
            return
        state, now = self._state, self._hub.clock()
        since = state.started_at or now
        if now - since > MAX_PATIENCE:
            raise error
        state.attempt = max(0, state.attempt - 1)
        state.error_code, state.error_message = error.code, str(error)
        await self._wait(patience_at(now, since, error.after, self._execution.conduct.random()))

    async def _wait(self, at: Any, *, keep_doubt: bool = True) -> None:
        state = self._state
        state.status, state.wake_at = StepStatus.WAITING.value, at
        if not keep_doubt:
            state.intent_at = None
        self._execution.journal.note(state)
        await self._execution.journal.flush(status=RunStatus.WAITING.value, wake_at=at)
        raise Waits(at)

    async def _needs_person(self, error: ReconnectRequired | CredentialUnreadable) -> None:
        """Mark the connection and hold the run: no call with dead credentials is worth a second try."""
        organization = self._execution.run.organization_id
        if isinstance(error, ReconnectRequired):
            await health.note_failure(
                self._hub, organization, self._connection_id, error, credential_version=self._credential_version
            )
        raise Held("needs_reauth", str(error), self._connection_id) from error

    async def _refused(self, error: Conflict) -> None:
        if error.code != "connection_paused":
            raise error
        raise Held("paused", str(error), self._connection_id) from error


class _Doubt(Held):
    """Nobody can tell whether the call took effect."""

    def __init__(self, why: str = "") -> None:
        message = "No usable answer came back: the step may have taken effect."
        super().__init__("outcome_unknown", f"{message} {why}".rstrip())
