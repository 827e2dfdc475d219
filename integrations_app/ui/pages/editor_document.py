"""What a person does in the editor, as commands on the draft that the tab shows."""

import re
from collections.abc import Iterable
from typing import Any

from integrations_app.workflows.editing import tree
from integrations_app.workflows.editing.commands import (
    TRIGGER,
    AddBranch,
    AddSteps,
    Batch,
    Command,
    MoveStep,
    Place,
    SetPart,
    setting,
)
from integrations_app.workflows.editing.copying import renewed
from integrations_app.workflows.editing.tree import Document, Standing, Step, free_key, lists_in, readers_of

__all__ = ["TRIGGER", "Document", "Step", "free_key", "readers_of"]

NAME_LENGTH = 200
_PATH = re.compile(r"steps\.(\d+)(?:\.branches\.(\d+))?(?=\.|$)\.?")


def step_of(document: Document, key: str) -> Step | None:
    """The step with that key, however deep it stands."""
    found = tree.find(document, key)
    return found.step if found else None


def action_step(document: Document, action: str, title: str, connection: str = "") -> Step:
    """A new step for `provider.action` with a readable key and the action's title as its name."""
    step: Step = {"key": free_key(document, action.partition(".")[2]), "name": title[:NAME_LENGTH], "type": "action"}
    step["action"] = action
    return step | ({"connection": connection} if connection else {})


def own_step(document: Document, kind: str) -> Step:
    """A new step of our own: `delay`, `stop`, `condition`, `for_each`, `respond_to_webhook`."""
    if kind == "delay":
        return {"key": free_key(document, "wait"), "name": "Wait", "type": "delay", "seconds": 60}
    if kind == "condition":
        branches = [{"when": ""}, {"else": True}]
        return {"key": free_key(document, "decide"), "name": "Decide", "type": "condition", "branches": branches}
    if kind == "for_each":
        return {"key": free_key(document, "each"), "name": "For each item", "type": "for_each"}
    if kind == "respond_to_webhook":
        return {"key": free_key(document, "answer"), "name": "Answer the webhook", "type": kind, "body": {"ok": True}}
    return {"key": free_key(document, "stop"), "name": "Stop", "type": "stop"}


def place_behind(document: Document, key: str) -> Place:
    """Behind the step with that key; before all steps for the trigger, at the end when there is no such step."""
    if key == TRIGGER:
        return Place()
    found = tree.find(document, key)
    if found is None:
        return Place(index=len(document.get("steps") or []))
    return Place(parent=found.parent, branch=found.branch, index=found.index + 1)


def place_at(parent: str, branch: int, index: int) -> Place:
    """A place as the browser names it: a branch below 0 is none."""
    return Place(parent=parent, branch=branch if branch >= 0 else None, index=max(index, 0))


def moving_to(document: Document, key: str, to: Place) -> MoveStep | None:
    """Move a step to a place that is counted with the step itself still where it is; None where it is already."""
    found = tree.find(document, key)
    if found is None:
        return None
    if (found.parent, found.branch) != (to.parent, to.branch) or to.index < found.index:
        return MoveStep(key=key, to=to)
    if to.index <= found.index + 1:
        return None
    return MoveStep(key=key, to=Place(parent=to.parent, branch=to.branch, index=to.index - 1))


def end_of(document: Document, parent: str, branch: int | None) -> Place:
    """The end of a list inside a step."""
    step = step_of(document, parent)
    lists = dict(lists_in(step)) if step else {}
    return Place(parent=parent, branch=branch, index=len(lists.get(branch) or []))


def moving(document: Document, key: str, by: int) -> Command | None:
    """Move a step up (-1) or down (1) by one line of the outline: into a neighbour, and out at the end of a list.

    None where there is no further place.
    """
    found = tree.find(document, key)
    if found is None:
        return None
    place = _place_before(document, found) if by < 0 else _place_after(document, found)
    return MoveStep(key=key, to=place) if place else None


def _place_before(document: Document, found: Standing) -> Place | None:
    if found.index > 0:
        inside = lists_in(found.steps[found.index - 1])
        if inside:
            branch, steps = inside[-1]
            return Place(parent=str(found.steps[found.index - 1]["key"]), branch=branch, index=len(steps))
        return Place(parent=found.parent, branch=found.branch, index=found.index - 1)
    if not found.parent:
        return None
    if found.branch:
        return end_of(document, found.parent, found.branch - 1)
    outer = tree.get(document, found.parent)
    return Place(parent=outer.parent, branch=outer.branch, index=outer.index)


def _place_after(document: Document, found: Standing) -> Place | None:
    if found.index + 1 < len(found.steps):
        inside = lists_in(found.steps[found.index + 1])
        if inside:
            return Place(parent=str(found.steps[found.index + 1]["key"]), branch=inside[0][0], index=0)
        return Place(parent=found.parent, branch=found.branch, index=found.index + 1)
    if not found.parent:
        return None
    outer = tree.get(document, found.parent)
    if found.branch is not None and found.branch + 1 < len(lists_in(outer.step)):
        return Place(parent=found.parent, branch=found.branch + 1, index=0)
    return Place(parent=outer.parent, branch=outer.branch, index=outer.index + 1)


def copying(document: Document, key: str) -> AddSteps | None:
    """Put a copy, with new keys inside it too, behind the step; None when the step is gone."""
    found = tree.find(document, key)
    if found is None:
        return None
    [made] = renewed(document, [found.step])
    made["name"] = f"{str(made.get('name') or made['key'])[: NAME_LENGTH - 7]} (copy)"
    return AddSteps(at=place_behind(document, key), steps=[made])


def with_action(
    document: Document, key: str, action: str, titles: tuple[str, str], parameters: Iterable[str]
) -> Command | None:
    """Let the step call another action; `titles` are those of the former and the new one.

    Inputs that the new one also takes stay; a name that is still the former title follows.
    """
    step = step_of(document, key)
    if step is None:
        return None
    known, given = set(parameters), step.get("inputs") or {}
    inputs = {name: value for name, value in given.items() if name in known}
    commands: list[Command] = [setting(document, key, ("action",), action)]
    if step.get("name", "") in {"", titles[0][:NAME_LENGTH]}:
        commands.append(setting(document, key, ("name",), titles[1][:NAME_LENGTH]))
    if inputs != given:
        commands.append(set_step(document, key, "inputs", inputs or None))
    return Batch(commands=commands)


def set_step(document: Document, key: str, part: str, value: Any) -> SetPart:
    """Set one part of a step; None takes it away."""
    return setting(document, key, (part,), *_given(value))


def set_input(document: Document, key: str, name: str, value: Any) -> SetPart:
    """Set one input of a step; None takes it away."""
    return setting(document, key, ("inputs", name), *_given(value))


def set_trigger(document: Document, kind: str, connection: str = "") -> SetPart:
    """Start by another trigger; what was set for the former one is let go."""
    return setting(document, TRIGGER, (), {"type": kind} | ({"connection": connection} if connection else {}))


def set_config(document: Document, name: str, value: Any) -> SetPart:
    """Set one setting of the trigger; None takes it away."""
    return setting(document, TRIGGER, ("config", name), *_given(value))


def set_connection(document: Document, key: str, connection_id: str) -> SetPart:
    """Name another connection at a step, or at the trigger."""
    return setting(document, key, ("connection",), *_given(connection_id or None))


def set_name(document: Document, name: str) -> SetPart:
    """Give the workflow another name."""
    return setting(document, "", ("name",), name)


def set_branch(document: Document, key: str, number: int, when: str) -> SetPart:
    """Set the condition of a branch."""
    return setting(document, key, ("branches", str(number), "when"), when)


def adding_branch(document: Document, key: str) -> Command | None:
    """Put one more branch into a condition, before `else`."""
    step = step_of(document, key)
    if step is None or step["type"] != "condition":
        return None
    branches = step.get("branches") or []
    last = len(branches) - 1 if branches and branches[-1].get("else") else len(branches)
    return AddBranch(key=key, index=last, branch={"when": ""})


def owner_of(document: Document, path: str) -> tuple[str, str]:
    """Whose a problem is: the key of the step (or TRIGGER, or nothing), and the path within it."""
    if path == TRIGGER or path.startswith(f"{TRIGGER}."):
        return TRIGGER, path.removeprefix(TRIGGER).removeprefix(".")
    owner, rest, part = "", path, document
    while found := _PATH.match(rest):
        steps = part.get("steps") or []
        if int(found[1]) >= len(steps):
            break
        part, behind = steps[int(found[1])], rest[found.end() :]
        owner = str(part["key"])
        if found[2] is not None:
            branches = part.get("branches") or []
            if int(found[2]) >= len(branches) or not behind.startswith("steps."):
                return owner, rest[len(f"steps.{found[1]}.") :]
            part = branches[int(found[2])]
        rest = behind
    return owner, rest


def path_to(document: Document, key: str) -> str:
    """Where the step (or TRIGGER) stands, as problems write it: `steps.0.branches.1.steps.2`; empty when it is gone."""
    found = tree.find(document, key)
    if found is None:
        return key if key == TRIGGER else ""
    branch = "" if found.branch is None else f"branches.{found.branch}."
    around = f"{path_to(document, found.parent)}.{branch}" if found.parent else ""
    return f"{around}steps.{found.index}"


def neighbour_of(document: Document, key: str) -> str:
    """What to select when the step goes: the one before it, else what it stands in, else the trigger."""
    found = tree.find(document, key)
    if found is None:
        return TRIGGER
    return str(found.steps[found.index - 1]["key"]) if found.index > 0 else found.parent or TRIGGER


def _given(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)
