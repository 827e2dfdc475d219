"""How much of everything an emulated vendor holds: what two worlds with the same history have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from starlette.applications import Starlette

from integrations_app.sandbox.emulations import EMULATIONS


def census(app: Starlette, vendor: str) -> Counter[str]:
    """Everything of the vendor, counted by where it stands; names, ids and times are left out."""
    return Counter(_places(app.state.world.states[vendor], vendor, EMULATIONS[vendor].bookkeeping))


def _places(value: Any, path: str, aside: frozenset[str]) -> Iterator[str]:
    if isinstance(value, bool):
        yield f"{path}={value}"
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in aside:
                yield from _places(getattr(value, field.name), f"{path}.{field.name}", aside)
    elif isinstance(value, Mapping):
        yield from _members(value.values(), path, aside)
    elif isinstance(value, list | tuple | set):
        yield from _members(value, path, aside)


def _members(values: Any, path: str, aside: frozenset[str]) -> Iterator[str]:
    for one in values:
        yield f"{path}[]"
        yield from _places(one, f"{path}[]", aside)
