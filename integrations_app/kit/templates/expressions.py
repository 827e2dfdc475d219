"""Expressions: parsed by python-liquid, then rebuilt from paths, literals and listed filters only."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from liquid import Environment, Mode, Token, TokenStream
from liquid.builtin.expressions import Filter as LiquidFilter
from liquid.builtin.expressions import Literal as LiquidLiteral
from liquid.builtin.expressions import Nil, PositionalArgument, parse_primitive, tokenize
from liquid.builtin.expressions import Path as LiquidPath
from liquid.exceptions import LiquidError
from liquid.token import (
    TOKEN_DOT,
    TOKEN_DPIPE,
    TOKEN_EXPRESSION,
    TOKEN_LBRACKET,
    TOKEN_LPAREN,
    TOKEN_PIPE,
    TOKEN_RANGE,
    TOKEN_RANGE_LITERAL,
    TOKEN_WORD,
)

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.kit.templates.filters import FILTERS, apply_filter
from integrations_app.kit.templates.values import MISSING, Budget, Unfit, find

MAX_EXPRESSION_CHARS = 1000
MAX_TOKENS = 300
FIELD = "template"

Segments = tuple[str | int, ...]

_PLAIN_NAME = re.compile(r"\w[\w-]*\??")
_LIQUID = Environment(tolerance=Mode.STRICT)
_LIQUID.tags.clear()
_FORBIDDEN = {
    TOKEN_RANGE: "ranges are not allowed",
    TOKEN_LBRACKET: "only a quoted name or a number may stand in brackets",
    TOKEN_DPIPE: "|| is not allowed",
}


@dataclass(frozen=True, slots=True)
class Path:
    """A path into the values, such as `trigger.labels[0].name`."""

    segments: Segments

    def __str__(self) -> str:
        return write_path(self.segments)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, true, false or null written in the template."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FilterCall:
    """A listed filter with its arguments."""

    name: str
    arguments: tuple[Path | Literal, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands between the braces: a path or literal and the filters it goes through."""

    operand: Path | Literal
    filters: tuple[FilterCall, ...] = ()

    def paths(self) -> Iterator[Segments]:
        """Every path the expression reads, in the order written."""
        for term in (self.operand, *(argument for call in self.filters for argument in call.arguments)):
            if isinstance(term, Path):
                yield term.segments

    def evaluate(self, values: Mapping[str, object], budget: Budget) -> object:
        """The value, its type kept. MappingError keyed by the path that is missing or does not fit."""
        value = _read(self.operand, values)
        try:
            for call in self.filters:
                if value is MISSING and call.name != "default":
                    break
                arguments = [_require(argument, values) for argument in call.arguments]
                value = apply_filter(call.name, value, arguments, budget)
        except Unfit as error:
            raise MappingError({self.name: str(error)}) from None
        if value is MISSING:
            raise MappingError({self.name: "is not there"})
        return value

    @property
    def name(self) -> str:
        """How errors name the expression: its path, or `template` when it begins with a literal."""
        return str(self.operand) if isinstance(self.operand, Path) else FIELD


def write_path(segments: Segments) -> str:
    """The path as a template would name it."""
    written = ""
    for segment in segments:
        plain = isinstance(segment, str) and _PLAIN_NAME.fullmatch(segment)
        written += f".{segment}" if plain else f"[{segment!r}]"
    return written.removeprefix(".")


def invalid(position: int, why: str) -> NoReturn:
    """Raise InvalidInput `template_invalid` for the character at `position` (from 0)."""
    raise InvalidInput({FIELD: f"character {position + 1}: {why}"}, "", "template_invalid")


def read_tokens(text: str, start: int) -> TokenStream:
    """Tokens of one expression that begins at `start` of its template; InvalidInput for what may not stand in it."""
    if len(text) > MAX_EXPRESSION_CHARS:
        invalid(start, f"an expression has at most {MAX_EXPRESSION_CHARS} characters")
    tokens: list[Token] = []
    try:
        for token in tokenize(text, Token(TOKEN_EXPRESSION, text, start, text)):
            tokens.append(_admit(token, tokens))
    except LiquidError as error:
        refuse(error, start)
    if not tokens:
        invalid(start, "an expression is missing")
    return TokenStream(iter(tokens))


def parse_expression(text: str, start: int) -> Expression:
    """One whole expression, as between `{{` and `}}`."""
    stream = read_tokens(text, start)
    expression = parse_operand(stream, start)
    if stream.pos < len(stream.tokens):
        invalid(stream.current.start_index, f"unexpected {stream.current.value!r}")
    return expression


def parse_operand(stream: TokenStream, start: int) -> Expression:
    """A path or literal with its filters; the stream is left at what follows."""
    try:
        left = parse_primitive(_LIQUID, stream)
        filters = LiquidFilter.parse(_LIQUID, stream, delim=(TOKEN_PIPE,))
    except LiquidError as error:
        refuse(error, start)
    return Expression(_term(left), tuple(_call(each) for each in filters))


def refuse(error: LiquidError, start: int) -> NoReturn:
    """Turn the parser's complaint into ours."""
    index = error.token.start_index if error.token is not None and error.token.start_index >= 0 else start
    why = str(error.args[0])[:120] if error.args else "not understood"
    raise InvalidInput({FIELD: f"character {index + 1}: {why}"}, "", "template_invalid") from None


def _admit(token: Token, before: list[Token]) -> Token:
    if len(before) >= MAX_TOKENS:
        invalid(token.start_index, "the expression is too long")
    if token.kind in _FORBIDDEN:
        invalid(token.start_index, _FORBIDDEN[token.kind])
    if token.kind == TOKEN_RANGE_LITERAL:
        return token._replace(kind=TOKEN_LPAREN)
    if token.kind == token.value and before and before[-1].kind == TOKEN_DOT:
        # A keyword of the language after a dot is a plain name: `trigger.limit`.
        return token._replace(kind=TOKEN_WORD)
    return token


def _term(parsed: object) -> Path | Literal:
    if isinstance(parsed, LiquidPath):
        segments = tuple(segment for segment in parsed.path if isinstance(segment, str | int))
        if len(segments) != len(parsed.path) or not isinstance(segments[0], str):
            invalid(parsed.token.start_index, "a path begins with a name")
        return Path(segments)
    if isinstance(parsed, Nil):
        return Literal(None)
    if isinstance(parsed, LiquidLiteral) and isinstance(parsed.value, str | int | float):
        if isinstance(parsed.value, float) and not math.isfinite(parsed.value):
            invalid(parsed.token.start_index, "the number is too large")
        return Literal(parsed.value)
    token = getattr(parsed, "token", None)
    invalid(token.start_index if token else 0, "only a path, a text, a number, true, false or null may stand here")


def _call(parsed: LiquidFilter) -> FilterCall:
    position = parsed.token.start_index
    known = FILTERS.get(parsed.name)
    if known is None:
        invalid(position, f"there is no filter {parsed.name!r}; there are {', '.join(FILTERS)}")
    if not known.least <= len(parsed.args) <= known.most:
        invalid(position, f"the filter {parsed.name} takes {known.least} to {known.most} arguments")
    if not all(isinstance(argument, PositionalArgument) for argument in parsed.args):
        invalid(position, "named arguments are not allowed")
    arguments = tuple(_term(argument.value) for argument in parsed.args)
    if known.check and isinstance(arguments[0] if arguments else None, Literal):
        try:
            known.check(*(argument.value for argument in arguments if isinstance(argument, Literal)))
        except Unfit as error:
            invalid(position, f"the filter {parsed.name} {error}")
    return FilterCall(parsed.name, arguments)


def _read(term: Path | Literal, values: Mapping[str, object]) -> object:
    return find(values, term.segments) if isinstance(term, Path) else term.value


def _require(term: Path | Literal, values: Mapping[str, object]) -> object:
    value = _read(term, values)
    if value is MISSING:
        raise MappingError({str(term): "is not there"})
    return value
