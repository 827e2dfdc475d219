"""What the panel of the editor shows of one step or of the trigger: choices, fields and their errors."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel

from integrations_app.connections.views import ConnectionView
from integrations_app.errors import NotFound
from integrations_app.sdk.actions import Effect
from integrations_app.sdk.forms import Choice, Field, Widget, form_fields
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import Registry
from integrations_app.ui.components.condition_input import ConditionRow
from integrations_app.ui.pages.connection_rows import SAFETY
from integrations_app.ui.pages.editor_document import TRIGGER, Document, Step, step_of
from integrations_app.ui.pages.editor_panel_rows import OWN, Panel, StepField, grouped
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS, ProblemLine, action_words, trigger_words
from integrations_app.ui.pages.editor_schedule import SCHEDULE_FIELDS, next_times
from integrations_app.ui.pages.editor_values import ANSWER_BODY, ANSWER_HEADERS, BRANCH, has_variable, shown
from integrations_app.ui.pages.integrations_rows import LOGO, WORDS, authorize_url
from integrations_app.workflows.condition_rows import rows_of
from integrations_app.workflows.definition import MAX_ITEMS, SCHEDULE, WEBHOOK, Retry
from integrations_app.workflows.endpoints import EndpointRow

CONNECT_NEW = "connect-new"
"""Value of the option that connects another account instead of choosing one."""
TEST_WARNINGS = {
    Effect.READ: "Asks {} now, with the data of the last run or with example data. It changes nothing there.",
    Effect.WRITE: "This really calls {} now, with the data of the last run or with example data: what it does stays.",
    Effect.DESTRUCTIVE: "This really calls {} now, with the data of the last run or with example data: what it takes "
    "away there is gone.",
}
BACKOFF = (Choice("exponential", "Longer each time"), Choice("fixed", "Always the same"))
ON_ERROR = (Choice("stop", "Stop the run"), Choice("continue", "Go on with the next step"))
OUTCOMES = (Choice("succeeded", "Succeeded"), Choice("failed", "Failed"))
MULTILINE = {Widget.MULTILINE, Widget.JSON, Widget.PAIRS, Widget.LIST}
HINTS = {Widget.PAIRS: "One a line, as name: value.", Widget.LIST: "One a line."}
BODY_HINT = (
    "JSON or text, at most 256 KiB. The first answer of all workflows that listen reaches the sender, while it waits."
)


@dataclass(frozen=True)
class Surroundings:
    """What a panel is drawn from, beside the document."""

    registry: Registry
    connections: Sequence[ConnectionView] = ()
    endpoints: Sequence[EndpointRow] = ()
    problems: Sequence[ProblemLine] = ()
    show_missing: bool = False
    """Say at each empty field that it is needed; not while somebody is still filling them in."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Why something typed into the selected step was refused, by field name."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What was typed there and is not stored, by field name."""
    now: datetime | None = None
    """For the times at which a schedule comes next; none are shown without it."""


def panel_of(document: Document, key: str, around: Surroundings) -> Panel:
    """The panel of a step, or of the trigger."""
    if key == TRIGGER:
        return _trigger_panel(document, around)
    step = step_of(document, key)
    if step is None:
        return Panel()
    kind = str(step["type"])
    title = action_words(step, around.registry)
    if kind == "action":
        return _action_panel(step, around)
    own = OWN_FIELDS[kind](step, around)
    return Panel(kind, key, title, name=step.get("name", ""), fields=own, options=_options(step, around)[:1])


def _condition_fields(step: Step, around: Surroundings) -> list[StepField]:
    return [
        _condition(around, step["key"], f"{BRANCH}{number}", "If" if number == 0 else "Else if", branch, required=True)
        for number, branch in enumerate(step.get("branches") or [])
        if not branch.get("else")
    ]


def _condition(
    around: Surroundings, key: str, name: str, label: str, part: Mapping[str, Any], *, required: bool
) -> StepField:
    """The condition in `part`, a branch or a step, as rows where they can say it."""
    drawn = _plain(around, key, name, label, part.get("when") or "")
    rows = rows_of(drawn.value)
    shown_rows = [ConditionRow(one.left, one.operator, one.right, one.join, one.group) for one in rows or ()]
    return replace(
        drawn,
        control="condition",
        required=required,
        mapped=True,
        placeholder="trigger.action == 'opened'",
        conditions=shown_rows,
        sayable=rows is not None,
    )


def _for_each_fields(step: Step, around: Surroundings) -> list[StepField]:
    key, items, most = step["key"], step.get("items") or "", step.get("max_items")
    text = items if isinstance(items, str) else orjson.dumps(items).decode()
    listed = _plain(around, key, "items", "Items", text, "A list: insert a variable. A step inside reads each as item.")
    bound = _plain(around, key, "max_items", "At most", str(most or ""), f"{MAX_ITEMS:,} items when empty.")
    return [replace(listed, mapped=True, required=True), bound]


def _delay_fields(step: Step, around: Surroundings) -> list[StepField]:
    key, until, seconds = step["key"], step.get("until"), step.get("seconds")
    if until:
        field_ = _plain(around, key, "until", "Until", str(until), "A time; a variable may stand here.")
    else:
        text = "" if seconds is None else f"{seconds:g}" if isinstance(seconds, int | float) else str(seconds)
        field_ = _plain(around, key, "seconds", "Seconds", text, "How long to wait; a variable may stand here.")
    return [replace(field_, mapped=True, required=True)]


def _stop_fields(step: Step, around: Surroundings) -> list[StepField]:
    key = step["key"]
    outcome = _plain(around, key, "outcome", "The run has", step.get("outcome", "succeeded"))
    message = _plain(around, key, "message", "Message", step.get("message", ""), "Shown with the run.")
    return [replace(outcome, control="select", options=list(OUTCOMES)), replace(message, mapped=True)]


def _answer_fields(step: Step, around: Surroundings) -> list[StepField]:
    key = step["key"]
    code = str(step.get("status", 200))
    status = _plain(around, key, "status", "Status", code, "200 to 599; a variable may stand here.")
    lines = shown(ANSWER_HEADERS, step.get("headers") or {})
    note = f"Content-Type, and your own (X-…). {HINTS[Widget.PAIRS]}"
    headers = _plain(around, key, "headers", "Headers", lines, note)
    body = _plain(around, key, "body", "Body", shown(ANSWER_BODY, step.get("body", "")), BODY_HINT)
    return [
        replace(status, mapped=True),
        replace(headers, control="multiline", rows=3, mapped=True, suffix=": "),
        replace(body, control="multiline", rows=6, mapped=True),
    ]


def _action_panel(step: Step, around: Surroundings) -> Panel:
    key, reference = step["key"], str(step.get("action", ""))
    base = Panel("action", key, action_words(step, around.registry), name=step.get("name", ""), choice=reference)
    try:
        provider, action = around.registry.action(reference)
    except NotFound:
        return replace(base, choice_error=error_at(around, key, "action"))
    inputs: Mapping[str, Any] = step.get("inputs") or {}
    base = _with_connection(base, provider, step.get("connection", ""), around)
    fields, groups = grouped(parameter_fields(action.params, inputs, around, key, "inputs.", mapped=True))
    return replace(
        base,
        logo=LOGO.format(provider.key),
        description=action.description,
        groups=groups,
        stamp=_stamp(step) if action.preview else "",
        paste_title=action.paste.title if action.paste else "",
        choices=[Choice(f"{provider.key}.{one.key}", one.title) for one in provider.actions],
        choice_error=error_at(around, key, "action"),
        fields=fields,
        options=_options(step, around),
        safety=SAFETY[action.repeat.value],
        test_warning=TEST_WARNINGS[action.effect].format(provider.name),
    )


def _trigger_panel(document: Document, around: Surroundings) -> Panel:
    trigger = document["trigger"]
    kind, config = str(trigger["type"]), trigger.get("config") or {}
    base = Panel(
        TRIGGER,
        TRIGGER,
        trigger_words(kind, around.registry),
        choice=kind,
        choices=trigger_choices(around.registry),
        choice_error=error_at(around, TRIGGER, "type"),
    )
    if kind == WEBHOOK:
        return _webhook_panel(base, config, around)
    if kind == SCHEDULE:
        fields = [
            _field(one, config.get(one.name), around, TRIGGER, "config.", mapped=False) for one in SCHEDULE_FIELDS
        ]
        return replace(base, fields=fields, next_times=next_times(config, around.now) if around.now else [])
    try:
        provider, found = around.registry.trigger(kind)
    except NotFound:
        return base
    base = _with_connection(base, provider, trigger.get("connection", ""), around)
    fields = parameter_fields(found.config, config, around, TRIGGER, "config.", mapped=False)
    return replace(base, logo=LOGO.format(provider.key), description=found.description, fields=fields)


def _webhook_panel(base: Panel, config: Mapping[str, Any], around: Surroundings) -> Panel:
    own = [one for one in around.endpoints if one.connection_id is None]
    chosen = next((one for one in own if one.id == config.get("endpoint")), None)
    field_ = StepField(
        "endpoint",
        "trigger-endpoint",
        "Endpoint",
        "select",
        error=error_at(around, TRIGGER, "config.endpoint"),
        value=chosen.id if chosen else "",
        options=[Choice("", "Choose…"), *(Choice(one.id, one.name) for one in own)],
    )
    return replace(base, fields=[field_], endpoint=True, endpoint_url=chosen.url if chosen else "")


def trigger_choices(registry: Registry) -> list[Choice]:
    """Everything that can start a workflow."""
    built_in = [Choice(kind, words) for kind, words in BUILT_IN_TRIGGERS.items()]
    vendors = [
        Choice(f"{provider.key}.{one.key}", f"{provider.name}: {one.title}")
        for provider in registry
        for one in provider.triggers
    ]
    return [*built_in, *vendors]


def usable(connections: Iterable[ConnectionView], provider: str) -> list[ConnectionView]:
    """The provider's connections that a step may name."""
    return [one for one in connections if one.provider == provider and one.status != "disconnected"]


def only_connection(connections: Iterable[ConnectionView], provider: str) -> str:
    """The connection to choose without asking: the only one, else the default one."""
    found = usable(connections, provider)
    chosen = found[0] if len(found) == 1 else next((one for one in found if one.default), None)
    return chosen.id if chosen else ""


def connected_ids(connections: Iterable[ConnectionView]) -> list[str]:
    """Which connections work."""
    return [one.id for one in connections if one.status == "connected"]


def error_at(around: Surroundings, key: str, place: str) -> str:
    """What is wrong at a place of a step, in words."""
    return next((one.message for one in around.problems if one.step == key and one.field == place), "")


def _with_connection(panel: Panel, provider: Provider, chosen: str, around: Surroundings) -> Panel:
    offered = usable(around.connections, provider.key)
    known = {one.id for one in offered}
    options = [Choice(one.id, f"{one.name} — {WORDS[one.status]}") for one in offered]
    if chosen and chosen not in known:
        options.insert(0, Choice(chosen, "No longer there"))
    error = error_at(around, panel.key, "connection")
    lacking = _lacking(around, panel.key)
    by_consent = any(one.id == chosen and one.auth_kind == "oauth2" for one in offered)
    allow_url = authorize_url(provider.key, mode="popup", connection=chosen, scopes=lacking)
    return replace(
        panel,
        provider=provider.key,
        provider_name=provider.name,
        needs_connection=True,
        oauth=provider.oauth is not None,
        connect_url=authorize_url(provider.key, mode="popup"),
        connection=chosen,
        connections=[Choice("", "Choose…"), *options, Choice(CONNECT_NEW, "Connect new…")],
        connection_error=error if chosen or around.show_missing else "",
        lacks=bool(lacking),
        allow_url=allow_url if lacking and by_consent else "",
    )


def _lacking(around: Surroundings, key: str) -> tuple[str, ...]:
    """The permissions that the step's connection lacks for it."""
    mine = (one.scopes for one in around.problems if one.step == key and one.field == "connection")
    return next((scopes for scopes in mine if scopes), ())


def _stamp(step: Step) -> str:
    """Another one whenever the step's request may be another."""
    made_of = {name: step.get(name) for name in ("key", "action", "connection", "inputs")}
    return hashlib.sha256(orjson.dumps(made_of, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def parameter_fields(
    model: type[BaseModel], values: Mapping[str, Any], around: Surroundings, key: str, prefix: str, *, mapped: bool
) -> list[StepField]:
    """The fields of a model that are wanted with these values, and what is wrong in them."""
    drawn = []
    for one in form_fields(model):
        other, wanted = one.show_when
        if other and str(values.get(other, model.model_fields[other].default)) != wanted:
            continue
        drawn.append(_field(one, values.get(one.name), around, key, prefix, mapped=mapped))
    return drawn


def _field(one: Field, value: Any, around: Surroundings, key: str, prefix: str, *, mapped: bool) -> StepField:
    text = around.typed.get(one.name, shown(one, value))
    control = "multiline" if one.widget in MULTILINE else "text"
    if one.widget in {Widget.SELECT, Widget.CHECKBOX} and not has_variable(text):
        control = str(one.widget)
    place = f"{prefix}{one.name}"
    said = error_at(around, key, place) if text or around.show_missing else ""
    return StepField(
        name=one.name,
        identifier=f"{key}-{one.name}",
        label=one.label,
        control=control,
        help=" ".join(part for part in (one.help, HINTS.get(Widget(one.widget), "")) if part),
        error=around.errors.get(one.name) or said,
        required=one.required,
        value=text,
        rows=max(one.rows, 3 if control == "multiline" else 1),
        placeholder=one.placeholder,
        options=[*([] if one.default else [Choice("", "Choose…")]), *one.options] if control == "select" else [],
        mapped=mapped,
        picker=one.picker,
        suffix=": " if one.widget == Widget.PAIRS else "",
        group=one.group,
    )


def _plain(around: Surroundings, key: str, name: str, label: str, value: str, note: str = "") -> StepField:
    place = f"branches.{name.removeprefix(BRANCH)}.when" if name.startswith(BRANCH) else name
    error = around.errors.get(OWN + name) or error_at(around, key, place)
    text = around.typed.get(OWN + name, value)
    return StepField(OWN + name, f"{key}-own-{name}", label, help=note, error=error, value=text)


OWN_FIELDS = {
    "condition": _condition_fields,
    "for_each": _for_each_fields,
    "delay": _delay_fields,
    "stop": _stop_fields,
    "respond_to_webhook": _answer_fields,
}
"""What the panel asks of our own kinds of steps."""


def _options(step: Step, around: Surroundings) -> list[StepField]:
    """What every step has beside its inputs; only the first is for steps that call nothing."""
    key, retry = step["key"], step.get("retry") or {}
    on_error = _plain(around, key, "on_error", "On error", step.get("on_error", "stop"))
    timeout, attempts = step.get("timeout_seconds"), retry.get("attempts")
    return [
        _condition(around, key, "when", "Only if", step, required=False),
        _plain(
            around, key, "timeout_seconds", "Timeout (seconds)", f"{timeout:g}" if timeout else "", "30 when empty."
        ),
        _plain(around, key, "attempts", "Attempts", str(attempts or ""), "4 when empty."),
        *_retry_options(retry, key, around),
        replace(on_error, control="select", options=list(ON_ERROR)),
    ]


def _retry_options(retry: Mapping[str, Any], key: str, around: Surroundings) -> list[StepField]:
    """How long is waited between attempts, and what counts as one."""

    def number(name: str, label: str, note: str) -> StepField:
        value = retry.get(name)
        return _plain(around, key, name, label, "" if value is None else f"{value:g}", note)

    def switch(name: str, label: str, note: str) -> StepField:
        on = retry.get(name, Retry.model_fields[name].default)
        return replace(_plain(around, key, name, label, "true" if on else "false", note), control="checkbox")

    backoff = _plain(around, key, "backoff", "Wait between attempts", str(retry.get("backoff", "exponential")))
    return [
        replace(backoff, control="select", options=list(BACKOFF)),
        number("delay_seconds", "First wait (seconds)", "1 when empty."),
        number("max_delay_seconds", "Longest wait (seconds)", "60 when empty."),
        switch("jitter", "Spread the waits", "Between half and all of the time."),
        switch("honour_retry_after", "Wait as long as Retry-After asks", "At most an hour."),
        switch("count_rate_limits", "Count a rate limit as an attempt", "Otherwise it is waited for, up to a day."),
        switch("at_least_once", "Repeat when nobody can tell whether it took effect", "It may then happen twice."),
    ]
