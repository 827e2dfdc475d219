"""A workflow's definition, format 1: its models, its bounds, and how it is parsed from JSON."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from integrations_app.errors import InvalidInput

FORMAT = 1
MAX_STEPS = 500
MAX_DEPTH = 8
MAX_BYTES = 1024 * 1024
MAX_ITEMS = 1000
MAX_DELAY = timedelta(days=366)
MANUAL, WEBHOOK, SCHEDULE = "manual", "webhook", "schedule"
RUN_ONCE, SKIP, RUN_ALL = "run_once", "skip", "run_all"
MISSED = (RUN_ONCE, SKIP, RUN_ALL)
"""What becomes of times of a schedule that passed while nothing was executed: one run for all, none, one each."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_STEP_TYPES = frozenset({"action", "condition", "for_each", "delay", "stop", "respond_to_webhook"})

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Name = Annotated[str, StringConstraints(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Retry(_Part):
    """How often a step is tried again and how long it waits between. Seconds."""

    attempts: int = Field(default=4, ge=1, le=20)
    backoff: Literal["exponential", "fixed"] = "exponential"
    delay_seconds: float = Field(default=1.0, ge=0, le=3600)
    max_delay_seconds: float = Field(default=60.0, ge=0, le=86400)
    jitter: bool = True
    """Wait between half and all of the time, so that a crowd does not come back at once."""
    honour_retry_after: bool = True
    """Wait as long as the answer asks, at most an hour, instead of the own time."""
    count_rate_limits: bool = False
    """Let a rate limit use up an attempt; otherwise it is waited for, up to a day."""
    at_least_once: bool = False
    """Repeat even when nobody can tell whether an earlier attempt took effect."""


class _Step(_Part):
    key: Key
    name: Name = ""
    when: str | None = Field(default=None, max_length=10_000)

    def children(self) -> "tuple[tuple[str, tuple[Step, ...]], ...]":
        """The lists of steps inside, each with its path relative to this step."""
        return ()


class ActionStep(_Step):
    """Calls one action of a provider."""

    type: Literal["action"]
    action: str = ""
    connection: str = ""
    """Id or name; empty while a draft is not finished."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    retry: Retry = Retry()
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    on_error: Literal["stop", "continue"] = "stop"


class Branch(_Part):
    """One way through a condition: taken when `when` holds, or always as `else`."""

    when: str | None = Field(default=None, max_length=10_000)
    otherwise: bool = Field(default=False, alias="else")
    steps: "tuple[Step, ...]" = ()

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.otherwise and self.when is not None:
            raise ValueError("a branch has either when or else")
        return self


class ConditionStep(_Step):
    """Takes the first branch whose condition holds."""

    type: Literal["condition"]
    branches: tuple[Branch, ...] = ()

    @model_validator(mode="after")
    def _else_is_last(self) -> Self:
        if any(branch.otherwise for branch in self.branches[:-1]):
            raise ValueError("else is the last branch")
        return self

    def children(self) -> "tuple[tuple[str, tuple[Step, ...]], ...]":
        """The steps of each branch."""
        return tuple((f"branches.{index}.steps", branch.steps) for index, branch in enumerate(self.branches))


class ForEachStep(_Step):
    """Runs its steps once per item; its output is the list of the last step's outputs."""

    type: Literal["for_each"]
    items: str | list[Any] = ""
    concurrency: Literal[1] = 1
    max_items: int = Field(default=MAX_ITEMS, ge=1, le=MAX_ITEMS)
    steps: "tuple[Step, ...]" = ()

    def children(self) -> "tuple[tuple[str, tuple[Step, ...]], ...]":
        """The steps of the loop."""
        return (("steps", self.steps),)


class DelayStep(_Step):
    """Waits some seconds, or until a time, without holding a worker."""

    type: Literal["delay"]
    seconds: float | str | None = None
    until: str | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.seconds is not None and self.until is not None:
            raise ValueError("a delay has either seconds or until")
        return self


class StopStep(_Step):
    """Ends the run."""

    type: Literal["stop"]
    outcome: Literal["succeeded", "failed"] = "succeeded"
    message: str = Field(default="", max_length=2000)


class AnswerStep(_Step):
    """Answers the sender whose delivery started the run, when it waits; the run goes on."""

    type: Literal["respond_to_webhook"]
    status: int | str = 200
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    """Text, or JSON: an object or list may also be written as text."""


Step = Annotated[
    ActionStep | ConditionStep | ForEachStep | DelayStep | StopStep | AnswerStep,
    Field(discriminator="type"),
]


class TriggerPart(_Part):
    """What starts the workflow: `manual`, `webhook`, `schedule`, or `provider.trigger`."""

    type: str = MANUAL
    connection: str = ""
    config: dict[str, Any] = Field(default_factory=dict)


class Definition(_Part):
    """A whole workflow. Frozen, so a published one can be shared between runs."""

    format: Literal[1] = 1
    name: Name
    trigger: TriggerPart = TriggerPart()
    steps: tuple[Step, ...] = ()

    def walk(self) -> "Iterator[tuple[str, Step]]":
        """Every step with its path (`steps.0.branches.1.steps.2`), in the order they are written."""
        return _walk("steps", self.steps)

    def dump(self) -> dict[str, Any]:
        """The definition as JSON values; what `parse` takes."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
            "format": FORMAT,
            "name": self.name,
            "trigger": self.trigger.model_dump(mode="json", exclude_defaults=True) | {"type": self.trigger.type},
        }


def _walk(prefix: str, steps: "tuple[Step, ...]") -> "Iterator[tuple[str, Step]]":
    for index, step in enumerate(steps):
        path = f"{prefix}.{index}"
        yield path, step
        for inner, children in step.children():
            yield from _walk(f"{path}.{inner}", children)


def blank(name: str) -> Definition:
    """A definition without steps, started by hand."""
    return parse({"format": FORMAT, "name": name, "trigger": {"type": MANUAL}, "steps": []})


def parse(raw: object) -> Definition:
    """Turn JSON values into a Definition.

    InvalidInput with a dotted path per field (`steps.0.inputs.text`) when it is not one (`unknown_field` for one too
    many), or breaks a bound: 500 steps, 8 levels, 1 MiB, unique keys. Whether it can go live is `problems`' matter.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput({"": "must be an object"})
    _require_size(raw)
    _require_depth(raw)
    try:
        definition = Definition.model_validate(raw)
    except ValidationError as error:
        unknown = any(item["type"] == "extra_forbidden" for item in error.errors(include_url=False))
        raise InvalidInput(_fields(error), "", "unknown_field" if unknown else "invalid_input") from None
    _require_steps(definition)
    return definition


def _require_size(raw: Mapping[str, Any]) -> None:
    try:
        size = len(orjson.dumps(raw))
        json.dumps(raw, allow_nan=False)  # orjson writes an infinite number as null, which is another value
    except (orjson.JSONEncodeError, ValueError):
        raise InvalidInput({"": "must be plain JSON, not nested too deeply"}) from None
    if size > MAX_BYTES:
        raise InvalidInput({"": f"must be at most {MAX_BYTES} bytes of JSON"})


def _require_depth(raw: Mapping[str, Any]) -> None:
    """Count levels of steps before the models do, iteratively: a hostile depth never recurses."""
    level: list[object] = [raw]
    for _ in range(MAX_DEPTH + 1):
        level = [child for part in level for child in _children(part)]
        if not level:
            return
    raise InvalidInput({"steps": f"must be nested at most {MAX_DEPTH} levels deep"})


def _children(part: object) -> list[object]:
    if not isinstance(part, Mapping):
        return []
    found = list(_listed(part.get("steps")))
    for branch in _listed(part.get("branches")):
        if isinstance(branch, Mapping):
            found += _listed(branch.get("steps"))
    return found


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _fields(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        found.setdefault(_path(item["loc"]), str(item["msg"]).removeprefix("Value error, "))
    return found


def _path(location: tuple[int | str, ...]) -> str:
    """Pydantic names the arm of the union after the index; people do not write it."""
    kept: list[str] = []
    for position, part in enumerate(location):
        after_index = position > 1 and isinstance(location[position - 1], int) and location[position - 2] == "steps"
        if not (after_index and part in _STEP_TYPES):
            kept.append(str(part))
    return ".".join(kept)


def _require_steps(definition: Definition) -> None:
    wrong: dict[str, str] = {}
    keys: set[str] = set()
    count = 0
    if not definition.name.strip() or _CONTROL.search(definition.name):
        wrong["name"] = "must be a readable name"
    for path, step in definition.walk():
        count += 1
        if step.key in keys:
            wrong[f"{path}.key"] = f"the key {step.key!r} is used twice"
        if _CONTROL.search(step.name):
            wrong[f"{path}.name"] = "must be a readable name"
        keys.add(step.key)
    if count > MAX_STEPS:
        wrong["steps"] = f"must be at most {MAX_STEPS} steps"
    if wrong:
        raise InvalidInput(wrong)
