"""One transaction at a time: a named lock that lasts until the end of the transaction."""

from sqlalchemy import func, select
from sqlmodel import Session


def hold(session: Session, name: str) -> None:
    """Wait until no other transaction holds `name`, then hold it until this one ends.

    On SQLite a write transaction is alone anyway; PostgreSQL gets an advisory lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
