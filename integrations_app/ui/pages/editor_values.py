"""What stands in a field of the editor, and the value it means in the definition: text there, JSON here."""

from collections.abc import Mapping
from typing import Any

import orjson

from integrations_app.errors import InvalidInput
from integrations_app.sdk.forms import Field, Widget
from integrations_app.ui.pages.editor_document import Document, set_branch, set_config, set_input, set_step
from integrations_app.workflows.definition import MAX_ITEMS, Retry
from integrations_app.workflows.editing.commands import Batch, Command, setting

_OPEN = "{{"
TIMEOUT, ATTEMPTS, ITEMS = (1, 600), (1, 20), (1, MAX_ITEMS)
MESSAGE = "message"
"""What a stop says with the run."""
BRANCH = "branch-"
"""Before the number of a branch, in the name of the field that holds its condition."""
ANSWER_BODY, ANSWER_HEADERS = Field("body", "Body", Widget.JSON), Field("headers", "Headers", Widget.PAIRS)
ANSWER_FIELDS = {
    "status": Field("status", "Status", Widget.NUMBER, type="integer"),
    "headers": ANSWER_HEADERS,
    "body": ANSWER_BODY,
}
"""Of a step that answers the sender."""
RETRY_SECONDS = {"delay_seconds": (0, 3600), "max_delay_seconds": (0, 86400)}
RETRY_SWITCHES = frozenset({"jitter", "honour_retry_after", "count_rate_limits", "at_least_once"})


def has_variable(text: str) -> bool:
    """Whether the text is, or holds, a variable."""
    return _OPEN in text


def shown(field: Field, value: Any) -> str:
    """The text of a value: lists a line each, pairs as `name: value`, trees as indented JSON."""
    if value is None:
        return field.default if field.widget not in {Widget.LIST, Widget.PAIRS} else _default_lines(field)
    if isinstance(value, str):
        return value
    if field.widget == Widget.LIST and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if field.widget == Widget.PAIRS and isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        return "\n".join(f"{name}: {text}" for name, text in value.items())
    if isinstance(value, list | dict):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return orjson.dumps(value).decode()


def meant(field: Field, text: str) -> Any:
    """The value of a text; None when the field was left empty. InvalidInput `{field.name: why}`."""
    if text.strip() == "":
        return None
    if field.widget == Widget.LIST:
        return _lines(text)
    if field.widget == Widget.PAIRS:
        return _pairs(field, text)
    if field.widget == Widget.JSON:
        return _tree(text)
    if field.widget == Widget.CHECKBOX and text in {"true", "false"}:
        return text == "true"
    if field.type in {"integer", "number"} and not has_variable(text):
        return _number(field.name, text, whole=field.type == "integer")
    return text


def set_option(document: Document, key: str, name: str, text: str) -> Command:
    """Set what every step has beside its inputs. InvalidInput `{name: why}` for a number that is none."""
    value = text.strip()
    if name.startswith(BRANCH):
        return set_branch(document, key, int(name.removeprefix(BRANCH)), value)
    if name == "timeout_seconds":
        return set_step(document, key, name, _bounded(name, value, *TIMEOUT))
    if name == "max_items":
        return set_step(document, key, name, _bounded(name, value, *ITEMS, whole=True))
    if name in {"attempts", "backoff", *RETRY_SECONDS, *RETRY_SWITCHES}:
        part = _retry_value(name, value)
        return setting(document, key, ("retry", name), *([] if part is None else [part]))
    if name in ANSWER_FIELDS:
        return set_step(document, key, name, meant(ANSWER_FIELDS[name], text))
    if name == "seconds" and value and not has_variable(value):
        seconds = set_step(document, key, name, _number(name, value))
        return Batch(commands=[set_step(document, key, "until", None), seconds])
    kept = text if name == MESSAGE and value else value  # a space at its end may stand before a variable to come
    return set_step(document, key, name, kept or None)


def _retry_value(name: str, value: str) -> Any:
    """A part of the retry rule; None for what was left empty or is the usual."""
    if name == "attempts":
        return _bounded(name, value, *ATTEMPTS, whole=True)
    if name in RETRY_SECONDS:
        return _bounded(name, value, *RETRY_SECONDS[name])
    if name in RETRY_SWITCHES:
        usual, switched = Retry.model_fields[name].default, value == "true"
        return None if switched is usual else switched
    return None if value == "exponential" else value or None


def set_field(document: Document, key: str, field: Field, text: str) -> Command:
    """Set one input of a step. InvalidInput `{field.name: why}`."""
    return set_input(document, key, field.name, meant(field, text))


def set_trigger_field(document: Document, field: Field, text: str) -> Command:
    """Set one setting of the trigger; a list may be set to empty, which is not its default."""
    value = meant(field, text)
    if value is None and field.widget == Widget.LIST:
        value = []
    elif isinstance(value, str) and field.widget == Widget.LIST:
        value = [value]
    return set_config(document, field.name, value)


def missing_dependencies(field: Field, inputs: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Why a picker cannot be asked yet; empty when it can."""
    for name in field.depends_on:
        if has_variable(str(inputs.get(name, ""))):
            return f"{labels.get(name, name)} is a variable, so the list cannot be loaded. Type a value or a variable."
    return ""


def _default_lines(field: Field) -> str:
    value = orjson.loads(field.default) if field.default else None
    return "" if value is None else shown(field, value)


def _lines(text: str) -> Any:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    is_variable = len(lines) == 1 and lines[0].startswith(_OPEN) and lines[0].endswith("}}")
    if is_variable or lines[0].startswith("["):
        return text.strip()
    return lines


def _pairs(field: Field, text: str) -> Any:
    if text.lstrip().startswith("{"):
        return text.strip()
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if line.strip() and not (colon and name.strip()):
            raise InvalidInput({field.name: f"Write each line as name: value. This one is not: {line.strip()[:40]}"})
        if line.strip():
            pairs[name.strip()] = value.strip()
    return pairs


def _tree(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if isinstance(value, str) else value


def _number(name: str, text: str, *, whole: bool = False) -> int | float:
    try:
        return int(text) if whole else float(text) if "." in text else int(text)
    except ValueError:
        kind = "whole number" if whole else "number"
        raise InvalidInput({name: f"Write a {kind}, or insert a variable."}) from None


def _bounded(name: str, text: str, low: int, high: int, *, whole: bool = False) -> int | float | None:
    if not text:
        return None
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise InvalidInput({name: f"Write a number from {low} to {high}."})
    return int(value) if value == int(value) else value
