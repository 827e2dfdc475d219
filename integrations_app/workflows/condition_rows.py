"""Conditions as rows of value, operator and value, some of them in groups: read from an expression, written as one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby

from integrations_app.errors import InvalidInput
from integrations_app.kit.templates import parse_condition
from integrations_app.kit.templates.conditions import Combination, Comparison, Term
from integrations_app.kit.templates.expressions import Expression, FilterCall, Literal, Path, parse_expression
from integrations_app.kit.templates.writing import SYMBOLS, write_expression, write_literal

AND, OR = "and", "or"
EMPTY, NOT_EMPTY, HOLDS = "is_empty", "is_not_empty", "holds"
COMPARING = ("==", "!=", ">", "<", "contains")
ALONE = (HOLDS, EMPTY, NOT_EMPTY)
"""Operators that ask something of one value."""
MAX_ROWS = 40
_EMPTY_AS = {EMPTY: "==", NOT_EMPTY: "!="}
_OR_NOTHING = FilterCall("default", (Literal(""),))
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `and` binds tighter than `or`, as in the expression."""

    left: str
    """A variable, as `{{ trigger.state }}`."""
    operator: str
    """One of COMPARING or ALONE."""
    right: str = ""
    """A text, a number, true, false, null, or `{{ … }}`; what reads as another kind stands in quotes."""
    join: str = AND
    """How it hangs on the row before it, and the first of a group with the group; the very first hangs on nothing."""
    group: int = 0
    """Rows behind one another with the same number stand in parentheses; 0 for none."""


def rows_of(expression: str) -> list[Row] | None:
    """The rows of an expression; None when it is none, or says what rows cannot: parentheses in parentheses, say."""
    if not expression.strip():
        return []
    try:
        term = parse_condition(expression).term
        rows = list(_rows(term))
        same = parse_condition(expression_of(rows)).term
    except (InvalidInput, ValueError):
        return None
    return rows if len(rows) <= MAX_ROWS and same == term else None


def expression_of(rows: Sequence[Row]) -> str:
    """The expression of the rows, empty for none. InvalidInput `{"2": why}` by the number of the row, from 1.

    A group of one row, and one that is all there is, needs no parentheses and gets none.
    """
    said = [_numbered(number, row) for number, row in enumerate(rows, 1)]
    groups = [list(members) for _, members in groupby(enumerate(rows), key=_group_of)]
    parts: list[str] = []
    for members in groups:
        inside = _joined([(row, said[at]) for at, row in members])
        enclosed = len(members) > 1 and len(groups) > 1
        parts.append(f"({inside})" if enclosed else inside)
    return _joined([(members[0][1], part) for members, part in zip(groups, parts, strict=True)])


def _group_of(placed: tuple[int, Row]) -> tuple[int, int]:
    """What rows of one group have in common; each row outside of a group stands for itself."""
    at, row = placed
    return (row.group, 0) if row.group else (0, at)


def _joined(parts: Sequence[tuple[Row, str]]) -> str:
    """The texts, each joined to the one before as its row says."""
    return "".join(f" {OR if row.join == OR else AND} {text}" if at else text for at, (row, text) in enumerate(parts))


def _numbered(number: int, row: Row) -> str:
    try:
        return _written(row)
    except ValueError as error:
        raise InvalidInput({str(number): f"Condition {number}: {error}"}) from None


def _rows(term: Term) -> Iterator[Row]:
    """Comparisons in order, each with what joins it to the one before, those in parentheses as groups.

    ValueError for parentheses in parentheses. Parentheses around the whole are none.
    """
    numbers = count(1)
    for join, part in _parts(term, AND):
        if not isinstance(part, Combination):
            yield _row(part, join)
            continue
        number = next(numbers)
        for at, (inner, atom) in enumerate(_parts(part, AND)):
            if isinstance(atom, Combination):
                raise ValueError("rows have one level of groups")  # noqa: TRY004 - what rows can say, not a wrong type
            yield replace(_row(atom, inner if at else join), group=number)


def _parts(term: Term, join: str) -> Iterator[tuple[str, Term]]:
    """What stands side by side, each with what joins it to the one before: `and` binds tighter, as it is written."""
    if not isinstance(term, Combination):
        yield join, term
        return
    for number, part in enumerate(term.terms):
        here = term.operator if number else join
        if isinstance(part, Combination) and part.enclosed:
            yield here, part
        else:
            yield from _parts(part, here)


def _row(atom: Expression | Comparison, join: str) -> Row:
    if isinstance(atom, Expression):
        return Row(_left(atom), HOLDS, join=join)
    operator = SYMBOLS[atom.operator]
    asked = next((name for name, symbol in _EMPTY_AS.items() if symbol == operator), "")
    if asked and atom.right == Expression(Literal("")) and atom.left.filters[-1:] == (_OR_NOTHING,):
        return Row(_left(replace(atom.left, filters=atom.left.filters[:-1])), asked, join=join)
    return Row(_left(atom.left), operator, _right(atom.right), join)


def _left(expression: Expression) -> str:
    if not isinstance(expression.operand, Path):
        raise ValueError("a row begins with a variable")  # noqa: TRY004 - what a row can say, not a wrong type
    return f"{{{{ {write_expression(expression)} }}}}"


def _right(expression: Expression) -> str:
    if isinstance(expression.operand, Path) or expression.filters:
        return f"{{{{ {write_expression(expression)} }}}}"
    value = expression.operand.value
    if isinstance(value, str) and _is_bare(value):
        return value
    return write_literal(value)


def _is_bare(text: str) -> bool:
    """Whether a text means itself on the right of a row, without quotes."""
    try:
        return _meant(text) == Expression(Literal(text))
    except ValueError:
        return False


def _written(row: Row) -> str:
    left = _variable(row.left)
    if row.operator == HOLDS:
        return write_expression(left)
    if row.operator in _EMPTY_AS:
        asked = replace(left, filters=(*left.filters, _OR_NOTHING))
        return f"{write_expression(asked)} {_EMPTY_AS[row.operator]} ''"
    if row.operator not in COMPARING:
        raise ValueError("choose what is asked.")
    return f"{write_expression(left)} {row.operator} {write_expression(_meant(row.right))}"


def _variable(text: str) -> Expression:
    inside = _inside(text)
    inside = text.strip() if inside is None else inside
    if not inside:
        raise ValueError("insert the variable that is looked at.")
    found = _parsed(inside)
    if not isinstance(found.operand, Path):
        raise ValueError("begin with a variable.")  # noqa: TRY004 - what a row can say, not a wrong type
    return found


def _meant(text: str) -> Expression:
    """What stands on the right of a row."""
    bare, inside = text.strip(), _inside(text)
    if inside is not None:
        return _parsed(inside)
    if "{{" in bare:
        raise ValueError("compare with one variable or with a text, not with both in one.")
    if bare in _WORDS:
        return Expression(Literal(_WORDS[bare]))
    quoted = len(bare) > 1 and bare[0] in "'\"" and bare[0] == bare[-1] and bare[0] not in bare[1:-1]
    if _NUMBER.fullmatch(bare) or quoted:
        return _parsed(bare)
    if not bare:
        raise ValueError("say what it is compared with.")
    write_literal(bare)
    return Expression(Literal(bare))


def _inside(text: str) -> str | None:
    bare = text.strip()
    whole = bare.startswith("{{") and bare.endswith("}}") and "{{" not in bare[2:]
    return bare[2:-2].strip() if whole else None


def _parsed(text: str) -> Expression:
    try:
        return parse_expression(text, 0)
    except InvalidInput as error:
        raise ValueError("; ".join(error.fields.values())) from None
