"""SOQL as text: cut into words and read into a tree, refusing what Salesforce refuses."""

import re
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<moment>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))?)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "%": "%", "_": "_"}
_CLAUSES = ("where", "order", "limit", "offset", "from", "group", "for", "having", "with")
AGGREGATES = ("count", "count_distinct", "sum", "avg", "min", "max")


class Malformed(ValueError):
    """A query that cannot be read (MALFORMED_QUERY)."""


@dataclass(frozen=True)
class Word:
    """A piece of the query: kind text, moment, number, name or sign."""

    kind: str
    value: str

    @property
    def lower(self) -> str:
        """For comparing with keywords."""
        return self.value.lower() if self.kind == "name" else self.value


@dataclass(frozen=True)
class Literal:
    """A value in the query: `kind` text (with its escapes), number, moment, date word, boolean or null."""

    kind: str
    raw: str

    @property
    def text(self) -> str:
        """A text without its escapes."""
        return re.sub(r"\\(.)", lambda match: _ESCAPES[match.group(1)], self.raw, flags=re.DOTALL)


@dataclass(frozen=True)
class Comparison:
    """`field operator value`; the value is a Literal, a tuple of them, or a Query (semi-join)."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Junction:
    """`and`, `or` of several conditions, or `not` of one."""

    kind: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Aggregate:
    """`SUM(Amount) total`; without an alias it is called expr0, expr1 and so on."""

    function: str
    field: str
    alias: str


@dataclass(frozen=True)
class Query:
    """One SELECT. `items` are field paths, Aggregates, and Queries over children."""

    items: tuple[Any, ...]
    source: str
    where: Any = None
    order: tuple[tuple[str, bool, bool], ...] = ()
    """`(field, descending, nulls last)`"""
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    """Read a whole query; raises Malformed."""
    words = _Words(_cut(text))
    query = _select(words)
    if words.peek is not None:
        raise Malformed(f"unexpected token: '{words.peek.value}'")
    return query


def _cut(text: str) -> list[Word]:
    words, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None or match.lastgroup is None:
            rest = text[at:].lstrip()
            raise Malformed(f"line 1:{at} no viable alternative at character '{rest[:1]}'")
        value = match.group(match.lastgroup)
        if match.lastgroup == "text":
            value = value[1:-1]
            if any(char not in _ESCAPES for char in re.findall(r"\\(.)", value, flags=re.DOTALL)):
                raise Malformed(f"Invalid string literal '{value}'. Illegal character sequence in string literal.")
            if "\n" in value or "\r" in value:
                raise Malformed("line breaks not allowed in string literals")
        words.append(Word(match.lastgroup, value))
        at = match.end()
    return words


class _Words:
    """The words with a place in them."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._at = 0

    @property
    def peek(self) -> Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def sees(self, *values: str) -> bool:
        """Whether the next words are these."""
        found = self._words[self._at : self._at + len(values)]
        return len(found) == len(values) and all(
            word.kind != "text" and word.lower == value for word, value in zip(found, values, strict=True)
        )

    def take(self, *values: str) -> bool:
        """Go past these words when they come next."""
        if not self.sees(*values):
            return False
        self._at += len(values)
        return True

    def need(self, value: str) -> None:
        if not self.take(value):
            raise Malformed(f"expecting '{value}', found '{self.peek.value if self.peek else 'EOF'}'")

    def next(self, *kinds: str) -> Word:
        word = self.peek
        if word is None or (kinds and word.kind not in kinds):
            raise Malformed(f"unexpected token: '{word.value if word else '<EOF>'}'")
        self._at += 1
        return word


def _select(words: _Words) -> Query:
    words.need("select")
    items = [_item(words)]
    while words.take(","):
        items.append(_item(words))
    words.need("from")
    source = words.next("name").value
    if (following := words.peek) and following.kind == "name" and following.lower not in _CLAUSES:
        alias = words.next("name").value
        items = [_without_alias(item, alias) for item in items]
    where = _condition(words) if words.take("where") else None
    order: list[tuple[str, bool, bool]] = []
    if words.take("order"):
        words.need("by")
        order.append(_ordering(words))
        while words.take(","):
            order.append(_ordering(words))
    limit = _count(words) if words.take("limit") else None
    offset = _count(words) if words.take("offset") else 0
    if words.sees("group") or words.sees("having"):
        raise Malformed("grouping is not part of this emulation")
    return Query(tuple(items), source, where, tuple(order), limit, offset)


def _without_alias(item: Any, alias: str) -> Any:
    if isinstance(item, str) and item.lower().startswith(f"{alias.lower()}."):
        return item[len(alias) + 1 :]
    return item


def _count(words: _Words) -> int:
    word = words.next("number")
    if not word.value.isdigit():
        raise Malformed(f"unexpected token: '{word.value}'")
    return int(word.value)


def _item(words: _Words) -> Any:
    if words.take("("):
        inner = _select(words)
        words.need(")")
        return inner
    name = words.next("name").value
    if not words.take("("):
        return name
    inside = words.next("name").value if not words.sees(")") else ""
    words.need(")")
    if name.lower() == "fields":
        return f"FIELDS({inside.upper()})"
    if name.lower() not in AGGREGATES:
        raise Malformed(f"unknown function: {name}")
    named = words.peek is not None and words.peek.kind == "name" and words.peek.lower not in _CLAUSES
    return Aggregate(name.lower(), inside, words.next("name").value if named else "")


def _ordering(words: _Words) -> tuple[str, bool, bool]:
    field = words.next("name").value
    descending = words.take("desc")
    if not descending:
        words.take("asc")
    last = words.take("nulls", "last")
    if not last:
        words.take("nulls", "first")
    return field, descending, last


def _condition(words: _Words) -> Any:
    """AND and OR side by side need parentheses, as at Salesforce."""
    parts = [_term(words)]
    kind = ""
    while words.sees("and") or words.sees("or"):
        found = words.next("name").lower
        if kind and found != kind:
            raise Malformed(f"unexpected token: '{found}'")
        kind = found
        parts.append(_term(words))
    return Junction(kind, tuple(parts)) if kind else parts[0]


def _term(words: _Words) -> Any:
    if words.take("not"):
        return Junction("not", (_term(words),))
    if words.take("("):
        inner = _condition(words)
        words.need(")")
        return inner
    field = words.next("name").value
    if words.take("not"):
        words.need("in")
        return Comparison(field, "not in", _set(words))
    if words.take("in"):
        return Comparison(field, "in", _set(words))
    if words.take("like"):
        return Comparison(field, "like", _literal(words))
    sign = words.next("sign").value
    if sign not in ("=", "!=", "<>", "<", ">", "<=", ">="):
        raise Malformed(f"unexpected token: '{sign}'")
    return Comparison(field, "!=" if sign == "<>" else sign, _literal(words))


def _set(words: _Words) -> Any:
    words.need("(")
    if words.sees("select"):
        inner: Any = _select(words)
    else:
        values = [_literal(words)]
        while words.take(","):
            values.append(_literal(words))
        inner = tuple(values)
    words.need(")")
    return inner


def _literal(words: _Words) -> Literal:
    word = words.next("text", "moment", "number", "name")
    if word.kind != "name":
        return Literal(word.kind, word.value)
    if word.lower in ("true", "false"):
        return Literal("boolean", word.lower)
    if word.lower == "null":
        return Literal("null", "")
    if re.fullmatch(r"today|yesterday|tomorrow|(?:last|next)_n_days:\d+", word.lower):
        return Literal("day", word.lower)
    raise Malformed(f"unexpected token: '{word.value}'")
