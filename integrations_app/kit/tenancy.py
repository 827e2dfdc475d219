"""The hook below every query: a statement on a tenant table must bind its organisation.

Handlers can forget a filter; this cannot. Every table with an `organization_id` column is a tenant
table unless its `info` says `{"tenant": False}`. `across_organizations(reason)` is the one exit.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ClauseElement, ColumnClause, TextClause
from sqlalchemy.sql.operators import eq, in_op
from sqlalchemy.sql.selectable import Alias, FromClause

TENANT_COLUMN = "organization_id"
_reason: ContextVar[str] = ContextVar("across_organizations", default="")


class UnscopedStatement(RuntimeError):
    """A statement touches a tenant table without binding an organisation."""


@contextmanager
def across_organizations(reason: str) -> Iterator[None]:
    """Allow statements over all organisations for the block; `reason` is what a reviewer reads."""
    if not reason:
        raise ValueError("say why this crosses organisations")
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


def is_tenant_table(table: FromClause) -> bool:
    """Tell whether rows of `table` belong to one organisation each."""
    return isinstance(table, Table) and TENANT_COLUMN in table.c and table.info.get("tenant", True) is not False


def enforce(engine: Engine) -> None:
    """Install the hook on `engine`; tenant tables are refused from now on unless scoped."""
    proven: WeakSet[ClauseElement] = WeakSet()

    @event.listens_for(engine, "before_execute")
    def _check(
        _conn: Connection,
        statement: Any,
        multiparams: Sequence[Mapping[str, Any]],
        params: Mapping[str, Any],
        _options: Mapping[str, Any],
    ) -> None:
        if _reason.get() or not isinstance(statement, ClauseElement) or statement in proven:
            return
        if isinstance(statement, Insert):
            _check_insert(statement, [*multiparams, params])
            return
        _check_scoped(statement)
        proven.add(statement)


def _check_insert(statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    if not is_tenant_table(statement.table):
        return
    given = [row for row in rows if row]
    inline = {getattr(column, "key", column) for column in (statement._values or {})}  # noqa: SLF001
    several = [row for group in statement._multi_values for row in group]  # noqa: SLF001
    inline_rows = [{getattr(column, "key", column) for column in row} for row in several if isinstance(row, Mapping)]
    bound = (
        TENANT_COLUMN in inline
        or (bool(given) and all(row.get(TENANT_COLUMN) for row in given))
        or (bool(inline_rows) and all(TENANT_COLUMN in row for row in inline_rows))
    )
    if not bound:
        raise UnscopedStatement(f"insert into {statement.table.name} without {TENANT_COLUMN}")


def _check_scoped(statement: ClauseElement) -> None:
    needed: set[FromClause] = set()
    named: set[FromClause] = set()
    bound: set[FromClause] = set()
    equal: list[tuple[FromClause, FromClause]] = []
    for element in visitors.iterate(statement):
        if (isinstance(element, Alias) and is_tenant_table(element.element)) or (
            isinstance(element, FromClause) and is_tenant_table(element)
        ):
            needed.add(element)
        elif isinstance(element, Update | Delete) and is_tenant_table(element.table):
            needed.add(element.table)
        elif isinstance(element, ColumnClause) and element.table is not None:
            named.add(element.table)
        elif isinstance(element, BinaryExpression):
            _note_equality(element, bound, equal)
        elif isinstance(element, TextClause):
            _refuse_text(element)
    _spread(bound, equal)
    # An alias is walked together with the table it stands for; that table counts only where it is named itself.
    inside = {element.element for element in needed if isinstance(element, Alias)} - named
    missing = needed - bound - inside
    if missing:
        names = ", ".join(sorted(str(getattr(table, "name", "?")) for table in missing))
        raise UnscopedStatement(f"statement on {names} does not bind {TENANT_COLUMN}")


def _note_equality(
    element: BinaryExpression[Any], bound: set[FromClause], equal: list[tuple[FromClause, FromClause]]
) -> None:
    left, right = _tenant_side(element.left), _tenant_side(element.right)
    if element.operator is eq and left is not None and right is not None:
        equal.append((left, right))
    elif left is not None and element.operator in (eq, in_op) and isinstance(element.right, BindParameter):
        bound.add(left)
    elif right is not None and element.operator is eq and isinstance(element.left, BindParameter):
        bound.add(right)


def _tenant_side(side: ClauseElement) -> FromClause | None:
    if isinstance(side, ColumnClause) and side.name == TENANT_COLUMN:
        return side.table
    return None


def _spread(bound: set[FromClause], equal: list[tuple[FromClause, FromClause]]) -> None:
    """Carry a bound organisation over joins on the tenant column until nothing changes."""
    changed = True
    while changed:
        changed = False
        for one, other in equal:
            if (one in bound) != (other in bound):
                bound.update((one, other))
                changed = True


def _refuse_text(element: TextClause) -> None:
    words = element.text.lower().split()
    if any(word in ("from", "into", "update", "join") for word in words):
        raise UnscopedStatement("textual SQL on tables is not allowed; write it with columns")
