"""How much of everything an emulated vendor holds: what two worlds with the same history have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from starlette.applications import Starlette

_ASIDE = frozenset(
    {"tokens", "refresh_tokens", "grants", "installations", "calls", "cursors", "deliveries", "uploads", "objects"}
)
"""Who came in and who was told: no part of what an action does. An upload counts when it was shared."""


def census(app: Starlette, vendor: str) -> Counter[str]:
    """Everything of the vendor, counted by where it stands; names, ids and times are left out."""
    return Counter(_places(app.state.world.states[vendor], vendor))


def _places(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool):
        yield f"{path}={value}"
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in _ASIDE:
                yield from _places(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        yield from _members(value.values(), path)
    elif isinstance(value, list | tuple | set):
        yield from _members(value, path)


def _members(values: Any, path: str) -> Iterator[str]:
    for one in values:
        yield f"{path}[]"
        yield from _places(one, f"{path}[]")
