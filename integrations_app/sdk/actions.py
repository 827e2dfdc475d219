"""Actions: one async function each; parameters, result, title and repeat safety are read off it."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict

from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.waiting import Later, Waited


class Repeat(StrEnum):
    """What makes it safe to run the action again after a lost answer."""

    IDEMPOTENT = "idempotent"
    """The vendor makes it safe: repeat it."""
    RECONCILABLE = "reconcilable"
    """We can look whether it happened: look first."""
    UNKNOWABLE = "unknowable"
    """Nobody can tell: hold the run until a person decides."""


class Effect(StrEnum):
    """What the action does at the vendor, for pickers and warnings."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


class Params(BaseModel):
    """Parameters of an action; unknown names are refused, text is stripped of nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(BaseModel):
    """What an action gives back: small, JSON-clean, under the vendor's own names."""

    model_config = ConfigDict(extra="allow", frozen=True)


Run = Callable[[Any, ActionContext[Any]], Awaitable[Result | Later]]
Resume = Callable[[Any, Waited, ActionContext[Any]], Awaitable[Result | Later]]
"""`(params, waited, ctx)`: goes on after the wait. Safe to repeat: it comes again after a crash or a lost answer."""
RepeatFor = Callable[[Any, Any], Repeat]
"""`(params, settings) -> Repeat`; pure."""
Find = Callable[[Any, ActionContext[Any]], Awaitable[Result | Later | None]]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a workflow step can do with a connection."""

    key: str
    title: str
    description: str
    params: type[Params]
    result: type[Result]
    run: Run
    repeat: Repeat
    effect: Effect
    scopes: tuple[str, ...]
    find: Find | None = None
    resume: Resume | None = None
    """For an action that may give `Later`."""
    repeat_for: RepeatFor | None = None
    """For an action whose safety depends on what it is asked to do; `repeat` is the worst case."""

    def repeat_of(self, params: Params, settings: Any) -> Repeat:
        """The promise about repetition for these very parameters and the connection's settings."""
        return self.repeat_for(params, settings) if self.repeat_for else self.repeat


def _result_in(annotation: Any, *, waits: bool) -> Any:
    """The result model of a return annotation, which is `Model | Later` for an action that waits."""
    arms = get_args(annotation)
    return next((arm for arm in arms if arm is not Later), None) if waits and Later in arms else annotation


def action(
    *,
    repeat: Repeat,
    scopes: tuple[str, ...] = (),
    effect: Effect = Effect.WRITE,
    find: Find | None = None,
    resume: Resume | None = None,
    repeat_for: RepeatFor | None = None,
) -> Callable[[Run | Callable[..., Awaitable[Any]]], Action]:
    """Declare an async function `(params, ctx) -> Result` as an action.

    `repeat` is the promise about repetition; RECONCILABLE needs `find`, which looks with the same
    parameters and context whether the effect is there and returns its result or None. A look that
    failed this time raises Retryable; one that can never tell raises MissingScope or Rejected, and the run
    is held. The action itself raises OutcomeUnknown when it got no usable answer. With `resume` it may return
    `Later` (as may `find`): the run sleeps, and `resume` goes on.
    """
    if (repeat is Repeat.RECONCILABLE) != (find is not None):
        raise TypeError("find= belongs to RECONCILABLE, and RECONCILABLE needs it")

    def declare(function: Callable[..., Awaitable[Any]]) -> Action:
        hints = get_type_hints(function)
        params, result = hints.get("params"), _result_in(hints.get("return"), waits=resume is not None)
        if not (inspect.isclass(params) and issubclass(params, Params)):
            raise TypeError(f"{function.__name__}: params must be annotated with a Params model")
        if not (inspect.isclass(result) and issubclass(result, Result)):
            raise TypeError(f"{function.__name__}: the return annotation must be a Result model")
        title, _, rest = inspect.cleandoc(function.__doc__ or "").partition("\n")
        if not title:
            raise TypeError(f"{function.__name__}: the docstring gives the title")
        return Action(
            key=function.__name__,
            title=title.rstrip("."),
            description=rest.strip(),
            params=params,
            result=result,
            run=function,
            repeat=repeat,
            effect=effect,
            scopes=scopes,
            find=find,
            resume=resume,
            repeat_for=repeat_for,
        )

    return declare
