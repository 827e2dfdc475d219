"""Problems: what keeps a definition from being published, or is likely to go wrong when it runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from zoneinfo import available_timezones

from pydantic import ValidationError

from integrations_app.errors import InvalidInput, NotFound
from integrations_app.kit.templates import parse_condition
from integrations_app.sdk.actions import Action
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.cron import parse_cron
from integrations_app.workflows.definition import (
    MANUAL,
    MAX_DELAY,
    MISSED,
    RUN_ONCE,
    SCHEDULE,
    WEBHOOK,
    ActionStep,
    AnswerStep,
    ConditionStep,
    Definition,
    DelayStep,
    ForEachStep,
    Step,
)
from integrations_app.workflows.kinds import misfit
from integrations_app.workflows.mapping import Segments, fields_of, input_variables
from integrations_app.workflows.replies import body_tree, known_wrongs

_STEP_PARTS = frozenset({"output", "ok", "error"})
_FIXED = {"run": frozenset({"id"}), "workflow": frozenset({"name"})}


class Severity(StrEnum):
    """An error keeps from publishing; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Lack:
    """The fix of a `missing_scope`: let the vendor's consent be given to these scopes for this connection."""

    connection_id: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to look at: where (dotted path), which (code), and what to do, in words."""

    path: str
    code: str
    message: str
    severity: Severity = Severity.ERROR
    lack: Lack | None = None


@dataclass(frozen=True, slots=True)
class KnownConnection:
    """What validation may know of a connection."""

    id: str
    name: str
    provider: str
    status: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """What validation may know of an endpoint."""

    id: str
    name: str
    answer_seconds: int = 0
    """How long a delivery waits for what its run answers."""


def find_connection(reference: str, connections: Iterable[KnownConnection]) -> KnownConnection | None:
    """The connection with that id, else the only one with that name."""
    listed = list(connections)
    by_id = next((one for one in listed if one.id == reference), None)
    named = [one for one in listed if one.name == reference]
    return by_id or (named[0] if len(named) == 1 else None)


def find_endpoint(reference: object, endpoints: Iterable[KnownEndpoint]) -> KnownEndpoint | None:
    """The endpoint with that id, else the only one with that name."""
    listed = list(endpoints)
    by_id = next((one for one in listed if one.id == reference), None)
    named = [one for one in listed if one.name == reference]
    return by_id or (named[0] if len(named) == 1 else None)


def problems(
    definition: Definition,
    registry: Registry,
    connections: Iterable[KnownConnection],
    endpoints: Iterable[KnownEndpoint] | None = None,
) -> list[Problem]:
    """Every problem of `definition`, in the order of its steps. Never raises for a parsed definition.

    `endpoints` None leaves the endpoint of a webhook trigger unchecked.
    """
    check = _Check(definition, registry, tuple(connections), None if endpoints is None else tuple(endpoints))
    check.trigger(definition)
    if not definition.steps:
        check.add("steps", "no_steps", "Add a step.")
    check.steps("steps", definition.steps, frozenset(), in_loop=False)
    return check.found


def template_problems(definition: Definition, registry: Registry) -> dict[str, str]:
    """Fields whose text is not a template at all: refused already when a draft is saved."""
    check = _Check(definition, registry, (), None)
    check.steps("steps", definition.steps, frozenset(), in_loop=False)
    return {problem.path: problem.message for problem in check.found if problem.code == "template_invalid"}


@dataclass
class _Check:
    definition: Definition
    registry: Registry
    connections: tuple[KnownConnection, ...]
    endpoints: tuple[KnownEndpoint, ...] | None
    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, code: str, message: str, severity: Severity = Severity.ERROR) -> None:
        self.found.append(Problem(path, code, message, severity))

    # --- the trigger ---------------------------------------------------------------------------

    def trigger(self, definition: Definition) -> None:
        trigger = definition.trigger
        if trigger.type == MANUAL:
            return
        if trigger.type == WEBHOOK:
            self._webhook(trigger.config.get("endpoint"))
        elif trigger.type == SCHEDULE:
            self._schedule(trigger.config)
        else:
            self._provider_trigger(definition)

    def _webhook(self, endpoint: object) -> None:
        if not endpoint or (self.endpoints is not None and find_endpoint(endpoint, self.endpoints) is None):
            self.add("trigger.config.endpoint", "unknown_endpoint", "Choose the endpoint that receives the deliveries.")

    def _schedule(self, config: Mapping[str, object]) -> None:
        try:
            parse_cron(str(config.get("cron", "")))
        except ValueError as error:
            self.add("trigger.config.cron", "invalid_schedule", f"This is no schedule: {error}.")
        zone = config.get("timezone", "UTC")
        if not isinstance(zone, str) or zone not in available_timezones():
            self.add("trigger.config.timezone", "invalid_schedule", "Choose a time zone such as Europe/Berlin.")
        if config.get("missed", RUN_ONCE) not in MISSED:
            self.add("trigger.config.missed", "invalid_schedule", f"Choose one of {', '.join(MISSED)}.")

    def _provider_trigger(self, definition: Definition) -> None:
        part = definition.trigger
        try:
            provider, trigger = self.registry.trigger(part.type)
        except NotFound:
            self.add("trigger.type", "unknown_trigger", f"There is no trigger {part.type!r}.")
            return
        self._connection("trigger", part.connection, provider, trigger.scopes_for(part.config))
        try:
            trigger.config.model_validate(part.config)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False, include_context=False):
                where = ".".join(str(piece) for piece in ("trigger.config", *item["loc"]))
                self.add(where, "invalid_trigger", str(item["msg"]).removeprefix("Value error, "))

    def _connection(self, path: str, reference: str, provider: Provider, scopes: tuple[str, ...]) -> None:
        if not reference:
            self.add(f"{path}.connection", "missing_connection", f"Choose a connection to {provider.name}.")
            return
        connection = find_connection(reference, self.connections)
        if connection is None:
            self.add(f"{path}.connection", "missing_connection", f"There is no connection {reference!r}.")
        elif connection.provider != provider.key:
            self.add(
                f"{path}.connection", "wrong_connection", f"{connection.name} is not a {provider.name} connection."
            )
        else:
            self._condition_of(path, connection, scopes)

    def _condition_of(self, path: str, connection: KnownConnection, scopes: tuple[str, ...]) -> None:
        if connection.status == "disconnected":
            self.add(
                f"{path}.connection", "missing_connection", f"{connection.name} is disconnected. Connect it again."
            )
            return
        if connection.status != "connected":
            message = f"{connection.name} needs attention: runs will wait for it."
            self.add(f"{path}.connection", "connection_not_ready", message, Severity.WARNING)
        oauth = self.registry.get(connection.provider).oauth
        missing = oauth.missing_scopes(scopes, connection.scopes) if oauth else ()
        if missing:
            part = "trigger" if path == "trigger" else "step"
            needed = f"permission{'s' * (len(missing) > 1)} {', '.join(missing)}"
            message = f"{connection.name} needs the {needed} for this {part}."
            lack = Lack(connection.id, missing)
            self.found.append(Problem(f"{path}.connection", "missing_scope", message, Severity.ERROR, lack))

    # --- the steps -----------------------------------------------------------------------------

    def steps(self, prefix: str, steps: tuple[Step, ...], visible: frozenset[str], *, in_loop: bool) -> frozenset[str]:
        """Check a list of steps; return the keys that steps after it may read."""
        for index, step in enumerate(steps):
            path = f"{prefix}.{index}"
            self._condition(f"{path}.when", step.when, visible, in_loop=in_loop)
            visible = self._step(path, step, visible, in_loop=in_loop) | {step.key}
        return visible

    def _step(self, path: str, step: Step, visible: frozenset[str], *, in_loop: bool) -> frozenset[str]:
        if isinstance(step, ActionStep):
            self._action(path, step, visible, in_loop=in_loop)
        elif isinstance(step, DelayStep):
            self._delay(path, step, visible, in_loop=in_loop)
        elif isinstance(step, ConditionStep):
            return self._branches(path, step, visible, in_loop=in_loop)
        elif isinstance(step, ForEachStep):
            self._template(f"{path}.items", step.items, visible, in_loop=in_loop)
            if not step.items:
                self.add(f"{path}.items", "missing_input", "Choose the list to go through.")
            if not step.steps:
                self.add(f"{path}.steps", "no_steps", "Add a step to the loop.", Severity.WARNING)
            self.steps(f"{path}.steps", step.steps, visible, in_loop=True)
        elif isinstance(step, AnswerStep):
            self._answer(path, step, visible, in_loop=in_loop)
        else:
            self._template(f"{path}.message", step.message, visible, in_loop=in_loop)
        return visible

    def _branches(self, path: str, step: ConditionStep, visible: frozenset[str], *, in_loop: bool) -> frozenset[str]:
        after = visible
        if not step.branches:
            self.add(f"{path}.branches", "no_branches", "Add a branch.")
        for index, branch in enumerate(step.branches):
            where = f"{path}.branches.{index}"
            if not branch.otherwise and not branch.when:
                self.add(f"{where}.when", "missing_input", "Say when this branch is taken.")
            self._condition(f"{where}.when", branch.when, visible, in_loop=in_loop)
            after |= self.steps(f"{where}.steps", branch.steps, visible, in_loop=in_loop)
        return after

    def _delay(self, path: str, step: DelayStep, visible: frozenset[str], *, in_loop: bool) -> None:
        if step.seconds is None and not step.until:
            self.add(f"{path}.seconds", "missing_input", "Say how long to wait.")
        if isinstance(step.seconds, int | float) and not 0 <= step.seconds <= MAX_DELAY.total_seconds():
            self.add(f"{path}.seconds", "invalid_delay", "Wait between no time and a year.")
        self._template(f"{path}.seconds", step.seconds, visible, in_loop=in_loop)
        self._template(f"{path}.until", step.until, visible, in_loop=in_loop)

    def _answer(self, path: str, step: AnswerStep, visible: frozenset[str], *, in_loop: bool) -> None:
        for wrong in known_wrongs(step):
            part, _, header = wrong.path.partition(".")
            what = f"The header {header}" if header else f"The {part}"
            self.add(f"{path}.{part}", wrong.code, f"{what} {wrong.message}.")
        for name, raw in (("status", step.status), ("headers", step.headers), ("body", body_tree(step.body))):
            self._template(f"{path}.{name}", raw, visible, in_loop=in_loop)
        if not self._somebody_waits():
            message = "Nobody waits for this answer: let the endpoint of the trigger Webhook wait for it (Settings)."
            self.add(path, "nobody_waits", message, Severity.WARNING)

    def _somebody_waits(self) -> bool:
        trigger = self.definition.trigger
        if trigger.type != WEBHOOK:
            return False
        chosen = trigger.config.get("endpoint")
        found = find_endpoint(chosen, self.endpoints) if chosen and self.endpoints is not None else None
        return found is None or found.answer_seconds > 0

    def _action(self, path: str, step: ActionStep, visible: frozenset[str], *, in_loop: bool) -> None:
        try:
            provider, action = self.registry.action(step.action)
        except NotFound:
            message = f"There is no action {step.action!r}." if step.action else "Choose an action."
            self.add(f"{path}.action", "unknown_action", message)
            self._template(f"{path}.inputs", step.inputs, visible, in_loop=in_loop)
            return
        self._connection(path, step.connection, provider, action.scopes)
        self._inputs(path, step, action, visible, in_loop=in_loop)

    def _inputs(self, path: str, step: ActionStep, action: Action, visible: frozenset[str], *, in_loop: bool) -> None:
        fields = fields_of(action.params)
        for name, known in fields.items():
            if known.required and step.inputs.get(name) in (None, ""):
                self.add(f"{path}.inputs.{name}", "missing_input", f"{known.label} is needed.")
        for name, raw in step.inputs.items():
            place = f"{path}.inputs.{name}"
            if name not in fields:
                self.add(place, "unknown_input", f"{action.title} takes no {name!r}.")
            read = partial(input_variables, raw, fields.get(name), place)
            self._read(place, read, visible, in_loop=in_loop)
            why = misfit(self.definition, self.registry, raw, fields[name]) if name in fields else ""
            if why:
                self.add(place, "wrong_kind", f"{fields[name].label} {why}.", Severity.WARNING)

    # --- templates and what they read ----------------------------------------------------------

    def _condition(self, path: str, text: str | None, visible: frozenset[str], *, in_loop: bool) -> None:
        if text:
            self._read(path, lambda: parse_condition(text).variables(), visible, in_loop=in_loop)

    def _template(self, path: str, raw: object, visible: frozenset[str], *, in_loop: bool) -> None:
        self._read(path, lambda: input_variables(raw, None, path), visible, in_loop=in_loop)

    def _read(
        self, path: str, variables: Callable[[], list[Segments]], visible: frozenset[str], *, in_loop: bool
    ) -> None:
        try:
            read = variables()
        except InvalidInput as error:
            for place, why in error.fields.items():
                self.add(place if place.startswith(path) else path, "template_invalid", why)
            return
        for segments in read:
            why = _unknown(segments, visible, in_loop=in_loop)
            if why:
                self.add(path, "unknown_variable", why)


def _unknown(segments: Segments, visible: frozenset[str], *, in_loop: bool) -> str:
    """Why a path cannot exist; empty when it may."""
    top, rest = segments[0], segments[1:]
    if top == "trigger" or (top == "item" and in_loop):
        return ""
    if top == "item":
        return "item exists only inside a loop."
    if top in _FIXED:
        allowed = _FIXED[str(top)]
        return "" if rest and rest[0] in allowed else f"{top} has only {', '.join(sorted(allowed))}."
    if top != "steps":
        return f"There is no variable {top!r}."
    if rest and rest[0] not in visible:
        return f"There is no step {rest[0]!r} before this one."
    if len(rest) > 1 and rest[1] not in _STEP_PARTS:
        return f"A step has output, ok and error, not {rest[1]!r}."
    return ""
