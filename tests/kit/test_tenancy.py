"""A statement on a tenant table that binds no organisation is refused, however it is written."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, text, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from integrations_app.connections.models import Connection, Credential
from integrations_app.kit.columns import utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.tenancy import UnscopedStatement, across_organizations
from integrations_app.organizations.models import Organization

MINE, THEIRS = "a" * 32, "b" * 32
ALIAS = aliased(Connection)
OTHER = aliased(Connection)


@pytest.fixture
def filled(database: Database) -> Database:
    """Two organisations with a connection each."""

    def fill(session: Session) -> None:
        for organization_id in (MINE, THEIRS):
            session.add(Organization(id=organization_id, name="Acme", created_at=utc_now()))
            session.flush()
            session.add(_connection(organization_id))

    database.write_now(fill)
    return database


def _connection(organization_id: str) -> Connection:
    now = utc_now()
    return Connection(
        organization_id=organization_id, id=organization_id, provider="p", name="n", created_at=now, updated_at=now
    )


REFUSED: dict[str, Callable[[Session], Any]] = {
    "select everything": lambda s: s.exec(select(Connection)).all(),
    "select by id": lambda s: s.exec(select(Connection).where(Connection.id == THEIRS)).all(),
    "select an alias": lambda s: s.exec(select(ALIAS)).all(),
    "count": lambda s: s.exec(select(func.count()).select_from(Connection)).one(),
    "join on the id alone": lambda s: s.exec(
        select(Connection)
        .join(Credential, col(Credential.connection_id) == Connection.id)
        .where(Connection.organization_id == MINE)
    ).all(),
    "subquery without it": lambda s: s.exec(
        select(Connection).where(
            Connection.organization_id == MINE,
            col(Connection.id).in_(select(Credential.connection_id)),
        )
    ).all(),
    "one of two aliases": lambda s: s.exec(
        select(ALIAS, OTHER).where(ALIAS.organization_id == MINE, ALIAS.id == OTHER.id)
    ).all(),
    "update by id": lambda s: s.execute(update(Connection).where(col(Connection.id) == THEIRS).values(name="x")),
    "delete by id": lambda s: s.execute(delete(Connection).where(col(Connection.id) == THEIRS)),
    "insert without it": lambda s: s.execute(insert(Connection).values(id="1")),
    "text": lambda s: s.execute(text("SELECT * FROM connection")),
    "column compared with itself": lambda s: s.exec(
        select(Connection).where(Connection.organization_id == Connection.organization_id)
    ).all(),
    "inequality": lambda s: s.exec(select(Connection).where(Connection.organization_id != MINE)).all(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_statement_without_an_organization_is_refused(filled: Database, name: str) -> None:
    with pytest.raises(UnscopedStatement):
        filled.write_now(REFUSED[name])


ALLOWED: dict[str, Callable[[Session], Any]] = {
    "select": lambda s: s.exec(select(Connection).where(Connection.organization_id == MINE)).all(),
    "by primary key": lambda s: s.get(Connection, (MINE, MINE)),
    "alias": lambda s: s.exec(select(ALIAS).where(ALIAS.organization_id == MINE)).all(),
    "count": lambda s: s.exec(
        select(func.count()).select_from(Connection).where(Connection.organization_id == MINE)
    ).one(),
    "join on both": lambda s: s.exec(
        select(Connection)
        .outerjoin(
            Credential,
            (col(Credential.organization_id) == Connection.organization_id)
            & (col(Credential.connection_id) == Connection.id),
        )
        .where(Connection.organization_id == MINE)
    ).all(),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_scoped_statement_sees_its_own_rows_only(filled: Database, name: str) -> None:
    answer = filled.write_now(ALLOWED[name])
    if isinstance(answer, list):
        assert len(answer) == 1
    else:
        assert answer


def test_rows_are_changed_through_the_unit_of_work(filled: Database) -> None:
    def rename(session: Session) -> None:
        row = session.get(Connection, (MINE, MINE))
        assert row is not None
        row.name = "renamed"
        session.add(row)

    filled.write_now(rename)
    names = filled.read_now(
        lambda s: [row.name for row in s.exec(select(Connection).where(Connection.organization_id == MINE))]
    )
    assert names == ["renamed"]


def test_crossing_organizations_needs_a_reason_and_ends_with_the_block(filled: Database) -> None:
    def count(session: Session) -> int:
        with across_organizations("this test"):
            return len(session.exec(select(Connection)).all())

    assert filled.read_now(count) == 2
    with pytest.raises(ValueError, match="why"), across_organizations(""):
        pass
    with pytest.raises(UnscopedStatement):
        filled.read_now(lambda s: s.exec(select(Connection)).all())
