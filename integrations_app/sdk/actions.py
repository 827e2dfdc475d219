"""Actions: one async function each; parameters, result, title and repeat safety are read off it."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict

from integrations_app.sdk.context import ActionContext


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


Run = Callable[[Any, ActionContext[Any]], Awaitable[Result]]
RepeatFor = Callable[[Any, Any], Repeat]
"""`(params, settings) -> Repeat`; pure."""
Find = Callable[[Any, ActionContext[Any]], Awaitable[Result | None]]


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
    repeat_for: RepeatFor | None = None
    """For an action whose safety depends on what it is asked to do; `repeat` is the worst case."""

    def repeat_of(self, params: Params, settings: Any) -> Repeat:
        """The promise about repetition for these very parameters and the connection's settings."""
        return self.repeat_for(params, settings) if self.repeat_for else self.repeat


def action(
    *,
    repeat: Repeat,
    scopes: tuple[str, ...] = (),
    effect: Effect = Effect.WRITE,
    find: Find | None = None,
    repeat_for: RepeatFor | None = None,
) -> Callable[[Run | Callable[..., Awaitable[Any]]], Action]:
    """Declare an async function `(params, ctx) -> Result` as an action.

    `repeat` is the promise about repetition; RECONCILABLE needs `find`, which looks with the same
    parameters and context whether the effect is there and returns its result or None. A look that
    failed this time raises Retryable; one that can never tell raises MissingScope or Rejected, and the run
    is held. The action itself raises OutcomeUnknown when it got no usable answer.
    """
    if (repeat is Repeat.RECONCILABLE) != (find is not None):
        raise TypeError("find= belongs to RECONCILABLE, and RECONCILABLE needs it")

    def declare(function: Callable[..., Awaitable[Any]]) -> Action:
        hints = get_type_hints(function)
        params, result = hints.get("params"), hints.get("return")
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
            repeat_for=repeat_for,
        )

    return declare
