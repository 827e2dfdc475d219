"""Template: a text with `{{ path | filter }}` in it, parsed once and rendered typed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from integrations_app.errors import MappingError
from integrations_app.kit.templates.expressions import FIELD, Expression, Segments, invalid, parse_expression
from integrations_app.kit.templates.values import Budget, Unfit, measure, text_size, to_text

MAX_TEMPLATE_CHARS = 256 * 1024
MAX_EXPRESSIONS = 200
MAX_EXPRESSIONS_CHARS = 16 * 1024
_CACHED_CHARS = 4096

Escape = Callable[[str], str]
"""Makes a value plain text in the markup it is put into."""


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and expressions in turn."""

    parts: tuple[str | Expression, ...]

    def variables(self) -> list[Segments]:
        """Every path the template reads, each once, in the order written."""
        paths = (path for part in self.parts if isinstance(part, Expression) for path in part.paths())
        return list(dict.fromkeys(paths))

    def render(
        self, values: Mapping[str, object], budget: Budget | None = None, escape: Escape | None = None
    ) -> object:
        """The value of a template that is exactly one expression, with its type; else a text.

        `values` are plain JSON. Each text that an expression puts in goes through `escape`; what the author
        wrote does not, neither around the expressions nor as an expression that reads no path. MappingError
        for a path that is not there or a value that does not fit, also when the result is larger than 1 MiB
        or what is left of `budget`.
        """
        budget = budget or Budget()
        if len(self.parts) == 1 and isinstance(self.parts[0], Expression):
            value = _take(self.parts[0], values, budget)
            return _escaped(self.parts[0], value, budget, escape) if isinstance(value, str) else value
        return "".join([_take_text(part, values, budget, escape) for part in self.parts])


def parse(text: str) -> Template:
    """Parse a template; InvalidInput `template_invalid` naming the character when anything else stands in it."""
    return _parse_cached(text) if len(text) <= _CACHED_CHARS else _parse(text)


def _parse(text: str) -> Template:
    if len(text) > MAX_TEMPLATE_CHARS:
        invalid(0, f"a template has at most {MAX_TEMPLATE_CHARS} characters")
    parts: list[str | Expression] = []
    position, expressions, characters = 0, 0, 0
    while (opening := text.find("{{", position)) >= 0:
        closing = text.find("}}", opening + 2)
        if closing < 0:
            invalid(opening, "}} is missing")
        expressions += 1
        characters += closing - opening
        if expressions > MAX_EXPRESSIONS or characters > MAX_EXPRESSIONS_CHARS:
            invalid(opening, "the template has too many expressions")
        _add_text(parts, text, position, opening)
        parts.append(parse_expression(text[opening + 2 : closing], opening + 2))
        position = closing + 2
    _add_text(parts, text, position, len(text))
    return Template(tuple(parts))


_parse_cached = lru_cache(maxsize=1024)(_parse)


def _add_text(parts: list[str | Expression], text: str, start: int, end: int) -> None:
    tag = text.find("{%", start, end)
    if tag >= 0:
        invalid(tag, "tags are not allowed")
    if end > start:
        parts.append(text[start:end])


def _take(expression: Expression, values: Mapping[str, object], budget: Budget) -> object:
    value = expression.evaluate(values, budget)
    try:
        budget.charge_output(measure(value))
    except Unfit as error:
        raise MappingError({expression.name: str(error)}) from None
    return value


def _escaped(expression: Expression, text: str, budget: Budget, escape: Escape | None) -> str:
    """The text made harmless, what it grew by charged."""
    if escape is None or not any(expression.paths()):
        return text
    written = escape(text)
    try:
        budget.charge_output(max(0, text_size(written) - text_size(text)))
    except Unfit as error:
        raise MappingError({expression.name: str(error)}) from None
    return written


def _take_text(part: str | Expression, values: Mapping[str, object], budget: Budget, escape: Escape | None) -> str:
    if isinstance(part, Expression):
        return _escaped(part, to_text(_take(part, values, budget)), budget, escape)
    try:
        budget.charge_output(text_size(part))
    except Unfit as error:
        raise MappingError({FIELD: str(error)}) from None
    return part
