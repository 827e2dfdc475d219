"""Writing: expressions and literals as the text that parses to them again."""

import orjson
from liquid.token import TOKEN_CONTAINS, TOKEN_EQ, TOKEN_GT, TOKEN_LT, TOKEN_NE

from integrations_app.kit.templates.expressions import Expression, FilterCall, Literal, Path

SYMBOLS = {TOKEN_EQ: "==", TOKEN_NE: "!=", TOKEN_GT: ">", TOKEN_LT: "<", TOKEN_CONTAINS: "contains"}
"""How the operator of a comparison is written."""


def write_expression(expression: Expression) -> str:
    """The expression as a template would have it; ValueError for a text that no literal can hold."""
    return " | ".join([_write_term(expression.operand), *(_write_call(call) for call in expression.filters)])


def write_literal(value: str | float | bool | None) -> str:
    """The literal; ValueError for a text with both kinds of quotes, which the language cannot write."""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    for quote in ("'", '"'):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise ValueError("a text with both kinds of quotes cannot be written")


def _write_term(term: Path | Literal) -> str:
    return str(term) if isinstance(term, Path) else write_literal(term.value)


def _write_call(call: FilterCall) -> str:
    arguments = ", ".join(_write_term(one) for one in call.arguments)
    return f"{call.name}: {arguments}" if arguments else call.name
