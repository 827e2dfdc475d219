"""Column types and ids that every table shares."""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator

ID_BYTES = 16


def new_id() -> str:
    """Return a random 128-bit id as 32 lower-case hex digits."""
    return secrets.token_hex(ID_BYTES)


def is_id(text: str) -> bool:
    """Tell whether `text` is in the one canonical form of an id."""
    return len(text) == 2 * ID_BYTES and all(character in "0123456789abcdef" for character in text)


def utc_now() -> datetime:
    """Return the wall clock in UTC; the default clock of the composition edge."""
    return datetime.now(UTC)


class Timestamp(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which keeps no zone, stores it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: a zone that is guessed is a zone that is wrong."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp needs a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Hand out aware UTC values whatever the database kept."""
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
