"""What can be done to a draft: typed commands, each of which tells what undoes it."""

import copy
from abc import abstractmethod
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from integrations_app.errors import Conflict, InvalidInput
from integrations_app.workflows.definition import MAX_STEPS, Key
from integrations_app.workflows.editing import tree
from integrations_app.workflows.editing.tree import Document, Step

TRIGGER = "trigger"
"""Stands for the trigger where a step's key is asked for; the workflow itself is the empty text."""
CHANGED = "changed_meanwhile"
MAX_COMMANDS = MAX_STEPS
"""Undoing the paste of so many steps takes as many."""
BRANCHES = "branches"
_STRUCTURE = frozenset({"key", "type", "steps", BRANCHES})
"""Parts of a step that only commands of their own change."""
_OF_WORKFLOW = frozenset({"name"})

Name = Annotated[str, StringConstraints(max_length=200)]
Value = Annotated[list[Any], Field(max_length=1)]
"""One JSON value, or none: the part is absent."""


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    def run(self, document: Document) -> "Command":
        """Change the document in place and return what undoes it. Raises Conflict, InvalidInput."""


class Place(BaseModel):
    """A place in a list of steps: of the top level, of a loop, or of a condition's branch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parent: str = ""
    """Key of the loop or condition; empty for the top level."""
    branch: int | None = Field(default=None, ge=0)
    index: int = Field(default=0, ge=0)
    """The how-manieth it becomes; beyond the end is the end."""


class AddSteps(_Command):
    """Put steps, one behind the other, at a place."""

    do: Literal["add_steps"] = "add_steps"
    at: Place
    steps: Annotated[list[Step], Field(min_length=1)]

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone` for a parent that is not there, `key_taken`; InvalidInput for too many."""
        if len(self.steps) > MAX_STEPS:
            raise InvalidInput({"steps": f"must be at most {MAX_STEPS} steps"})
        taken = set(tree.keys_in(document.get("steps") or []))
        for key in _keys(self.steps):
            if key in taken:
                raise Conflict("key_taken", f"There is a step {key!r} already.")
            taken.add(key)
        steps = _list_at(document, self.at)
        index = min(self.at.index, len(steps))
        steps[index:index] = copy.deepcopy(self.steps)
        undo: list[Command] = [RemoveStep(key=str(step["key"])) for step in reversed(self.steps)]
        return undo[0] if len(undo) == 1 else Batch(commands=undo)


class RemoveStep(_Command):
    """Delete a step with everything inside it."""

    do: Literal["remove_step"] = "remove_step"
    key: str

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`."""
        found = tree.get(document, self.key)
        place = Place(parent=found.parent, branch=found.branch, index=found.index)
        removed = found.steps.pop(found.index)
        return AddSteps(at=place, steps=[removed])


class MoveStep(_Command):
    """Move a step with everything inside it; `to` counts without the step itself."""

    do: Literal["move_step"] = "move_step"
    key: str
    to: Place

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`; InvalidInput for a place inside the step itself."""
        found = tree.get(document, self.key)
        if self.to.parent in tree.keys_in([found.step]):
            raise InvalidInput({"to": "a step cannot be moved into itself"})
        target = _list_at(document, self.to)
        back = Place(parent=found.parent, branch=found.branch, index=found.index)
        step = found.steps.pop(found.index)
        target.insert(min(self.to.index, len(target)), step)
        return MoveStep(key=self.key, to=back)


class SetPart(_Command):
    """Set, or take away, one part of a step, of the trigger or of the workflow."""

    do: Literal["set_part"] = "set_part"
    target: str
    """A step's key, `trigger`, or the empty text for the workflow."""
    path: tuple[str, ...]
    """Names from outside in: `("inputs", "text")`; `("branches", "0", "when")`. Empty: the whole trigger."""
    to: Value
    was: Value
    """What its author saw there. Something else there is somebody else's edit, which is not written over."""

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`, `branch_gone`, `changed_meanwhile`; InvalidInput for what is not to be set."""
        self._require_settable()
        if self.path[:1] == (BRANCHES,):
            _branch(document, self.target, int(self.path[1]))
        found = self._value(document, self.path)
        if found != self.was and not self._is_same(document):
            raise Conflict(CHANGED, "Somebody else changed this meanwhile.")
        path = self._new_path(document) if self.to else self.path
        self._put(document, self.to)
        return SetPart(target=self.target, path=path, to=found, was=self._value(document, path))

    def found_in(self, document: Document) -> Value:
        """What stands there; nothing where the step is gone."""
        try:
            return self._value(document, self.path)
        except Conflict:
            return []

    def _new_path(self, document: Document) -> tuple[str, ...]:
        """The path down to the outermost part that this makes inside a free value: undoing takes that away.

        The first name of a path is a part of the model, which is left out by itself when it is empty.
        """
        part: Any = self._owner(document)
        for depth, name in enumerate(self.path):
            inside = _inside(part, name)
            if not inside:
                return self.path[: max(depth, 1) + 1]
            part = inside[0]
        return self.path

    def _is_same(self, document: Document) -> bool:
        """Whether `was` is another way to write what stands there: a default may be written or left out."""
        rewritten = copy.deepcopy(document)
        self._put(rewritten, self.was)
        try:
            return tree.canonical(rewritten) == tree.canonical(document)
        except InvalidInput:
            return False

    def _require_settable(self) -> None:
        first = self.path[0] if self.path else ""
        if self.target == "":
            allowed = self.path != () and first in _OF_WORKFLOW and len(self.path) == 1
        elif self.target == TRIGGER:
            allowed = bool(self.path or self.to)
        else:
            of_branch = first == BRANCHES and self.path[2:] in {("when",), ("else",)} and _is_number(self.path[1])
            allowed = bool(first) and (first not in _STRUCTURE or of_branch)
        if not allowed:
            raise InvalidInput({"path": "cannot be set by itself"})

    def _owner(self, document: Document) -> dict[str, Any]:
        if self.target == "":
            return document
        if self.target == TRIGGER:
            return document if not self.path else _mapping(document, TRIGGER)
        return tree.get(document, self.target).step

    def _value(self, document: Document, path: tuple[str, ...]) -> list[Any]:
        part: Any = self._owner(document)
        for name in path or (TRIGGER,):
            inside = _inside(part, name)
            if not inside:
                return []
            part = inside[0]
        return [copy.deepcopy(part)]

    def _put(self, document: Document, value: list[Any]) -> None:
        *outer, last = self.path or (TRIGGER,)
        part: Any = self._owner(document)
        for name in outer:
            inside = _inside(part, name)
            if not inside and not value:
                return  # what is absent altogether needs no taking away
            part = inside[0] if inside else _mapping(part, name)
        if not isinstance(part, dict):
            raise InvalidInput({"path": "does not lead to a part that can be set"})
        if value:
            part[last] = copy.deepcopy(value[0])
            return
        part.pop(last, None)
        if len(outer) == 1 and not part:  # a part of the model that is empty is left out, as in the stored form
            self._owner(document).pop(outer[0], None)


class RenameKey(_Command):
    """Give a step another key; whoever reads it follows."""

    do: Literal["rename_key"] = "rename_key"
    key: str
    to: Key

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`, `key_taken`; also when a step reads the new key already, in vain so far."""
        step = tree.get(document, self.key).step
        if self.to in tree.keys_in(document.get("steps") or []) or tree.reads(document.get("steps"), self.to):
            raise Conflict("key_taken", f"The key {self.to!r} is in use already.")
        step["key"] = self.to
        document["steps"] = tree.with_reference(document["steps"], self.key, self.to)
        return RenameKey(key=self.to, to=self.key)


class AddBranch(_Command):
    """Put a branch into a condition."""

    do: Literal["add_branch"] = "add_branch"
    key: str
    index: int = Field(ge=0)
    branch: dict[str, Any]

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`, `key_taken`; InvalidInput for a step that has no branches."""
        taken = set(tree.keys_in(document.get("steps") or []))
        if taken & set(_keys(self.branch.get("steps") or [])):
            raise Conflict("key_taken", "A step of the branch is there already.")
        branches = _condition(document, self.key).setdefault("branches", [])
        index = min(self.index, len(branches))
        branches.insert(index, copy.deepcopy(self.branch))
        return RemoveBranch(key=self.key, index=index)


class RemoveBranch(_Command):
    """Delete a branch of a condition with the steps inside it."""

    do: Literal["remove_branch"] = "remove_branch"
    key: str
    index: int = Field(ge=0)

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`, `branch_gone`; InvalidInput for a step that has no branches."""
        branch = _branch(document, self.key, self.index)
        _condition(document, self.key)["branches"].pop(self.index)
        return AddBranch(key=self.key, index=self.index, branch=branch)


class MoveBranch(_Command):
    """Let a branch be tried earlier or later."""

    do: Literal["move_branch"] = "move_branch"
    key: str
    index: int = Field(ge=0)
    to: int = Field(ge=0)

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`, `branch_gone`; InvalidInput for a step that has no branches."""
        branch = _branch(document, self.key, self.index)
        branches = _condition(document, self.key)["branches"]
        to = min(self.to, len(branches) - 1)
        branches.pop(self.index)
        branches.insert(to, branch)
        return MoveBranch(key=self.key, index=to, to=self.index)


class ReplaceAll(_Command):
    """Put another definition in the draft's place: an import, an earlier version, a program's own."""

    do: Literal["replace_all"] = "replace_all"
    document: dict[str, Any]
    was: str = ""
    """The `tree.digest` of what its author saw; empty: whatever stands there."""

    def run(self, document: Document) -> "Command":
        """Raises Conflict `changed_meanwhile`, InvalidInput when it is no definition."""
        if self.was not in {"", tree.digest(document)}:
            raise Conflict(CHANGED, "Somebody else changed this workflow meanwhile.")
        former = copy.deepcopy(document)
        document.clear()
        document.update(tree.canonical(self.document))
        return ReplaceAll(document=former, was=tree.digest(document))

    def after(self, document: Document) -> Self:
        """The same of an author who saw this document."""
        return self.model_copy(update={"was": tree.digest(document)})


class ReplaceStep(_Command):
    """Put another step, with everything inside it, in a step's place. Its key stays: others read it by that."""

    do: Literal["replace_step"] = "replace_step"
    key: str
    step: Step
    was: str = ""
    """The `tree.digest` of the step that its author saw; empty: whatever it says."""

    def run(self, document: Document) -> "Command":
        """Raises Conflict `step_gone`, `changed_meanwhile`; InvalidInput for another key, or what is no step."""
        found = tree.get(document, self.key)
        if self.was not in {"", tree.digest(found.step)}:
            raise Conflict(CHANGED, "Somebody else changed this step meanwhile.")
        if self.step.get("key") != self.key:
            raise InvalidInput({"key": f"must stay {self.key!r}: other steps read this one by it"})
        former = found.step
        found.steps[found.index] = tree.canonical_step(self.step)
        return ReplaceStep(key=self.key, step=former).after(document)

    def after(self, document: Document) -> Self:
        """The same of an author who saw this document. Raises Conflict `step_gone`."""
        return self.model_copy(update={"was": tree.digest(tree.get(document, self.key).step)})


class Batch(_Command):
    """Several commands that are done, and undone, as one."""

    do: Literal["batch"] = "batch"
    commands: "Annotated[list[Command], Field(min_length=1, max_length=MAX_COMMANDS)]"

    def run(self, document: Document) -> "Command":
        """Raises what one of them raises; the document is then of no use."""
        undo = [command.run(document) for command in self.commands]
        return Batch(commands=undo[::-1])


Command = Annotated[
    AddSteps
    | RemoveStep
    | MoveStep
    | SetPart
    | RenameKey
    | AddBranch
    | RemoveBranch
    | MoveBranch
    | ReplaceAll
    | ReplaceStep
    | Batch,
    Field(discriminator="do"),
]
Batch.model_rebuild()
COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)
"""Reads a command from JSON."""


def apply(document: Document, command: Command) -> tuple[Document, Command]:
    """The document after the command, in its stored form, and the command that undoes it. The given one stays as it is.

    Raises Conflict when the document is not any more what the command's author saw, InvalidInput with dotted fields
    when no definition comes out.
    """
    changed = copy.deepcopy(document)
    inverse = command.run(changed)
    return tree.canonical(changed), inverse


def setting(document: Document, target: str, path: tuple[str, ...], *to: Any) -> SetPart:
    """The command that sets a part of the document as it is shown to its author; without `to`, takes it away."""
    seen = SetPart(target=target, path=path, to=[], was=[])
    return SetPart(target=target, path=path, to=list(to), was=seen.found_in(document))


def _keys(steps: list[Step]) -> list[str]:
    for step in steps:
        if not isinstance(step.get("key"), str):
            raise InvalidInput({"steps": "each needs a key"})
    return tree.keys_in(steps)


def _list_at(document: Document, place: Place) -> list[Step]:
    if not place.parent:
        if place.branch is not None:
            raise InvalidInput({"branch": "is of a condition only"})
        steps: list[Step] = document.setdefault("steps", [])
        return steps
    step = tree.get(document, place.parent).step
    if step["type"] == "for_each" and place.branch is None:
        owner = step
    elif step["type"] == "condition" and place.branch is not None:
        number = _number(step, place.branch)
        owner = step["branches"][number]
    else:
        raise InvalidInput({"parent": "has no such list of steps"})
    inside: list[Step] = owner.setdefault("steps", [])
    return inside


def _condition(document: Document, key: str) -> Step:
    step = tree.get(document, key).step
    if step["type"] != "condition":
        raise InvalidInput({"key": "is not a condition"})
    return step


def _branch(document: Document, key: str, index: int) -> dict[str, Any]:
    step = _condition(document, key)
    number = _number(step, index)
    branch: dict[str, Any] = copy.deepcopy(step["branches"][number])
    return branch


def _number(step: Step, index: int) -> int:
    if index >= len(step.get("branches") or []):
        raise Conflict("branch_gone", "This branch is not there any more: somebody deleted it.")
    return index


def _inside(part: Any, name: str) -> list[Any]:
    """The part of that name in a mapping or list, or nothing."""
    if isinstance(part, dict):
        return [part[name]] if name in part else []
    if isinstance(part, list) and _is_number(name) and int(name) < len(part):
        return [part[int(name)]]
    return []


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _mapping(part: Any, name: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise InvalidInput({"path": "does not lead to a part that can be set"})
    inside = part.setdefault(name, {})
    if not isinstance(inside, dict):
        raise InvalidInput({"path": "does not lead to a part that can be set"})
    return inside
