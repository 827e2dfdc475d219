"""Sets of HTTP statuses as people write them: `200-299, 404`."""

import re

from pydantic_core import PydanticCustomError

_PART = re.compile(r"([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?")

Statuses = tuple[tuple[int, int], ...]


def parse_statuses(text: str) -> Statuses:
    """Ranges, both ends included; empty for an empty text. PydanticCustomError (a ValueError) for anything else."""
    found: list[tuple[int, int]] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = _PART.fullmatch(part)
        if match is None:
            raise PydanticCustomError("statuses", "is not a list of statuses such as 200-299, 404")
        low = int(match[1])
        found.append((low, int(match[2] or low)))
    return tuple(found)


def holds(statuses: Statuses, status: int) -> bool:
    """Whether a status is one of them."""
    return any(low <= status <= high for low, high in statuses)
