"""Edits of a workflow's definition as pure functions: the JSON goes in, a changed copy comes out."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = dict[str, Any]
Step = dict[str, Any]

TRIGGER = "trigger"
"""Stands for the trigger where a step's key is asked for."""
KEY_LENGTH = 64
NAME_LENGTH = 200
EDITABLE = frozenset({"action", "delay", "stop"})
"""Kinds of steps that this editor changes; the others are shown and kept as they are."""
_STEP_PATH = re.compile(r"steps\.(\d+)(?:\.(.*))?$")


def steps_of(document: Document) -> list[Step]:
    """The steps of the top level."""
    steps: list[Step] = document.get("steps") or []
    return steps


def place_of(document: Document, key: str) -> int:
    """Where the step stands among those of the top level; -1 when it is not there."""
    return next((index for index, step in enumerate(steps_of(document)) if step["key"] == key), -1)


def step_of(document: Document, key: str) -> Step | None:
    """The step of the top level with that key."""
    place = place_of(document, key)
    return steps_of(document)[place] if place >= 0 else None


def keys_in(steps: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Every key of the steps and of what is nested in them."""
    for step in steps:
        yield str(step["key"])
        yield from keys_in(step.get("steps") or ())
        for branch in step.get("branches") or ():
            yield from keys_in(branch.get("steps") or ())


def free_key(document: Document, wanted: str) -> str:
    """`wanted` as a key that no step has yet: `send_message`, `send_message_2`."""
    plain = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_").lower()[: KEY_LENGTH - 5] or "step"
    plain = f"step_{plain}" if plain[0].isdigit() else plain
    taken = set(keys_in(steps_of(document)))
    if plain not in taken:
        return plain
    number = next(number for number in range(2, len(taken) + 3) if f"{plain}_{number}" not in taken)
    return f"{plain}_{number}"


def action_step(document: Document, action: str, title: str, connection: str = "") -> Step:
    """A new step for `provider.action` with a readable key and the action's title as its name."""
    step: Step = {"key": free_key(document, action.partition(".")[2]), "name": title[:NAME_LENGTH], "type": "action"}
    step["action"] = action
    return step | ({"connection": connection} if connection else {})


def delay_step(document: Document) -> Step:
    """A new step that waits a minute."""
    return {"key": free_key(document, "wait"), "name": "Wait", "type": "delay", "seconds": 60}


def stop_step(document: Document) -> Step:
    """A new step that ends the run well."""
    return {"key": free_key(document, "stop"), "name": "Stop", "type": "stop"}


def with_step_added(document: Document, step: Step, after: str = "") -> Document:
    """Put a new step behind the one with the key `after`, else at the end."""
    changed = copy.deepcopy(document)
    steps = changed.setdefault("steps", [])
    place = 0 if after == TRIGGER else place_of(changed, after) + 1 or len(steps)
    steps.insert(place, copy.deepcopy(step))
    return changed


def with_step_moved(document: Document, key: str, by: int) -> Document:
    """Move a step up (-1) or down (1); at the end of the list it stays."""
    changed = copy.deepcopy(document)
    steps, place = steps_of(changed), place_of(changed, key)
    if place >= 0 and 0 <= place + by < len(steps):
        steps.insert(place + by, steps.pop(place))
    return changed


def with_step_copied(document: Document, key: str) -> tuple[Document, str]:
    """Put a copy of the step behind it; returns the copy's key, empty when the step cannot be copied here."""
    step = step_of(document, key)
    if step is None or step["type"] not in EDITABLE:
        return document, ""
    made = copy.deepcopy(step)
    made["key"] = free_key(document, re.sub(r"_\d+$", "", key))
    if made.get("name"):
        made["name"] = f"{made['name'][: NAME_LENGTH - 7]} (copy)"
    return with_step_added(document, made, key), made["key"]


def with_step_removed(document: Document, key: str) -> Document:
    """Leave the step out."""
    changed = copy.deepcopy(document)
    changed["steps"] = [step for step in steps_of(changed) if step["key"] != key]
    return changed


def with_step_set(document: Document, key: str, **values: Any) -> Document:
    """Set parts of a step; None takes a part away."""
    changed = copy.deepcopy(document)
    step = step_of(changed, key)
    if step is not None:
        _set(step, values)
    return changed


def with_action(
    document: Document, key: str, action: str, titles: tuple[str, str], parameters: Iterable[str]
) -> Document:
    """Let the step call another action; `titles` are those of the former and the new one.

    Inputs that the new one also takes stay; a name that is still the former title follows.
    """
    step = step_of(document, key)
    if step is None:
        return document
    known = set(parameters)
    inputs = {name: value for name, value in (step.get("inputs") or {}).items() if name in known}
    name = step.get("name", "")
    name = titles[1][:NAME_LENGTH] if name in {"", titles[0][:NAME_LENGTH]} else name
    return with_step_set(document, key, action=action, name=name, inputs=inputs or None)


def with_input(document: Document, key: str, name: str, value: Any) -> Document:
    """Set one input of a step; None takes it away."""
    changed = copy.deepcopy(document)
    step = step_of(changed, key)
    if step is not None:
        inputs = step.setdefault("inputs", {})
        _set(inputs, {name: value})
    return changed


def with_trigger(document: Document, kind: str, connection: str = "") -> Document:
    """Start by another trigger; what was set for the former one is let go."""
    changed = copy.deepcopy(document)
    changed["trigger"] = {"type": kind} | ({"connection": connection} if connection else {})
    return changed


def with_trigger_set(document: Document, *, connection: str | None = None, **config: Any) -> Document:
    """Set the trigger's connection, or parts of its config; None takes a part of the config away."""
    changed = copy.deepcopy(document)
    trigger = changed["trigger"]
    if connection is not None:
        trigger["connection"] = connection
    _set(trigger.setdefault("config", {}), config)
    return changed


def with_connection(document: Document, key: str, connection_id: str) -> Document:
    """Name another connection at a step, or at the trigger."""
    if key == TRIGGER:
        return with_trigger_set(document, connection=connection_id)
    return with_step_set(document, key, connection=connection_id or None)


def with_name(document: Document, name: str) -> Document:
    """Give the workflow another name."""
    return copy.deepcopy(document) | {"name": name}


def owner_of(document: Document, path: str) -> tuple[str, str]:
    """Whose a problem is: the key of the step (or TRIGGER, or nothing), and the path within it."""
    if path == TRIGGER or path.startswith(f"{TRIGGER}."):
        return TRIGGER, path.removeprefix(TRIGGER).removeprefix(".")
    found = _STEP_PATH.match(path)
    steps = steps_of(document)
    if found is None or int(found[1]) >= len(steps):
        return "", path
    return str(steps[int(found[1])]["key"]), found[2] or ""


def neighbour_of(document: Document, key: str) -> str:
    """What to select when the step goes: the one before it, else the trigger."""
    place = place_of(document, key)
    return str(steps_of(document)[place - 1]["key"]) if place > 0 else TRIGGER


def readers_of(document: Document, key: str) -> list[str]:
    """The steps of the top level that read the output of the step `key`."""
    reads = re.compile(rf"\bsteps\.{re.escape(key)}\b")
    return [step["key"] for step in steps_of(document) if step["key"] != key and _mentions(step, reads)]


def _mentions(value: Any, reads: re.Pattern[str]) -> bool:
    if isinstance(value, str):
        return reads.search(value) is not None
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_mentions(one, reads) for one in inner)


def _set(part: dict[str, Any], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            part.pop(name, None)
        else:
            part[name] = value
