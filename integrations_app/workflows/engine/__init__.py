"""Engines say when and where a run is executed; which one serves a database is kept here."""

from datetime import datetime
from weakref import WeakKeyDictionary

from sqlmodel import Session

from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.engine.base import Engine

_engines: "WeakKeyDictionary[Database, Engine]" = WeakKeyDictionary()


def attach(database: Database, engine: Engine) -> None:
    """From now on runs of this database are handed to `engine`."""
    _engines[database] = engine


def detach(database: Database) -> None:
    """Runs stay in their rows until an engine starts again."""
    _engines.pop(database, None)


def enqueue(hub: Hub, session: Session, run_id: str, at: datetime | None = None) -> None:
    """Hand a run to the engine with the surrounding transaction: it becomes due once the commit stands.

    In a process without an engine the row itself is the queue: an engine finds it at its start.
    """
    engine = _engines.get(hub.database)
    if engine is not None:
        engine.enqueue(run_id, at, session)


def cancel(hub: Hub, run_id: str) -> None:
    """Tell the engine, after the commit, that a run is to end; unknown runs are none of its business."""
    engine = _engines.get(hub.database)
    if engine is not None:
        engine.cancel(run_id)


__all__ = ["Engine", "attach", "cancel", "detach", "enqueue"]
