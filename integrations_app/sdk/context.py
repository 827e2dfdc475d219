"""What the runtime hands to a provider's code: an authorised client, never a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from integrations_app.kit.egress import Door, Passport, Watch
from integrations_app.kit.secret import Secret

C = TypeVar("C")


def utc_now() -> datetime:
    """The time in UTC: the default of every clock handed to a provider."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """All that a provider's `client.py` needs to build its client. Only a transport reveals the secrets."""

    organization_id: str
    connection_id: str
    secrets: Mapping[str, Secret]
    bases: Mapping[str, str]
    """Base addresses by name (`web`, `api`), each ending without a slash."""
    settings: BaseModel
    extra: Mapping[str, str]
    """`Grant.extra` as stored."""
    door: Door
    passport: Passport | None
    deadline: float = 30.0
    """Seconds for one call."""
    clock: Callable[[], datetime] = utc_now
    watch: Watch | None = None
    """Who looks on at the client's calls, for the connection's rate budget."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are at the vendor; answer of `check`. `id` is what a reconnect must match."""

    id: str
    name: str
    scopes: tuple[str, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)
    """Shown to people: login, workspace address, rate budget left."""


@dataclass(frozen=True, slots=True)
class ActionContext(Generic[C]):
    """Beside its validated parameters, all that an action gets."""

    client: C
    operation_id: str
    """The same on every attempt of one step of one run: idempotency key and reconcile marker."""
    settings: Any
    scopes: tuple[str, ...] = ()
    now: datetime | None = None
    attempt: int = 1
    started: datetime | None = None
    """When the first attempt of this operation began: how far back a look for its effect must reach."""


@dataclass(frozen=True, slots=True)
class RevokeContext(Generic[C]):
    """For ending a grant at the vendor on disconnect."""

    client: C
    access: Access
    client_id: str = ""
    client_secret: Secret | None = None
