"""An edit in words, for the history: `Delete “Tell #triage”`."""

from integrations_app.workflows.editing import tree
from integrations_app.workflows.editing.commands import (
    TRIGGER,
    AddSteps,
    Batch,
    Command,
    RenameKey,
    ReplaceAll,
    SetPart,
)
from integrations_app.workflows.editing.tree import Document, Step

LONGEST = 200
_ACTS = {
    "remove_step": "Delete",
    "move_step": "Move",
    "replace_step": "Rewrite",
    "add_branch": "Add a branch to",
    "remove_branch": "Delete a branch of",
    "move_branch": "Move a branch of",
}
_MIDDLE = frozenset({"inputs", "config", "retry", "branches"})


def words_for(command: Command, document: Document) -> str:
    """What the command does to the document, to which it was not applied yet."""
    return _words(command, document)[:LONGEST]


def _words(command: Command, document: Document) -> str:
    match command:
        case SetPart():
            return _set_words(command, document)
        case AddSteps():
            steps = command.steps
            return f"Add {_title(steps[0])}" if len(steps) == 1 else f"Add {len(steps)} steps"
        case RenameKey():
            return f"Change the key {command.key} to {command.to}"
        case ReplaceAll():
            return "Replace the whole workflow"
        case Batch():
            return _words(command.commands[0], document)
        case _:
            return f"{_ACTS[command.do]} {_named(document, command.key)}"


def _set_words(command: SetPart, document: Document) -> str:
    if command.target == "":
        return "Rename the workflow"
    if command.target == TRIGGER and not command.path:
        return "Change the trigger"
    names = [name for name in command.path if name not in _MIDDLE and not name.isdigit()]
    part = " ".join(names).replace("_", " ") or "settings"
    return f"Change {part} of {'the trigger' if command.target == TRIGGER else _named(document, command.target)}"


def _named(document: Document, key: str) -> str:
    found = tree.find(document, key)
    return _title(found.step) if found else key


def _title(step: Step) -> str:
    return f"“{str(step.get('name') or step['key'])[:80]}”"
