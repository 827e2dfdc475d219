"""Masking: what of a step's parameters may be kept and shown to people."""

from functools import lru_cache
from typing import Any

from integrations_app.kit.redact import Redactor
from integrations_app.sdk.actions import Params
from integrations_app.sdk.registry import Registry

MAX_TEXT = 10_000
"""Characters of one text that are kept for the record; the call itself gets all of it."""
MAX_ITEMS = 200
MAX_DEPTH = 20


def masked_inputs(params: Params, registry: Registry) -> dict[str, Any]:
    """The parameters as JSON values: secrets masked by their type and by the vendors' token shapes, long texts cut."""
    return masked(params.model_dump(mode="json", exclude_unset=True), registry)


def masked(values: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """JSON values with the vendors' token shapes masked and long texts cut."""
    shown = redactor_of(registry).scrub_value(_cut(values, 0))
    return shown if isinstance(shown, dict) else {}


def redactor_of(registry: Registry) -> Redactor:
    """What masks secrets of every vendor by their shape."""
    return _redactor(tuple(pattern for provider in registry for pattern in provider.secret_patterns))


@lru_cache(maxsize=8)
def _redactor(patterns: tuple[str, ...]) -> Redactor:
    return Redactor(patterns)


def _cut(value: Any, depth: int) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value)} characters)"
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        return {key: _cut(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        kept = [_cut(inner, depth + 1) for inner in value[:MAX_ITEMS]]
        return [*kept, f"… ({len(value)} items)"] if len(value) > MAX_ITEMS else kept
    return value
