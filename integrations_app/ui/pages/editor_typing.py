"""What was typed into a field of the editor, as an edit; and whether a picker can be asked for it."""

from typing import Any

from integrations_app.errors import NotFound
from integrations_app.sdk.forms import Field, form_fields
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import TRIGGER, Document, step_of
from integrations_app.ui.pages.editor_panel_rows import OWN, Panel
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS
from integrations_app.ui.pages.editor_schedule import SCHEDULE_FIELDS
from integrations_app.ui.pages.editor_values import (
    missing_dependencies,
    set_field,
    set_option,
    set_trigger_field,
    shown,
)
from integrations_app.workflows.definition import SCHEDULE
from integrations_app.workflows.editing.commands import Command, SetPart


def typed(document: Document, key: str, name: str, text: str, seen: str | None = None) -> Command | None:
    """The edit that puts what was typed where it belongs; None when its place is gone.

    `seen` is what stood in the field when somebody began to write there, when that may be something else by now.
    InvalidInput `{name: why}` when it cannot stand there.
    """
    command = _typed(document, key, name, text)
    if seen is None or seen == _standing(document, key, name):
        return command
    return as_seen(command, _typed(document, key, name, seen))


def as_seen(command: Command | None, before: Command | None) -> Command | None:
    """The edit as of somebody who saw in the field what `before` would put there."""
    if isinstance(command, SetPart) and isinstance(before, SetPart):
        return command.model_copy(update={"was": before.to})
    return command


def _typed(document: Document, key: str, name: str, text: str) -> Command | None:
    if key == TRIGGER:
        return set_trigger_field(document, _trigger_field(str(document["trigger"]["type"]), name), text)
    step = step_of(document, key)
    if step is None:
        return None
    if name.startswith(OWN):
        return set_option(document, key, name.removeprefix(OWN), text)
    found = action_field(str(step.get("action", "")), name)
    return set_field(document, key, found, text) if found else None


def _standing(document: Document, key: str, name: str) -> str | None:
    """The text that stands in the field of a parameter or a setting; a default stands there when nothing is set."""
    if key == TRIGGER:
        known: Field | None = _trigger_field(str(document["trigger"]["type"]), name)
    else:
        known = action_field(str((step_of(document, key) or {}).get("action", "")), name)
    return shown(known, inputs_of(document, key).get(name)) if known else None


def action_field(reference: str, name: str) -> Field | None:
    """The field of an action's parameter; None when there is none."""
    try:
        _, action = hub().registry.action(reference)
    except NotFound:
        return None
    return next((one for one in form_fields(action.params) if one.name == name), None)


def _trigger_field(kind: str, name: str) -> Field:
    plain = Field(name, name, "text")
    if kind == SCHEDULE:
        return next((one for one in SCHEDULE_FIELDS if one.name == name), plain)
    if kind in BUILT_IN_TRIGGERS:
        return plain
    _, trigger = hub().registry.trigger(kind)
    return next((one for one in form_fields(trigger.config) if one.name == name), plain)


def inputs_of(document: Document, key: str) -> dict[str, Any]:
    """What is set so far of the step, or of the trigger."""
    if key == TRIGGER:
        return dict(document["trigger"].get("config") or {})
    return dict((step_of(document, key) or {}).get("inputs") or {})


def not_askable(panel: Panel, document: Document, name: str) -> str:
    """Why a picker cannot be filled now; empty when it can."""
    if not panel.connection:
        return f"Choose a connection to {panel.provider_name} to load the list."
    labels = {one.name: one.label for one in panel.every_field()}
    if panel.key == TRIGGER:
        known: Field | None = _trigger_field(panel.choice, name)
    else:
        known = action_field(panel.choice, name)
    return missing_dependencies(known, inputs_of(document, panel.key), labels) if known else ""
