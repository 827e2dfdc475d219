"""Reads a GraphQL query of the plain kind that clients of the emulated vendors send: no fragments, no directives."""

import json
import re
from collections.abc import Iterator
from typing import Any

Field = tuple[str, str, dict[str, Any], list[Any]]
"""Alias, name, arguments, selected fields."""
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\$\w+|-?\d+|[{}()\[\]:!=]')


class WrongQuery(ValueError):
    """A query that cannot be read or answered."""


def _selection(words: Iterator[str], variables: dict[str, Any]) -> list[Field]:
    found: list[Field] = []
    word = next(words)
    while word != "}":
        alias = name = word
        word = next(words)
        if word == ":":
            name, word = next(words), next(words)
        given: dict[str, Any] = {}
        if word == "(":
            given, word = _arguments(words, variables, ")"), next(words)
        inner: list[Field] = []
        if word == "{":
            inner, word = _selection(words, variables), next(words)
        found.append((alias, name, given, inner))
    return found


def _arguments(words: Iterator[str], variables: dict[str, Any], end: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    while (name := next(words)) != end:
        if next(words) != ":":
            raise WrongQuery(f"Expected a colon after {name}")
        given[name] = _value(next(words), words, variables)
    return given


def _value(word: str, words: Iterator[str], variables: dict[str, Any]) -> Any:
    if word == "{":
        return _arguments(words, variables, "}")
    if word == "[":
        return [_value(one, words, variables) for one in iter(lambda: next(words), "]")]
    if word.startswith("$"):
        return variables.get(word[1:])
    if word.startswith('"') or word in ("true", "false", "null"):
        return json.loads(word)
    return int(word) if word.lstrip("-").isdigit() else word


def read_query(query: str, variables: dict[str, Any]) -> tuple[str, list[Field]]:
    """`query` or `mutation`, and what is selected. Raises WrongQuery."""
    words = iter(_WORD.findall(query))
    kind = "query"
    try:
        for word in words:
            kind = word if word in ("query", "mutation") else kind
            if word == "{":
                return kind, _selection(words, variables)
    except (StopIteration, RuntimeError, ValueError) as error:
        raise WrongQuery("Parse error on end of file") from error
    raise WrongQuery("A query attribute must be specified and must be a string.")
