"""A definition as JSON: where its steps stand, how they are called, and who reads whom."""

import copy
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from integrations_app.errors import Conflict, InvalidInput
from integrations_app.workflows.definition import parse

Document = dict[str, Any]
Step = dict[str, Any]
KEY_LENGTH = 64
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a step stands: in which list, of whom, and the how-manieth."""

    steps: list[Step]
    index: int
    parent: str
    """Key of the loop or condition around it; empty at the top level."""
    branch: int | None
    """Which branch of the condition around it."""

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.steps[self.index]


def canonical(document: Mapping[str, Any]) -> Document:
    """The one form in which a definition is stored; raises InvalidInput when it is none."""
    return parse(document).dump()


def canonical_step(step: Step) -> Step:
    """A copy of a step, in the form in which a definition stores it; as it is when no definition can hold it.

    The latter is for a step on its way through a batch, whose next command may mend it.
    """
    try:
        stored: Step = canonical({"format": 1, "name": "step", "trigger": {"type": "manual"}, "steps": [step]})[
            "steps"
        ][0]
    except InvalidInput:
        return copy.deepcopy(step)
    return stored


def digest(document: Document) -> str:
    """A short name of exactly this document; raises InvalidInput for what is not plain JSON."""
    try:
        written = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise InvalidInput({"": "must be plain JSON, not nested too deeply"}) from None
    return hashlib.sha256(written).hexdigest()


def standings(document: Document) -> Iterator[Standing]:
    """Every step, in the order they are written, those inside a step right behind it."""
    yield from _standings(document.get("steps") or [], "", None)


def _standings(steps: list[Step], parent: str, branch: int | None) -> Iterator[Standing]:
    for index, step in enumerate(steps):
        yield Standing(steps, index, parent, branch)
        for inner, children in lists_in(step):
            yield from _standings(children, str(step["key"]), inner)


def lists_in(step: Step) -> list[tuple[int | None, list[Step]]]:
    """The lists of steps right inside a step, each with the number of its branch."""
    if step.get("type") == "condition":
        return [(number, branch.get("steps") or []) for number, branch in enumerate(step.get("branches") or [])]
    return [(None, step.get("steps") or [])] if step.get("type") == "for_each" else []


def find(document: Document, key: str) -> Standing | None:
    """Where the step with that key stands; None when there is none."""
    return next((one for one in standings(document) if one.step["key"] == key), None)


def get(document: Document, key: str) -> Standing:
    """Where the step with that key stands; raises Conflict `step_gone`."""
    found = find(document, key)
    if found is None:
        raise Conflict("step_gone", "This step is not there any more: somebody deleted it.")
    return found


def keys_in(steps: Iterable[Step]) -> list[str]:
    """Every key of the steps and of what is nested in them."""
    return [str(one.step["key"]) for step in steps for one in _standings([step], "", None)]


def free_key(document: Document, wanted: str, taken: Iterable[str] = ()) -> str:
    """`wanted` as a key that no step has yet: `send_message`, `send_message_2`."""
    plain = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_").lower()[: KEY_LENGTH - 5] or "step"
    plain = f"step_{plain}" if plain[0].isdigit() else plain
    known = {*keys_in(document.get("steps") or []), *taken}
    if plain not in known:
        return plain
    number = next(number for number in range(2, len(known) + 3) if f"{plain}_{number}" not in known)
    return f"{plain}_{number}"


def readers_of(document: Document, keys: Iterable[str]) -> list[str]:
    """The steps outside `keys` that read the output of one of them."""
    gone = set(keys)
    return [
        str(one.step["key"])
        for one in standings(document)
        if one.step["key"] not in gone and any(reads(own_part(one.step), key) for key in gone)
    ]


def own_part(step: Step) -> Step:
    """What is written in a step itself, without the steps inside; the conditions of its branches are its own."""
    own = {name: value for name, value in step.items() if name not in {"steps", "branches"}}
    if "branches" in step:
        own["branches"] = [{"when": branch.get("when")} for branch in step["branches"]]
    return own


def with_reference(value: Any, key: str, to: str, *, expression: bool = False) -> Any:
    """The value with `steps.<to>` in place of `steps.<key>`, in templates and in conditions and nowhere else."""
    pattern = _reference(key)
    if isinstance(value, str):
        if expression:
            return pattern.sub(f"steps.{to}", value)
        return _TEMPLATE.sub(lambda part: pattern.sub(f"steps.{to}", part[0]), value)
    if isinstance(value, dict):
        return {name: with_reference(one, key, to, expression=name == "when") for name, one in value.items()}
    if isinstance(value, list):
        return [with_reference(one, key, to) for one in value]
    return value


def reads(value: Any, key: str) -> bool:
    """Whether a template or a condition in the value reads the step with that key."""
    return bool(with_reference(value, key, f"{key}_") != value)


def _reference(key: str) -> re.Pattern[str]:
    return re.compile(rf"\bsteps\.{re.escape(key)}\b")
