"""Transactions: batches keep callers apart, callbacks follow the commit, a held lock ends in a clear answer."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, InternalError
from sqlmodel import Session, select

from integrations_app.errors import Conflict, Unavailable
from integrations_app.kit import db
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database, on_commit
from integrations_app.organizations.models import Organization


def _add(name: str) -> db.Work[None]:
    def work(session: Session) -> None:
        session.add(Organization(id=new_id(), name=name, created_at=utc_now()))

    return work


def _names(database: Database) -> list[str]:
    return database.read_now(lambda s: sorted(row.name for row in s.exec(select(Organization))))


async def test_many_writers_at_once_are_all_kept(database: Database) -> None:
    await asyncio.gather(*[database.write(_add(f"{number:03}")) for number in range(300)])
    assert _names(database) == [f"{number:03}" for number in range(300)]


async def test_one_failing_caller_leaves_the_others_whole(database: Database) -> None:
    def spoil(session: Session) -> None:
        _add("half done")(session)
        session.flush()
        raise Conflict("spoilt", "on purpose")

    answers = await asyncio.gather(
        database.write(_add("one")), database.write(spoil), database.write(_add("two")), return_exceptions=True
    )
    assert isinstance(answers[1], Conflict)
    assert _names(database) == ["one", "two"]


async def test_a_caller_may_undo_a_part_of_its_work(database: Database) -> None:
    twice = [{"id": "same", "name": name, "created_at": utc_now()} for name in ("first", "second")]

    def work(session: Session) -> None:
        _add("before")(session)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(Organization), twice)
        _add("after")(session)

    await asyncio.gather(database.write(work), database.write(_add("other")))
    assert _names(database) == ["after", "before", "other"]


async def test_a_callback_runs_after_the_commit_and_only_then(database: Database) -> None:
    seen: list[list[str]] = []

    def work(session: Session) -> None:
        _add("announced")(session)
        on_commit(session, lambda: seen.append(_names(database)))

    def spoil(session: Session) -> None:
        on_commit(session, lambda: seen.append(["never"]))
        raise Conflict("spoilt", "on purpose")

    await database.write(work)
    with pytest.raises(Conflict):
        await database.write(spoil)
    assert seen == [["announced"]]


async def test_reading_cannot_write(database: Database) -> None:
    def write(session: Session) -> None:
        _add("x")(session)
        session.flush()

    with pytest.raises((Unavailable, InternalError)):
        await database.read(write)
    assert _names(database) == []


async def test_a_lock_held_by_another_process_ends_in_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "LOCK_SECONDS", 0.2)
    path = tmp_path / "locked.db"
    database = Database(f"sqlite:///{path}")
    Organization.metadata.create_all(database.engine)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as refused:
        await database.write(_add("late"))
    assert refused.value.code == "storage_unavailable"
    assert _names(database) == []
    other.execute("ROLLBACK")
    await database.write(_add("in time"))
    assert _names(database) == ["in time"]
    other.close()
    database.close()
