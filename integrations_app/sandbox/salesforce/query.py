"""Answers a SOQL tree from the rows: conditions, order, parents, children, aggregates."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations_app.sandbox.salesforce.calls import Json, Refusal
from integrations_app.sandbox.salesforce.ids import full_id
from integrations_app.sandbox.salesforce.schema import NUMBER_TYPES, Children, FieldType, ObjectType
from integrations_app.sandbox.salesforce.soql import Aggregate, Comparison, Junction, Literal, Query
from integrations_app.sandbox.salesforce.state import Row, Salesforce

TEXTS = ("text",)
ALL_FIELDS_LIMIT = 200
_DAY_WORDS = {"today": 0, "yesterday": -1, "tomorrow": 1}


def malformed(message: str) -> Refusal:
    """400 for a query that cannot be understood."""
    return Refusal(400, "MALFORMED_QUERY", message)


@dataclass(frozen=True)
class Reader:
    """Answers queries of one organisation; `data` is the path of the API's version."""

    org: Salesforce
    data: str
    now: float
    deleted_too: bool = False

    def answer(self, query: Query) -> tuple[int, list[Json]]:
        """The total and the records; `COUNT()` has a total and no records."""
        kind = self.org.object(query.source)
        if kind is None:
            message = f"sObject type '{query.source}' is not supported."
            raise Refusal(400, "INVALID_TYPE", message)
        rows = self._rows(query, kind, self.org.all_rows(kind.name))
        sums = [item for item in query.items if isinstance(item, Aggregate)]
        if not sums:
            return len(rows), [self._record(query, kind, row) for row in rows]
        if len(sums) != len(query.items):
            raise malformed("Field must be grouped or aggregated")
        if len(sums) == 1 and sums[0].function == "count" and not sums[0].field:
            return len(rows), []
        return 1, [self._sums(kind, sums, rows)]

    def _rows(self, query: Query, kind: ObjectType, rows: Iterable[Row]) -> list[Row]:
        if "FIELDS(ALL)" in query.items and not 0 < (query.limit or 0) <= ALL_FIELDS_LIMIT:
            raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        fits = self._test(kind, query.where) if query.where is not None else lambda _row: True
        found = [row for row in rows if (self.deleted_too or not row.deleted) and fits(row)]
        for name, descending, last in reversed(query.order):
            found = self._sorted(kind, found, name, descending, last)
        end = None if query.limit is None else query.offset + query.limit
        return found[query.offset : end]

    def _sorted(self, kind: ObjectType, rows: list[Row], name: str, descending: bool, last: bool) -> list[Row]:
        read, found = self._reader(kind, name)
        key: Callable[[Row], Any] = lambda row: _comparable(found, read(row))  # noqa: E731
        empty = [row for row in rows if read(row) is None]
        full = sorted([row for row in rows if read(row) is not None], key=key, reverse=descending)
        return full + empty if last else empty + full

    def _reader(self, kind: ObjectType, path: str) -> tuple[Callable[[Row], Any], FieldType]:
        """How to read a field path from a row, and the field at its end."""
        first, _, rest = path.partition(".")
        if first.lower() == kind.name.lower() and rest:
            return self._reader(kind, rest)
        if not rest:
            found = kind.field(first)
            if found is None:
                raise _no_column(kind, first)
            return (lambda row: row.values.get(found.name)), found
        lookup = kind.through(first)
        parent_kind = self.org.object(lookup.references[0]) if lookup else None
        if lookup is None or parent_kind is None:
            message = f"Didn't understand relationship '{first}' in field path."
            raise Refusal(400, "INVALID_FIELD", message)
        inner, end = self._reader(parent_kind, rest)

        def read(row: Row) -> Any:
            parent = self._parent(row, lookup)
            return inner(parent) if parent and parent.object is parent_kind else None

        return read, end

    def _parent(self, row: Row, lookup: FieldType) -> Row | None:
        identifier = row.values.get(lookup.name) or ""
        return next((found for name in lookup.references if (found := self.org.row(name, identifier))), None)

    # Conditions

    def _test(self, kind: ObjectType, condition: Any) -> Callable[[Row], bool]:
        if isinstance(condition, Junction):
            tests = [self._test(kind, part) for part in condition.parts]
            if condition.kind == "not":
                return lambda row: not tests[0](row)
            join = all if condition.kind == "and" else any
            return lambda row: join(test(row) for test in tests)
        read, found = self._reader(kind, condition.field)
        judge = self._judge(condition, found)
        return lambda row: judge(read(row))

    def _judge(self, condition: Comparison, found: FieldType) -> Callable[[Any], bool]:
        operator, value = condition.operator, condition.value
        if operator in ("in", "not in"):
            values = self._members(value, found)
            return lambda seen: (_comparable(found, seen) in values) is (operator == "in")
        if operator == "like":
            return _like(value, found)
        wanted = self._wanted(value, found)
        if operator in ("=", "!="):
            return lambda seen: (_comparable(found, seen) == wanted) is (operator == "=")
        return lambda seen: seen is not None and wanted is not None and _ordered(found, operator, seen, wanted)

    def _members(self, value: Any, found: FieldType) -> set[Any]:
        if not isinstance(value, Query):
            return {self._wanted(one, found) for one in value}
        if len(value.items) != 1 or not isinstance(value.items[0], str):
            raise malformed("semi join sub-selects take exactly one field")
        kind = self.org.object(value.source)
        if kind is None:
            raise Refusal(400, "INVALID_TYPE", f"sObject type '{value.source}' is not supported.")
        read, inner = self._reader(kind, value.items[0])
        if inner.type not in ("id", "reference"):
            raise malformed("The inner select field must be an ID or a reference field.")
        return {_comparable(found, read(row)) for row in self._rows(value, kind, self.org.all_rows(kind.name))}

    def _wanted(self, literal: Literal, found: FieldType) -> Any:
        """A literal as the field's own kind; quoted where it must not be, or the other way round, is refused."""
        if literal.kind == "null":
            return _comparable(found, None)
        if found.type in NUMBER_TYPES:
            return _needs(literal.kind == "number", found, "double", False) and float(literal.raw)
        if found.type == "boolean":
            return _needs(literal.kind == "boolean", found, "boolean", False) and literal.raw == "true"
        if found.type in ("date", "datetime"):
            _needs(literal.kind in ("moment", "day"), found, found.type, False)
            return self._moment(literal, found)
        _needs(literal.kind == "text", found, "string", True)
        if found.type in ("id", "reference"):
            identifier = full_id(literal.text)
            if identifier is None:
                raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.text}")
            return identifier
        return literal.text.casefold()

    def _moment(self, literal: Literal, found: FieldType) -> datetime:
        if literal.kind == "moment":
            _needs(("T" in literal.raw) == (found.type == "datetime"), found, found.type, False)
            return _instant(literal.raw)
        word, _, count = literal.raw.partition(":")
        days = _DAY_WORDS.get(word, int(count or 0) * (-1 if word.startswith("last") else 1))
        today = datetime.fromtimestamp(self.now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=days)

    # Records

    def _record(self, query: Query, kind: ObjectType, row: Row) -> Json:
        record = head(self.data, row)
        for item in query.items:
            if isinstance(item, Query):
                self._children(record, item, kind, row)
            elif isinstance(item, str) and item.startswith("FIELDS("):
                self._all(record, item, kind, row)
            else:
                self._put(record, item, kind, row)
        return record

    def _all(self, record: Json, item: str, kind: ObjectType, row: Row) -> None:
        for found in kind.fields.values():
            if item == "FIELDS(ALL)" or (item == "FIELDS(CUSTOM)") == found.custom:
                record[found.name] = row.values.get(found.name)

    def _put(self, record: Json, path: str, kind: ObjectType, row: Row) -> None:
        """Write one path into the record; parents are objects of their own."""
        self._reader(kind, path)
        first, _, rest = path.partition(".")
        if first.lower() == kind.name.lower() and rest:
            self._put(record, rest, kind, row)
        elif not rest:
            found = kind.field(first)
            if found:
                record[found.name] = row.values.get(found.name)
        elif lookup := kind.through(first):
            parent = self._parent(row, lookup)
            if parent is None:
                record[lookup.relationship] = None
                return
            record.setdefault(lookup.relationship, head(self.data, parent))
            self._put(record[lookup.relationship], rest, parent.object, parent)

    def _children(self, record: Json, query: Query, kind: ObjectType, row: Row) -> None:
        side: Children | None = next(
            (one for one in kind.children if one.relationship.lower() == query.source.lower()), None
        )
        child_kind = self.org.object(side.object) if side else None
        if side is None or child_kind is None:
            message = f"Didn't understand relationship '{query.source}' in FROM part of query call."
            raise Refusal(400, "INVALID_TYPE", message)
        mine = [child for child in self.org.all_rows(child_kind.name) if child.values.get(side.field) == row.id]
        found = self._rows(query, child_kind, mine)
        records = [self._record(query, child_kind, child) for child in found]
        nested = {"totalSize": len(records), "done": True, "records": records}
        record[side.relationship] = nested if records else None

    def _sums(self, kind: ObjectType, sums: list[Aggregate], rows: list[Row]) -> Json:
        record: Json = {"attributes": {"type": "AggregateResult"}}
        for place, one in enumerate(sums):
            read, found = self._reader(kind, one.field or "Id")
            values = [value for row in rows if (value := read(row)) is not None]
            record[one.alias or f"expr{place}"] = _aggregate(one.function, found, values)
        return record


def head(data: str, row: Row) -> Json:
    """What every record begins with."""
    return {"attributes": {"type": row.object.name, "url": f"{data}/sobjects/{row.object.name}/{row.id}"}}


def _no_column(kind: ObjectType, name: str) -> Refusal:
    message = (
        f"No such column '{name}' on entity '{kind.name}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name."
    )
    return Refusal(400, "INVALID_FIELD", message)


def _needs(right: bool, found: FieldType, kind: str, quoted: bool) -> bool:
    if not right:
        rule = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
        message = f"value of filter criterion for field '{found.name}' must be of type {kind} and {rule}"
        raise Refusal(400, "INVALID_FIELD", message)
    return right


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _comparable(found: FieldType, value: Any) -> Any:
    if found.type == "boolean":
        return bool(value)
    if value is None:
        return None
    if found.type in ("date", "datetime"):
        return _instant(str(value))
    if found.type in ("id", "reference") or found.type in NUMBER_TYPES:
        return value
    return str(value).casefold()


def _ordered(found: FieldType, operator: str, seen: Any, wanted: Any) -> bool:
    left = _comparable(found, seen)
    if operator in ("<", "<="):
        return bool(left < wanted or (operator == "<=" and left == wanted))
    return bool(left > wanted or (operator == ">=" and left == wanted))


def _like(value: Literal, found: FieldType) -> Callable[[Any], bool]:
    if value.kind != "text" or found.type in NUMBER_TYPES or found.type in ("id", "reference", "date", "datetime"):
        raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator LIKE on {found.name}")
    pattern = ""
    for escaped, plain in re.findall(r"\\(.)|([^\\])", value.raw, flags=re.DOTALL):
        if escaped:
            pattern += re.escape(Literal("text", f"\\{escaped}").text)
        else:
            pattern += {"%": ".*", "_": "."}.get(plain, re.escape(plain))
    shape = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda seen: seen is not None and shape.fullmatch(str(seen)) is not None


def _aggregate(function: str, found: FieldType, values: list[Any]) -> Any:
    if function == "count":
        return len(values)
    if function == "count_distinct":
        return len({_comparable(found, value) for value in values})
    if function in ("sum", "avg") and found.type not in NUMBER_TYPES:
        raise malformed(f"field {found.name} does not support aggregate operator {function.upper()}")
    if not values:
        return None
    if function in ("sum", "avg"):
        return sum(values) / (len(values) if function == "avg" else 1)
    return (min if function == "min" else max)(values, key=lambda value: _comparable(found, value))
