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


class ApiToken(SQLModel, table=True):
    """A token that a program acts with in a person's place; only its keyed hash is kept."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_user", "user_id"),)

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    id: str = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    user_id: str = Field(foreign_key="user_account.id")
    name: str
    role: str
    """The most it may do; less when the person's own role is lower."""
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_used_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """To the minute."""
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)


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
    made_by: str = ""
    """The rotation that brought this key; empty for one made at need."""
    left_by: str = ""
    """The rotation that moves its records to another key."""


class KeyRotation(SQLModel, table=True):
    """One rotation and how far it is; which records are still to be moved is asked of their tables, not kept here."""

    __tablename__ = "key_rotation"

    id: str = Field(primary_key=True)
    kind: str
    """`data` or `root`."""
    scope: str = ""
    """The organisation whose data key is replaced; empty for all, and for a root key."""
    phase: str
    root_key_id: str = ""
    """The new root key."""
    left_root_ids: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The root keys that are left."""
    actor_id: str = ""
    actor: str = ""
    total: int = 0
    """Records to move, counted when the new key became primary."""
    moved: int = 0
    problem: str = ""
    """Why it does not go on, for people; empty while it does."""
    started_at: datetime = Field(sa_type=Timestamp)
    driven_at: datetime = Field(sa_type=Timestamp)
    """When a process last took a step; long ago means that nobody drives it."""
    verified_at: datetime | None = Field(default=None, sa_type=Timestamp)
    retired_at: datetime | None = Field(default=None, sa_type=Timestamp)


class KeyHolder(SQLModel, table=True):
    """A living process: which root keys it holds, and which step of which rotation it has followed."""

    __tablename__ = "key_holder"

    id: str = Field(primary_key=True)
    host: str
    process_id: int
    root_key_ids: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The first is the one it wraps new keys with."""
    followed: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """The phase that it has followed, by rotation."""
    seen_at: datetime = Field(sa_type=Timestamp)


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
