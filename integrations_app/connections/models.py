"""Tables of connections, their sealed credentials, OAuth apps and attempts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from integrations_app.kit.columns import Timestamp


class Status(StrEnum):
    """Where a connection stands; what lies behind it is `error_code`."""

    PENDING = "pending"
    CONNECTED = "connected"
    NEEDS_REAUTH = "needs_reauth"
    ERROR = "error"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"


class AppKind(StrEnum):
    """Whose OAuth app a connection was made with."""

    ORGANIZATION = "organization"
    SERVER = "server"
    SANDBOX = "sandbox"
    NONE = "none"
    """Typed secrets, no app."""


class OAuthApp(SQLModel, table=True):
    """An OAuth client that the organisation registered at a vendor itself."""

    __tablename__ = "oauth_app"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    id: str = Field(primary_key=True, unique=True)
    provider: str
    client_id: str
    client_secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Envelope."""
    signing_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Envelope."""
    secret_version: int = 1
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)


class Connection(SQLModel, table=True):
    """An organisation's link to one vendor account. Never holds a secret."""

    __tablename__ = "connection"
    __table_args__ = (
        Index("ix_connection_provider", "organization_id", "provider", "status"),
        Index("ix_connection_refresh", "next_refresh_at"),
    )

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    id: str = Field(primary_key=True, unique=True)
    provider: str
    name: str
    status: str = Status.PENDING.value
    auth_kind: str = "oauth2"
    """The `kind` of the provider's auth this was made with."""
    app_kind: str = AppKind.NONE.value
    app_id: str | None = None
    account_id: str = ""
    account_name: str = ""
    account_detail: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    settings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    extra: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Public facts that came with the token."""
    credential_version: int = 0
    is_default: bool = False
    error_code: str = ""
    error_message: str = ""
    last_revocation: str = ""
    """Id of the vendor's message that took the access away last."""
    earlier_status: str = ""
    """What Cancel of a running attempt, or Resume, goes back to."""
    created_by: str = ""
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)
    last_used_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_checked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    check_succeeded_at: datetime | None = Field(default=None, sa_type=Timestamp)
    next_check_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """No test of this connection begins before: one at a time, and not in a burst."""
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)
    disconnected_at: datetime | None = Field(default=None, sa_type=Timestamp)
    refreshed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When the last new grant came for the refresh token."""
    next_refresh_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When to ask for a new grant; None without a refresh token."""
    refresh_holder: str = ""
    """Who asks the vendor for a new grant now; with the fence and the end below, the lease."""
    refresh_fence: int = 0
    refresh_lease_until: datetime | None = Field(default=None, sa_type=Timestamp)
    refresh_attempt: int = 0
    """The credential version that was last sent for renewal, until it is known what became of that; 0 then."""
    refresh_failures: int = 0
    """Refreshes in a row that brought nothing."""
    row_version: int = 1


class Credential(SQLModel, table=True):
    """One sealed secret of a connection."""

    __tablename__ = "credential"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "connection_id"], ["connection.organization_id", "connection.id"]),
        Index("ix_credential_key", "data_key_id"),
    )

    organization_id: str = Field(primary_key=True)
    connection_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    version: int
    data_key_id: str
    envelope: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    fingerprint: str = ""
    """Keyed, eight hex digits: lets a person tell two secrets apart without seeing either."""
    updated_at: datetime = Field(sa_type=Timestamp)


class RateBucket(SQLModel, table=True):
    """What the vendor's answers last said of one of a connection's limits; kept now and then, not at every call."""

    __tablename__ = "rate_bucket"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "connection_id"], ["connection.organization_id", "connection.id"]),
    )

    organization_id: str = Field(primary_key=True)
    connection_id: str = Field(primary_key=True)
    bucket: str = Field(primary_key=True)
    most: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = Field(default=None, sa_type=Timestamp)
    blocked_until: datetime | None = Field(default=None, sa_type=Timestamp)
    told_at: datetime = Field(sa_type=Timestamp)


class OAuthAttempt(SQLModel, table=True):
    """One OAuth round trip: written when a signed-in person opens it, consumed once.

    Looked up by the hash of its state before an organisation is known, hence `across_organizations`.
    """

    __tablename__ = "oauth_attempt"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    state_hash: str = Field(primary_key=True, unique=True)
    user_id: str
    session_hash: str
    provider: str
    app_kind: str
    app_id: str | None = None
    connection_id: str
    creates_connection: bool = False
    """Cancel removes the pending row again."""
    switches_account: bool = False
    """The person has said that the connection may become another account's."""
    verifier: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Envelope of the PKCE verifier."""
    redirect_uri: str
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    mode: str = "redirect"
    next_path: str = "/integrations"
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    consumed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    burned: str = ""
    """Why it can never be used again, when it was spoilt rather than used."""
