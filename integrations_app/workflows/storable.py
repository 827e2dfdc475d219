"""Storable: texts and JSON values from outside, made into what every database and encoder takes."""

from typing import Any

import orjson

MAX_MESSAGE = 4000
_MAX_DEPTH = 200


def storable_text(text: str) -> str:
    """`text` without NUL and half characters, at most 4,000 characters."""
    return text[:MAX_MESSAGE].encode("utf-8", "replace").decode().replace("\x00", "")


def storable_json(value: Any) -> Any:
    """`value` as it is when it can be written as JSON, else with what cannot be replaced."""
    try:
        orjson.dumps(value)
    except (orjson.JSONEncodeError, TypeError):
        return _cleaned(value, 0)
    return value


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {_cleaned(str(key), depth): _cleaned(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner, depth + 1) for inner in value]
    return str(value)
