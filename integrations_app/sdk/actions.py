"""Actions: one async function each; parameters, result, title and repeat safety are read off it."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
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
class Preview:
    """A request as it would leave, for people: it holds no secret."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    command: str = ""
    """The same as a command to copy."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was read from a text that a person pasted: values of a form, the way to connect, and what was left out."""

    values: Mapping[str, Any] = field(default_factory=dict)
    way: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paste:
    """A kind of text that fills a form: what people call it, and how it is read.

    `read` is pure, keeps no secret, and raises InvalidInput with a message for people.
    """

    title: str
    read: Callable[[str], Pasted]


ShowRequest = Callable[[Any, ActionContext[Any]], Preview]
"""`(params, ctx) -> Preview`: sends nothing. Raises what the action raises before it sends."""


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
    preview: ShowRequest | None = None
    paste: Paste | None = None

    def repeat_of(self, params: Params, settings: Any) -> Repeat:
        """The promise about repetition for these very parameters and the connection's settings."""
        return self.repeat_for(params, settings) if self.repeat_for else self.repeat


def _result_in(annotation: Any, *, waits: bool) -> Any:
    """The result model of a return annotation, which is `Model | Later` for an action that waits."""
    arms = get_args(annotation)
    return next((arm for arm in arms if arm is not Later), None) if waits and Later in arms else annotation


def action(  # noqa: PLR0913 - what can be declared of an action
    *,
    repeat: Repeat,
    scopes: tuple[str, ...] = (),
    effect: Effect = Effect.WRITE,
    find: Find | None = None,
    resume: Resume | None = None,
    repeat_for: RepeatFor | None = None,
    preview: ShowRequest | None = None,
    paste: Paste | None = None,
) -> Callable[[Run | Callable[..., Awaitable[Any]]], Action]:
    """Declare an async function `(params, ctx) -> Result` as an action.

    `repeat` is the promise about repetition; RECONCILABLE needs `find`, which looks with the same
    parameters and context whether the effect is there and returns its result or None. A look that
    failed this time raises Retryable; one that can never tell raises MissingScope or Rejected, and the run
    is held. The action itself raises OutcomeUnknown when it got no usable answer. With `resume` it may return
    `Later` (as may `find`): the run sleeps, and `resume` goes on. `preview` shows the request that the action would
    send, `paste` fills its form.
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
            preview=preview,
            paste=paste,
        )

    return declare
