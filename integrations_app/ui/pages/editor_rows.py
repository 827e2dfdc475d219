"""What the outline of the editor shows: trigger, steps and problems as small frozen rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from integrations_app.errors import NotFound
from integrations_app.sdk.registry import Registry
from integrations_app.ui.pages.editor_document import TRIGGER, Document, Step, owner_of
from integrations_app.ui.pages.integrations_rows import LOGO
from integrations_app.workflows.definition import MANUAL, SCHEDULE, WEBHOOK
from integrations_app.workflows.editing import tree
from integrations_app.workflows.problems import Problem, Severity
from integrations_app.workflows.views import RunRow

BUILT_IN_TRIGGERS = {MANUAL: "Manually", WEBHOOK: "Webhook", SCHEDULE: "On a schedule"}
KINDS = {
    "action": "Action",
    "condition": "Condition",
    "for_each": "For each",
    "delay": "Delay",
    "stop": "Stop",
    "respond_to_webhook": "Answer the webhook",
}
OWN_STEPS = ("condition", "for_each", "delay", "stop", "respond_to_webhook")
RUN_WORDS = {
    "queued": "Waiting to start…",
    "running": "Running…",
    "waiting": "Waiting to go on…",
    "held": "Held",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
ORIGIN_WORDS = {"event": "Started by an event", "schedule": "Started by the schedule"}
RunAge = tuple[datetime, str]
HELD_WORDS = {
    "needs_reauth": "a connection must be connected again",
    "paused": "the workflow or a connection is paused",
    "outcome_unknown": "nobody knows whether the last call took effect; decide on the run's page",
}


SHORT = 0.1
"""Seconds below which a duration is said in milliseconds."""


@dataclass(frozen=True)
class StepLine:
    """One item of the outline."""

    key: str
    title: str
    detail: str
    kind: str
    logo: str = ""
    problems: int = 0
    depth: int = 0
    """How many steps it stands in."""
    heading: bool = False
    """Not a step: the beginning of a branch or a loop, to which steps can be added."""
    branch: int = -1
    """Which branch of the step `key` a heading begins; -1 for a loop."""
    first: bool = False
    last: bool = False


@dataclass(frozen=True)
class ProblemLine:
    """One problem, and where to go to mend it."""

    step: str
    field: str
    where: str
    message: str
    is_error: bool
    target: str = ""
    """The id of the field that it is about."""
    scopes: tuple[str, ...] = ()
    """Permissions whose consent mends it."""


@dataclass(frozen=True)
class PickerItem:
    """One kind of step that can be added."""

    value: str
    title: str
    hint: str
    group: str
    logo: str = ""


def outline(document: Document, registry: Registry, found: Iterable[Problem]) -> list[StepLine]:
    """The trigger, then every step, with a heading before what stands in a branch or a loop."""
    counts: dict[str, int] = {}
    for problem in found:
        owner = owner_of(document, problem.path)[0]
        counts[owner] = counts.get(owner, 0) + 1
    steps = document.get("steps") or []
    lines = [_trigger_line(document, registry, counts.get(TRIGGER, 0)), *_lines(steps, registry, counts, 0)]
    keys = [line.key for line in lines if line.key != TRIGGER and not line.heading and line.depth == 0]
    if not keys:
        return lines
    return [
        replace(one, first=one.key == keys[0], last=one.key == keys[-1]) if one.depth == 0 else one for one in lines
    ]


def _lines(steps: list[Step], registry: Registry, counts: Mapping[str, int], depth: int) -> Iterator[StepLine]:
    for step in steps:
        yield _step_line(step, registry, counts.get(step["key"], 0), depth)
        for branch, inside in tree.lists_in(step):
            yield _heading(step, branch, depth + 1)
            yield from _lines(inside, registry, counts, depth + 1)


def _heading(step: Step, branch: int | None, depth: int) -> StepLine:
    if branch is None:
        return StepLine(step["key"], "For each item", "", "heading", depth=depth, heading=True)
    way = step["branches"][branch]
    when = way.get("when") or "…"
    title = "Otherwise" if way.get("else") else f"{'If' if branch == 0 else 'Else if'} {when}"
    return StepLine(step["key"], title, "", "heading", depth=depth, heading=True, branch=branch)


def _trigger_line(document: Document, registry: Registry, problems: int) -> StepLine:
    kind = document["trigger"]["type"]
    logo = _logo(kind) if kind not in BUILT_IN_TRIGGERS else ""
    return StepLine(TRIGGER, trigger_words(kind, registry), "Trigger", kind, logo, problems)


def _logo(reference: str) -> str:
    """The logo of what `reference` belongs to; empty before anything is chosen."""
    provider = reference.partition(".")[0]
    return LOGO.format(provider) if provider else ""


def _step_line(step: Step, registry: Registry, problems: int, depth: int) -> StepLine:
    kind = str(step["type"])
    title = step.get("name") or action_words(step, registry)
    logo = _logo(str(step.get("action", ""))) if kind == "action" else ""
    return StepLine(step["key"], title, step["key"], kind, logo, problems, depth)


def trigger_words(kind: str, registry: Registry) -> str:
    """A trigger in words: `Manually`, or the vendor and what happens there."""
    if kind in BUILT_IN_TRIGGERS:
        return BUILT_IN_TRIGGERS[kind]
    try:
        provider, trigger = registry.trigger(kind)
    except NotFound:
        return f"Unknown trigger {kind}"
    return f"{provider.name}: {trigger.title}"


def action_words(step: Step, registry: Registry) -> str:
    """What a step does, when nobody named it."""
    if step["type"] != "action":
        return KINDS[step["type"]]
    try:
        return registry.action(step.get("action", ""))[1].title
    except NotFound:
        return f"Unknown action {step.get('action', '')}".strip()


def problem_lines(document: Document, registry: Registry, found: Iterable[Problem]) -> list[ProblemLine]:
    """Every problem with the step it belongs to in words, errors first."""
    names = {line.key: line.title for line in outline(document, registry, ()) if not line.heading}
    lines = []
    for problem in found:
        owner, within = owner_of(document, problem.path)
        error = problem.severity is Severity.ERROR
        scopes = problem.lack.scopes if problem.lack else ()
        where, target = names.get(owner, "Workflow"), target_of(owner, within)
        lines.append(ProblemLine(owner, within, where, _told(problem), error, target, scopes))
    return sorted(lines, key=lambda line: not line.is_error)


def target_of(owner: str, within: str) -> str:
    """The id of the control at a place of a step, or of the trigger; empty for what has none of its own."""
    first, *rest = within.split(".")
    if first == "connection":
        return "step-connection"
    if first in {"action", "type"}:
        return "trigger-type" if owner == TRIGGER else "step-action"
    if first in {"inputs", "config", "retry"} and rest:
        return f"{owner}-own-{rest[0]}" if first == "retry" else f"{owner}-{rest[0]}"
    if first == "branches" and rest:
        return f"{owner}-own-branch-{rest[0]}"
    return f"{owner}-own-{first}" if first and owner else ""


def _told(problem: Problem) -> str:
    """A problem as a sentence: what the models' own validation says lacks the name of the field."""
    if problem.code != "invalid_trigger":
        return problem.message
    label = problem.path.rpartition(".")[2].replace("_", " ").capitalize()
    return f"{label} is needed." if problem.message == "Field required" else f"{label}: {problem.message}."


def picker_items(registry: Registry) -> list[PickerItem]:
    """Every action of every provider, then the steps of our own."""
    items = [
        PickerItem(
            f"{provider.key}.{action.key}",
            action.title,
            _first_sentence(action.description),
            provider.name,
            LOGO.format(provider.key),
        )
        for provider in registry
        for action in provider.actions
    ]
    return [
        *items,
        PickerItem("condition", "Condition", "Go one way or another", "Built in"),
        PickerItem("for_each", "For each", "Do the same with every item of a list", "Built in"),
        PickerItem("delay", "Delay", "Wait some seconds before the next step", "Built in"),
        PickerItem("stop", "Stop", "End the run here", "Built in"),
        PickerItem("respond_to_webhook", "Answer the webhook", "Say something to the sender that waits", "Built in"),
    ]


def _first_sentence(text: str) -> str:
    sentence = " ".join(text.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")
    return sentence.replace("`", "")


def age_of(row: RunRow) -> RunAge:
    """What a younger run has more of: when it was made, then its id, as lists of runs are ordered."""
    return row.created_at, row.id


def origin_words(row: RunRow) -> str:
    """How a run began that nobody started in this tab."""
    words = ORIGIN_WORDS.get(row.trigger_type, "Started elsewhere")
    return words if row.version is None else f"{words} · version {row.version}"


def run_words(row: RunRow) -> str:
    """Where a run stands, in words: with its duration, or with what went wrong."""
    words = RUN_WORDS.get(row.status, row.status)
    if row.status == "succeeded" and row.started_at and row.ended_at:
        seconds = (row.ended_at - row.started_at).total_seconds()
        return f"{words} in {seconds:.1f} s" if seconds >= SHORT else f"{words} in {seconds * 1000:.0f} ms"
    if row.status == "failed":
        return f"{words}: {row.error_message or row.error_code}"
    if row.status == "held":
        return f"{words}: {HELD_WORDS.get(row.reason, row.reason)}"
    return words
