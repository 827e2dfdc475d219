"""Tables of people, organisations, sessions, vault keys and audit."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Table
from sqlmodel import Field, SQLModel

from integrations_app.kit.columns import Timestamp
from integrations_app.organizations.append_only import protect

PLATFORM: dict[str, Any] = {"tenant": False}
"""Marks a table that is looked up before an organisation is known; its access is by secret or user id only."""


class Role(StrEnum):
    """What a member may do, from least to most."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"


class Organization(SQLModel, table=True):
    """A tenant: owns connections, workflows, runs."""

    __tablename__ = "organization"

    id: str = Field(primary_key=True)
    name: str
    created_at: datetime = Field(sa_type=Timestamp)


class User(SQLModel, table=True):
    """A person who signs in; may be a member of several organisations."""

    __tablename__ = "user_account"

    id: str = Field(primary_key=True)
    email: str = Field(unique=True)
    """Lower case."""
    password_hash: str
    created_at: datetime = Field(sa_type=Timestamp)
    disabled_at: datetime | None = Field(default=None, sa_type=Timestamp)


class Member(SQLModel, table=True):
    """A user's place in an organisation."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_user", "user_id"),)

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    user_id: str = Field(primary_key=True, foreign_key="user_account.id")
    role: str
    created_at: datetime = Field(sa_type=Timestamp)


class Invitation(SQLModel, table=True):
    """A one-time link that makes its bearer a member; only the hash of its token is kept."""

    __tablename__ = "invitation"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    id: str = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    role: str
    email: str = ""
    created_by: str
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    used_at: datetime | None = Field(default=None, sa_type=Timestamp)


class SignInSession(SQLModel, table=True):
    """A browser's session; `token_hash` is keyed, so that a stolen copy of the table cannot sign in."""

    __tablename__ = "sign_in_session"
    __table_args__ = (Index("ix_session_user", "user_id"), {"info": PLATFORM})

    token_hash: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user_account.id")
    organization_id: str = Field(foreign_key="organization.id")
    created_at: datetime = Field(sa_type=Timestamp)
    last_seen_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)


class SetupToken(SQLModel, table=True):
    """The one-time token of `/setup`; its row is consumed with the first owner."""

    __tablename__ = "setup_token"

    id: int = Field(primary_key=True)
    token_hash: str
    created_at: datetime = Field(sa_type=Timestamp)
    used_at: datetime | None = Field(default=None, sa_type=Timestamp)


class DataKey(SQLModel, table=True):
    """A data key, wrapped by a root key. The installation's own has organisation `system`."""

    __tablename__ = "data_key"
    __table_args__ = ({"info": PLATFORM},)

    id: str = Field(primary_key=True)
    organization_id: str = Field(index=True)
    root_key_id: str
    wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    is_primary: bool = True
    use_count: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=Timestamp)


class AuditEvent(SQLModel, table=True):
    """One act, chained to the one before it by a MAC."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_time", "organization_id", "at"),)

    organization_id: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    at: datetime = Field(sa_type=Timestamp)
    name: str
    """`connection.connected`, `oauth.callback.rejected`, …"""
    actor_id: str = ""
    actor: str = ""
    """The user's e-mail at that time, `system`, or `anonymous`."""
    subject: str = ""
    """`connection:<id>` and the like."""
    address: str = ""
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous_mac: str
    mac: str


_audit_table: Table = AuditEvent.metadata.tables["audit_event"]
protect(_audit_table)
