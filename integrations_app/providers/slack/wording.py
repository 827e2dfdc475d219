"""Regular expressions of people, matched in bounded time: the engine never goes back, both are short."""

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

PATTERN_LIMIT = 200
TEXT_LIMIT = 4000
"""Characters of a text that are looked at; Slack recommends no longer ones."""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> SchemaValidator:
    # The Rust engine that comes with pydantic: no backtracking, unlike `re`.
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def check_pattern(pattern: str) -> str:
    """`pattern` when it can be matched in bounded time; raises ValueError with the reason."""
    if len(pattern) > PATTERN_LIMIT:
        raise ValueError(f"may hold at most {PATTERN_LIMIT} characters")
    if "{" in pattern:
        raise ValueError("may not hold {: counted repetitions can take too long")
    try:
        _compiled(pattern)
    except SchemaError:
        raise ValueError("is no regular expression, or one with look-around or back references") from None
    return pattern


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern, which `check_pattern` took, is found in the beginning of the text."""
    return _compiled(pattern).isinstance_python(text[:TEXT_LIMIT])
