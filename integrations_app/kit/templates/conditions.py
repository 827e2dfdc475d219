"""Condition: a boolean expression over paths, literals and filters, as in `when`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from liquid import TokenStream
from liquid.token import (
    TOKEN_AND,
    TOKEN_CONTAINS,
    TOKEN_EQ,
    TOKEN_GT,
    TOKEN_LPAREN,
    TOKEN_LT,
    TOKEN_NE,
    TOKEN_OR,
    TOKEN_RPAREN,
)

from integrations_app.errors import MappingError
from integrations_app.kit.templates.expressions import Expression, Segments, invalid, parse_operand, read_tokens
from integrations_app.kit.templates.values import Budget, Unfit, describe

MAX_PARENTHESES = 16


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and what is asked of them."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Combination:
    """`and` or `or` over two or more terms; evaluated left to right and no further than needed."""

    operator: str
    terms: tuple["Term", ...]
    enclosed: bool = field(default=False, compare=False)
    """Written in parentheses, which may be more than it needs; it means the same without."""


Term = Expression | Comparison | Combination


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition."""

    term: Term

    def variables(self) -> list[Segments]:
        """Every path the condition reads, each once, in the order written."""
        return list(dict.fromkeys(_paths(self.term)))

    def evaluate(self, values: Mapping[str, object]) -> bool:
        """Whether it holds. A lone value holds unless it is false or null (0 and empty texts hold).

        `and` binds tighter than `or`. MappingError for a path that is not there, or values that cannot
        be compared (`<` and `>` take two numbers or two texts).
        """
        return _holds(self.term, values, Budget())


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition:
    """Parse a condition; InvalidInput `template_invalid` naming the character when it is none."""
    stream = read_tokens(text, 0)
    term = _parse_or(stream, 0)
    if stream.pos < len(stream.tokens):
        invalid(stream.current.start_index, f"unexpected {stream.current.value!r}")
    return Condition(term)


def _parse_or(stream: TokenStream, depth: int) -> Term:
    return _parse_combination(stream, TOKEN_OR, lambda: _parse_and(stream, depth))


def _parse_and(stream: TokenStream, depth: int) -> Term:
    return _parse_combination(stream, TOKEN_AND, lambda: _parse_comparison(stream, depth))


def _parse_combination(stream: TokenStream, operator: str, parse_term: Callable[[], Term]) -> Term:
    terms = [parse_term()]
    while stream.current.kind == operator:
        next(stream)
        terms.append(parse_term())
    return terms[0] if len(terms) == 1 else Combination(operator, tuple(terms))


def _parse_comparison(stream: TokenStream, depth: int) -> Term:
    if stream.current.kind == TOKEN_LPAREN:
        return _parse_group(stream, depth + 1)
    left = parse_operand(stream, max(0, stream.current.start_index))
    operator = stream.current.kind
    if operator not in _COMPARE:
        return left
    next(stream)
    return Comparison(left, operator, parse_operand(stream, max(0, stream.current.start_index)))


def _parse_group(stream: TokenStream, depth: int) -> Term:
    opening = next(stream)
    if depth > MAX_PARENTHESES:
        invalid(opening.start_index, "too many parentheses")
    term = _parse_or(stream, depth)
    if stream.current.kind != TOKEN_RPAREN:
        invalid(opening.start_index, "the closing parenthesis is missing")
    next(stream)
    return replace(term, enclosed=True) if isinstance(term, Combination) else term


def _paths(term: Term) -> Iterator[Segments]:
    if isinstance(term, Expression):
        yield from term.paths()
    elif isinstance(term, Comparison):
        yield from term.left.paths()
        yield from term.right.paths()
    else:
        for each in term.terms:
            yield from _paths(each)


def _holds(term: Term, values: Mapping[str, object], budget: Budget) -> bool:
    if isinstance(term, Expression):
        value = term.evaluate(values, budget)
        return value is not None and value is not False
    if isinstance(term, Combination):
        results = (_holds(each, values, budget) for each in term.terms)
        return all(results) if term.operator == TOKEN_AND else any(results)
    left, right = term.left.evaluate(values, budget), term.right.evaluate(values, budget)
    try:
        budget.charge_work((left, right))
        return _COMPARE[term.operator](left, right)
    except Unfit as error:
        raise MappingError({term.left.name: str(error)}) from None


def _equal(left: object, right: object) -> bool:
    """JSON equality: true is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _unequal(left: object, right: object) -> bool:
    return not _equal(left, right)


def _less(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if _is_number(left) and _is_number(right):
        return bool(left < right)  # type: ignore[operator]
    raise Unfit(f"is {describe(left)} and cannot be ordered with {describe(right)}")


def _greater(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left > right
    if _is_number(left) and _is_number(right):
        return bool(left > right)  # type: ignore[operator]
    raise Unfit(f"is {describe(left)} and cannot be ordered with {describe(right)}")


def _contains(left: object, right: object) -> bool:
    """A text holds a text, a list an item, an object a key; null holds nothing."""
    if left is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        return right in left
    if isinstance(left, dict) and isinstance(right, str):
        return right in left
    if isinstance(left, list | tuple):
        return any(_equal(item, right) for item in left)
    raise Unfit(f"is {describe(left)} and cannot contain {describe(right)}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_COMPARE: dict[str, Callable[[object, object], bool]] = {
    TOKEN_EQ: _equal,
    TOKEN_NE: _unequal,
    TOKEN_LT: _less,
    TOKEN_GT: _greater,
    TOKEN_CONTAINS: _contains,
}
