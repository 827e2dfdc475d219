"""Triggers that refuse to change or delete a row once it is written, for both databases."""

from sqlalchemy import DDL, Table, event

_REFUSE_SQLITE = "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
_SQLITE = (
    f"CREATE TRIGGER {{table}}_no_update BEFORE UPDATE ON {{table}} {_REFUSE_SQLITE}",
    f"CREATE TRIGGER {{table}}_no_delete BEFORE DELETE ON {{table}} {_REFUSE_SQLITE}",
)
_REFUSE = "EXECUTE FUNCTION {table}_append_only()"
_FUNCTION = "CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
_POSTGRES = (
    f"{_FUNCTION}$$ BEGIN RAISE EXCEPTION '{{table}} is append-only'; END $$",
    f"CREATE TRIGGER {{table}}_no_change BEFORE UPDATE OR DELETE ON {{table}} FOR EACH ROW {_REFUSE}",
    f"CREATE TRIGGER {{table}}_no_truncate BEFORE TRUNCATE ON {{table}} FOR EACH STATEMENT {_REFUSE}",
)


def append_only_statements(table: str, dialect: str) -> tuple[str, ...]:
    """The statements that protect `table`, for a migration to execute; `dialect` is SQLAlchemy's name."""
    templates = _SQLITE if dialect == "sqlite" else _POSTGRES
    return tuple(template.format(table=table) for template in templates)


def protect(table: Table) -> None:
    """Create the triggers together with `table` whenever the metadata creates it."""
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_statements(table.name, dialect):
            # DDL is a %-format; our statements have no %.
            event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]
