"""Frozen rows of connections for pages and the REST API; none can hold a secret."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from integrations_app.connections.models import AppKind, Connection, Credential, Status
from integrations_app.errors import RateLimited

ATTENTION = frozenset({Status.NEEDS_REAUTH.value, Status.ERROR.value})


def standing(row: Connection) -> Status:
    """Where the connection really stands: while somebody reconnects it, it works as it did before."""
    if row.status == Status.PENDING.value and row.earlier_status:
        return Status(row.earlier_status)
    return Status(row.status)


def newest(*times: datetime | None) -> datetime | None:
    """The latest of the times that are known."""
    return max((time for time in times if time is not None), default=None)


@dataclass(frozen=True, slots=True)
class RateView:
    """One limit of the vendor as its answers last told it; `bucket` is empty for one that holds for every call."""

    bucket: str
    most: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    waits_until: datetime | None = None
    """Calls have to wait until then; None when they may leave."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the REST API."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection as people and programs see it. Times are aware UTC."""

    id: str
    provider: str
    name: str
    status: str
    auth_kind: str
    app_kind: str
    app_id: str | None
    account_id: str
    account_name: str
    account_detail: Mapping[str, str]
    scopes: tuple[str, ...]
    settings: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    """Of the secrets that are set, by field: eight hex digits each."""
    default: bool
    created_at: datetime
    last_used_at: datetime | None
    last_checked_at: datetime | None
    last_synced_at: datetime | None
    """The newer of the last use and the last successful check."""
    expires_at: datetime | None
    error_code: str
    error_message: str
    version: int
    used_by: int = 0
    """Workflows whose draft or live version names it."""
    rate: tuple[RateView, ...] = ()

    @property
    def sandbox(self) -> bool:
        """Whether it leads to an emulation and wears the badge."""
        return self.app_kind == AppKind.SANDBOX.value

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look."""
        return self.status in ATTENTION

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the REST API, times as datetime."""
        shown: dict[str, Any] = {
            "id": self.id,
            "provider": self.provider,
            "name": self.name,
            "status": self.status,
            "account": {"id": self.account_id, "name": self.account_name},
            "scopes": list(self.scopes),
            "settings": dict(self.settings),
            "secrets_set": sorted(self.fingerprints),
            "secret_fingerprints": dict(self.fingerprints),
            "sandbox": self.sandbox,
            "default": self.default,
            "last_used_at": self.last_used_at,
            "last_checked_at": self.last_checked_at,
            "last_synced_at": self.last_synced_at,
            "expires_at": self.expires_at,
            "created_at": self.created_at,
            "rate": [one.as_dict() for one in self.rate],
        }
        if self.error_code:
            shown["error"] = {"code": self.error_code, "message": self.error_message}
        return shown


def view(
    row: Connection, credentials: list[Credential], used_by: int = 0, rate: tuple[RateView, ...] = ()
) -> ConnectionView:
    """Freeze a row together with the fingerprints of its secrets and what is known of its limits."""
    code, message = row.error_code, row.error_message
    if not code and any(one.waits_until for one in rate):
        code, message = RateLimited.code, "The vendor asks for a pause. Runs wait and go on by themselves."
    return ConnectionView(
        id=row.id,
        provider=row.provider,
        name=row.name,
        status=row.status,
        auth_kind=row.auth_kind,
        app_kind=row.app_kind,
        app_id=row.app_id,
        account_id=row.account_id,
        account_name=row.account_name,
        account_detail=dict(row.account_detail),
        scopes=tuple(row.scopes),
        settings=dict(row.settings),
        fingerprints={one.field: one.fingerprint for one in credentials},
        default=row.is_default,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        last_checked_at=row.last_checked_at,
        last_synced_at=newest(row.last_used_at, row.check_succeeded_at),
        expires_at=row.expires_at,
        error_code=code,
        error_message=message,
        version=row.row_version,
        used_by=used_by,
        rate=rate,
    )


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A card of the integrations page."""

    key: str
    name: str
    summary: str
    logo: str
    docs_url: str
    connections: tuple[ConnectionView, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowUse:
    """A workflow that names a connection."""

    workflow_id: str
    name: str
    live: bool
    """Its published version does, not only its draft."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a test of a connection found out."""

    __test__ = False  # no test class, whatever its name says to pytest

    ok: bool
    milliseconds: int
    account_id: str = ""
    account_name: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    """What the vendor says of us, its rate budget included."""
    scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    code: str = ""
    message: str = ""
    fix: str = ""
    """The one next thing to do."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the REST API."""
        shown: dict[str, Any] = {
            "ok": self.ok,
            "milliseconds": self.milliseconds,
            "account": {"id": self.account_id, "name": self.account_name},
            "detail": dict(self.detail),
            "scopes": list(self.scopes),
            "missing_scopes": list(self.missing_scopes),
            "expires_at": self.expires_at,
        }
        if not self.ok:
            shown["error"] = {"code": self.code, "message": self.message, "fix": self.fix}
        return shown
