"""Rows of connections, credentials, OAuth apps and attempts, always of one organisation."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, delete, select, update
from sqlmodel import Session, col

from integrations_app.connections.models import Connection, Credential, OAuthApp, OAuthAttempt, RateBucket, Status
from integrations_app.errors import NotFound
from integrations_app.kit.tenancy import across_organizations

_OF_CONNECTION = (
    select(Credential)
    .where(
        col(Credential.organization_id) == bindparam("organization"),
        col(Credential.connection_id) == bindparam("connection"),
    )
    .order_by(col(Credential.field))
)
"""Prepared once: every call of an action asks it."""


class Connections:
    """The connections of one organisation."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, connection_id: str) -> Connection | None:
        """Return the connection or None."""
        return self._session.get(Connection, (self._organization_id, connection_id))

    def get(self, connection_id: str) -> Connection:
        """Return the connection; raises NotFound."""
        found = self.find(connection_id)
        if found is None:
            raise NotFound("There is no such connection.")
        return found

    def lock(self, connection_id: str) -> Connection:
        """Return the newest row, held against other writers until the transaction ends; raises NotFound."""
        statement = self._mine().where(col(Connection.id) == connection_id).with_for_update()
        fresh = statement.execution_options(populate_existing=True)
        found: Connection | None = self._session.scalars(fresh).one_or_none()
        if found is None:
            raise NotFound("There is no such connection.")
        return found

    def list_all(self) -> list[Connection]:
        """Every connection, oldest first."""
        return list(self._session.scalars(self._mine().order_by(col(Connection.created_at), col(Connection.id))))

    def list_by_provider(self, provider: str) -> list[Connection]:
        """The connections of one provider, oldest first."""
        statement = self._mine().where(col(Connection.provider) == provider)
        return list(self._session.scalars(statement.order_by(col(Connection.created_at), col(Connection.id))))

    def list_by_account(self, provider: str, account_id: str) -> list[Connection]:
        """The connections of one account at the vendor, oldest first; none for an unknown account."""
        return [row for row in self.list_by_provider(provider) if account_id and row.account_id == account_id]

    def list_by_app(self, app_id: str) -> list[Connection]:
        """The connections made with an app of the organisation that are not disconnected."""
        statement = self._mine().where(
            col(Connection.app_id) == app_id, col(Connection.status) != Status.DISCONNECTED.value
        )
        return list(self._session.scalars(statement))

    def add(self, connection: Connection) -> Connection:
        """Keep a new connection."""
        if connection.organization_id != self._organization_id:
            raise ValueError("the connection belongs to another organisation")
        self._session.add(connection)
        self._session.flush()
        return connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection and its secrets, if it is still there."""
        try:
            self.lock(connection.id)
        except NotFound:
            self._session.expunge(connection)
            return
        Credentials(self._session, self._organization_id).remove(connection.id)
        RateBuckets(self._session, self._organization_id).remove(connection.id)
        self._session.delete(connection)
        self._session.flush()

    def claim_check(self, connection_id: str, now: datetime, until: datetime) -> bool:
        """Reserve the right to test until `until`; False when another test runs or ended a moment ago."""
        free = col(Connection.next_check_at).is_(None) | (col(Connection.next_check_at) <= now)
        statement = (
            update(Connection)
            .where(col(Connection.organization_id) == self._organization_id, col(Connection.id) == connection_id, free)
            .values(next_check_at=until)
        )
        return _changed(self._session, statement) == 1

    def _mine(self) -> Any:
        return select(Connection).where(col(Connection.organization_id) == self._organization_id)


class Credentials:
    """The sealed secrets of one organisation's connections."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, connection_id: str, field: str) -> Credential | None:
        """Return one sealed secret or None."""
        return self._session.get(Credential, (self._organization_id, connection_id, field))

    def list_by_connection(self, connection_id: str) -> list[Credential]:
        """The sealed secrets of a connection, by field."""
        given = {"organization": self._organization_id, "connection": connection_id}
        return list(self._session.scalars(_OF_CONNECTION, given))

    def list_by_connections(self, connection_ids: Iterable[str]) -> list[Credential]:
        """The sealed secrets of several connections, by connection and field."""
        statement = select(Credential).where(
            col(Credential.organization_id) == self._organization_id,
            col(Credential.connection_id).in_(list(connection_ids)),
        )
        return list(self._session.scalars(statement.order_by(col(Credential.connection_id), col(Credential.field))))

    def add(self, credential: Credential) -> Credential:
        """Keep a sealed secret in place of an earlier one of the same field."""
        return self._session.merge(credential)

    def remove(self, connection_id: str, field: str | None = None) -> None:
        """Destroy the sealed secrets of a connection, or one of them."""
        statement = delete(Credential).where(
            col(Credential.organization_id) == self._organization_id, col(Credential.connection_id) == connection_id
        )
        if field is not None:
            statement = statement.where(col(Credential.field) == field)
        self._session.flush()
        self._session.execute(statement)


class RateBuckets:
    """What the vendors last said of the limits of one organisation's connections."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def list_by_connection(self, connection_id: str) -> list[RateBucket]:
        """The limits of one connection, by name."""
        statement = self._mine().where(col(RateBucket.connection_id) == connection_id)
        return list(self._session.scalars(statement.order_by(col(RateBucket.bucket))))

    def list_all(self) -> list[RateBucket]:
        """The limits of every connection, by connection and name."""
        return list(self._session.scalars(self._mine().order_by(col(RateBucket.connection_id), col(RateBucket.bucket))))

    def put(self, row: RateBucket) -> None:
        """Keep what was said last in place of what was said before."""
        self._session.merge(row)

    def remove(self, connection_id: str) -> None:
        """Forget what was said of a connection."""
        statement = delete(RateBucket).where(
            col(RateBucket.organization_id) == self._organization_id, col(RateBucket.connection_id) == connection_id
        )
        self._session.flush()
        self._session.execute(statement)

    def _mine(self) -> Any:
        return select(RateBucket).where(col(RateBucket.organization_id) == self._organization_id)


class OAuthApps:
    """The OAuth clients that one organisation registered."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, app_id: str) -> OAuthApp | None:
        """Return the app or None."""
        return self._session.get(OAuthApp, (self._organization_id, app_id))

    def get(self, app_id: str) -> OAuthApp:
        """Return the app; raises NotFound."""
        found = self.find(app_id)
        if found is None:
            raise NotFound("There is no such OAuth app.")
        return found

    def list_by_provider(self, provider: str) -> list[OAuthApp]:
        """The apps registered for a provider, newest first."""
        statement = (
            select(OAuthApp)
            .where(col(OAuthApp.organization_id) == self._organization_id, col(OAuthApp.provider) == provider)
            .order_by(col(OAuthApp.created_at).desc(), col(OAuthApp.id))
        )
        return list(self._session.scalars(statement))

    def add(self, app: OAuthApp) -> OAuthApp:
        """Keep a new app."""
        self._session.add(app)
        self._session.flush()
        return app

    def remove(self, app: OAuthApp) -> None:
        """Forget an app and its secret."""
        self._session.delete(app)
        self._session.flush()


class OAuthAttempts:
    """The OAuth round trips of one organisation."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, state_hash: str) -> OAuthAttempt | None:
        """Return the attempt or None."""
        return self._session.get(OAuthAttempt, (self._organization_id, state_hash))

    def list_open(self, now: datetime, connection_id: str | None = None) -> list[OAuthAttempt]:
        """Attempts that could still succeed, of one connection when given, newest first."""
        statement = self._unspent().where(col(OAuthAttempt.expires_at) > now)
        if connection_id is not None:
            statement = statement.where(col(OAuthAttempt.connection_id) == connection_id)
        return list(self._session.scalars(statement.order_by(col(OAuthAttempt.created_at).desc())))

    def list_expired(self, now: datetime) -> list[OAuthAttempt]:
        """Attempts whose time ran out before anybody came back."""
        return list(self._session.scalars(self._unspent().where(col(OAuthAttempt.expires_at) <= now)))

    def list_stranded(self, now: datetime) -> list[OAuthAttempt]:
        """Attempts that were used, never ended, and still hold their connection: the process died in between."""
        statement = (
            select(OAuthAttempt)
            .join(
                Connection,
                (col(Connection.organization_id) == col(OAuthAttempt.organization_id))
                & (col(Connection.id) == col(OAuthAttempt.connection_id)),
            )
            .where(
                col(OAuthAttempt.organization_id) == self._organization_id,
                col(OAuthAttempt.consumed_at).is_not(None),
                col(OAuthAttempt.expires_at) <= now,
                col(Connection.status) == Status.PENDING.value,
                (col(Connection.earlier_status) != "") | col(OAuthAttempt.creates_connection),
            )
        )
        return list(self._session.scalars(statement))

    def add(self, attempt: OAuthAttempt) -> OAuthAttempt:
        """Keep a new attempt."""
        self._session.add(attempt)
        self._session.flush()
        return attempt

    def remove(self, before: datetime) -> int:
        """Forget attempts that ended before `before`; returns how many."""
        statement = delete(OAuthAttempt).where(
            col(OAuthAttempt.organization_id) == self._organization_id, col(OAuthAttempt.expires_at) < before
        )
        return _changed(self._session, statement)

    def consume(self, state_hash: str, now: datetime) -> bool:
        """Use the attempt up by one conditional update; True for exactly one caller, ever."""
        still_good = col(OAuthAttempt.expires_at) > now
        return self._spend(state_hash, {"consumed_at": now}, still_good)

    def burn(self, state_hash: str, why: str) -> bool:
        """Spoil the attempt for good; True when it was still open."""
        return self._spend(state_hash, {"burned": why})

    def _spend(self, state_hash: str, values: dict[str, Any], *more: Any) -> bool:
        statement = (
            update(OAuthAttempt)
            .where(
                col(OAuthAttempt.organization_id) == self._organization_id,
                col(OAuthAttempt.state_hash) == state_hash,
                col(OAuthAttempt.consumed_at).is_(None),
                col(OAuthAttempt.burned) == "",
                *more,
            )
            .values(**values)
            .execution_options(synchronize_session="fetch")
        )
        return _changed(self._session, statement) == 1

    def _unspent(self) -> Any:
        return select(OAuthAttempt).where(
            col(OAuthAttempt.organization_id) == self._organization_id,
            col(OAuthAttempt.consumed_at).is_(None),
            col(OAuthAttempt.burned) == "",
        )


def find_attempt(session: Session, state_hash: str) -> OAuthAttempt | None:
    """Look an attempt up by the hash of its state, which alone says whose it is."""
    with across_organizations("a callback names its organisation only by its state"):
        return session.scalars(select(OAuthAttempt).where(col(OAuthAttempt.state_hash) == state_hash)).one_or_none()


def organizations_with_attempts(session: Session) -> list[str]:
    """Every organisation that has attempts to tidy up."""
    with across_organizations("the expiry sweep visits every organisation"):
        return list(session.scalars(select(col(OAuthAttempt.organization_id)).distinct()))


def _changed(session: Session, statement: Any) -> int:
    session.flush()
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
