"""Changes from one definition to another: which steps came, went, moved or say something else, part by part."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from integrations_app.workflows.editing.commands import TRIGGER
from integrations_app.workflows.editing.tree import Document, Standing, Step, lists_in, standings

PathOf = tuple[str, ...]


class Kind(StrEnum):
    """What became of a step, the trigger or the workflow."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


class Absent:
    """The type of ABSENT: a part that is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Part:
    """One part that is another now: its path within the step, and both values (ABSENT where it is not there)."""

    path: PathOf
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one step (its key), of the `trigger`, or of the workflow itself (the empty text)."""

    kind: Kind
    key: str
    title: str
    parts: tuple[Part, ...] = ()


def changes(before: Document, after: Document) -> tuple[Change, ...]:
    """Every change between two definitions in their stored form, in the order of the newer one; none for equal ones."""
    old, new = _by_key(before), _by_key(after)
    found = [
        Change(Kind.CHANGED, key, "", parts)
        for key, parts in (
            ("", _parts({"name": before["name"]}, {"name": after["name"]})),
            (TRIGGER, _parts(before["trigger"], after["trigger"])),
        )
        if parts
    ]
    moved = _moved(before, after, old, new)
    for key, standing in new.items():
        title = _title(standing.step)
        if key not in old:
            found.append(Change(Kind.ADDED, key, title, _parts({}, _own(standing.step))))
            continue
        if key in moved:
            found.append(Change(Kind.MOVED, key, title))
        parts = _parts(_own(old[key].step), _own(standing.step))
        if parts:
            found.append(Change(Kind.CHANGED, key, title, parts))
    gone = (Change(Kind.REMOVED, key, _title(one.step)) for key, one in old.items() if key not in new)
    return (*found, *gone)


def _by_key(document: Document) -> dict[str, Standing]:
    return {str(one.step["key"]): one for one in standings(document)}


def _own(step: Step) -> dict[str, Any]:
    """What a step says itself, without the steps inside; a part for each branch."""
    own = {name: value for name, value in step.items() if name not in {"key", "steps", "branches"}}
    ways = step.get("branches") or []
    own["branches"] = {str(number): _own(way) for number, way in enumerate(ways, 1)}
    return own if ways else {name: value for name, value in own.items() if name != "branches"}


def _parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Part, ...]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*new, *(path for path in old if path not in new)]
    pairs = (Part(path, old.get(path, ABSENT), new.get(path, ABSENT)) for path in paths)
    return tuple(one for one in pairs if not _same(one.before, one.after))


def _leaves(part: Mapping[str, Any], path: PathOf = ()) -> Iterator[tuple[PathOf, Any]]:
    for name, value in part.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _same(one: Any, other: Any) -> bool:
    """As JSON: true is not 1, and 1 is not 1.0."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


def _moved(
    before: Document, after: Document, old: Mapping[str, Standing], new: Mapping[str, Standing]
) -> frozenset[str]:
    """Steps that stand in another list, or elsewhere among those of their list that stayed."""
    stayed = {key for key in old if key in new and _list_of(old[key]) == _list_of(new[key])}
    moved = {key for key in old if key in new and key not in stayed}
    former = dict(_lists(before))
    for place, keys in _lists(after):
        mine, theirs = _only(keys, stayed), _only(former.get(place, ()), stayed)
        same = difflib.SequenceMatcher(None, theirs, mine, autojunk=False).get_matching_blocks()
        kept = {key for block in same for key in mine[block.b : block.b + block.size]}
        moved |= set(mine) - kept
    return frozenset(moved)


def _list_of(standing: Standing) -> tuple[str, int | None]:
    return standing.parent, standing.branch


def _lists(document: Document) -> Iterator[tuple[tuple[str, int | None], Sequence[str]]]:
    yield ("", None), [str(step["key"]) for step in document.get("steps") or []]
    for standing in standings(document):
        for branch, steps in lists_in(standing.step):
            yield (str(standing.step["key"]), branch), [str(step["key"]) for step in steps]


def _only(keys: Sequence[str], wanted: set[str]) -> list[str]:
    return [key for key in keys if key in wanted]


def _title(step: Step) -> str:
    return str(step.get("name") or step["key"])
