"""Plain JSON values: looked up by path, measured, written as text; bounded in size, depth and work."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Final

MAX_OUTPUT_BYTES = 1024 * 1024
MAX_DEPTH = 100
MAX_NUMBER_BITS = 4096
_NODE_BYTES = 8  # least size charged for any value, so that many small ones cannot cost much time
_NODE_WORK = 64  # a node takes about as long as that many bytes of text

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_TYPE_NAMES = {dict: "an object", list: "a list", tuple: "a list", str: "a text", bool: "true or false"}


class Unfit(ValueError):
    """A value does not fit its use; the message says why without showing it. Becomes a MappingError."""


class Missing:
    """The type of MISSING: what a path gives that leads nowhere."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Budget:
    """What one rendering may still put out, and may still work through in filters, in bytes."""

    __slots__ = ("output", "work")

    def __init__(self, output: int = MAX_OUTPUT_BYTES) -> None:
        self.output = output
        self.work = 4 * output

    def charge_output(self, size: int) -> None:
        """Take `size` from the output; Unfit when it is used up."""
        self.output -= size
        if self.output < 0:
            raise Unfit("makes the result larger than 1 MiB")

    def charge_work(self, values: Iterable[object], weight: int = 1) -> None:
        """Take the walk through `values` from the work, `weight` times; Unfit when it is used up."""
        for value in values:
            size, nodes = _weigh(value, MAX_OUTPUT_BYTES)
            self.work -= weight * (size + _NODE_WORK * nodes)
        if self.work < 0:
            raise Unfit("is too large for the filters it goes through")


def find(values: Mapping[str, object], segments: tuple[str | int, ...]) -> object:
    """The value at a path, or MISSING. Only keys of objects and places in lists: never an attribute."""
    current: object = values.get(str(segments[0]), MISSING)
    for segment in segments[1:]:
        if isinstance(segment, str) and type(current) is dict:
            current = current.get(segment, MISSING)
        elif isinstance(segment, int) and isinstance(current, list | tuple) and -len(current) <= segment < len(current):
            current = current[segment]
        else:
            return MISSING
    return current


def describe(value: object) -> str:
    """The kind of a value in a person's words."""
    if value is None:
        return "null"
    return _TYPE_NAMES.get(type(value), "a number" if isinstance(value, int | float) else "not plain data")


def measure(value: object, limit: int = MAX_OUTPUT_BYTES) -> int:
    """About the size of `value` as JSON in bytes; Unfit when larger than `limit`, too deep or not plain JSON."""
    return _weigh(value, limit)[0]


def _weigh(value: object, limit: int) -> tuple[int, int]:
    """Size and number of nodes; stops as soon as the limit is passed."""
    size, nodes = 0, 0
    pending: list[tuple[object, int]] = [(value, 0)]
    while pending:
        current, depth = pending.pop()
        nodes += 1
        if isinstance(current, dict | list | tuple):
            size += _NODE_BYTES * len(current)
            if size <= limit:
                size += sum(map(_measure_key, current)) if isinstance(current, dict) else 0
                children = current.values() if isinstance(current, dict) else current
                pending.extend([(child, depth + 1) for child in children])
        else:
            size += _measure_scalar(current)
        if size > limit:
            raise Unfit("is larger than 1 MiB")
        if depth > MAX_DEPTH:
            raise Unfit("is nested too deeply")
    return size, nodes


def text_size(text: str) -> int:
    """Bytes of `text` in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def write_json(value: object) -> str:
    """Compact JSON; characters outside ASCII stay as they are."""
    return _ENCODER.encode(value)


def to_text(value: object) -> str:
    """How a value stands inside a text: null is empty, objects and lists are JSON. Call `measure` before."""
    if isinstance(value, str):
        return value
    return "" if value is None else write_json(value)


def _measure_key(key: object) -> int:
    if not isinstance(key, str):
        raise Unfit("is not plain data")
    return text_size(key)


def _measure_scalar(value: object) -> int:
    if isinstance(value, str):
        return text_size(value)
    if value is None or isinstance(value, bool):
        return _NODE_BYTES
    if isinstance(value, int):
        if value.bit_length() > MAX_NUMBER_BITS:
            raise Unfit("is too large a number")
        return _NODE_BYTES + value.bit_length() // 3
    if isinstance(value, float) and math.isfinite(value):
        return 3 * _NODE_BYTES
    raise Unfit("is not plain data")
