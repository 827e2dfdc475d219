"""The lease under which one process at a time renews a connection's credentials, and the end of each attempt.

Taken by compare-and-set under the row's lock, with a fence that counts the holders: whoever comes back late finds
another fence and changes nothing. Every function here is one transaction; the network call lies between two.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from integrations_app.connections.app_choice import App, app_of
from integrations_app.connections.changes import announce, settle
from integrations_app.connections.client_grant import client_terms
from integrations_app.connections.credentials import open_secrets, store_secrets
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.refresh_plan import (
    APART,
    SKEW,
    chance,
    forget_refresh,
    is_due,
    next_try,
    plan_refresh,
)
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import standing
from integrations_app.errors import IntegrationsError, NotFound, Retryable
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor
from integrations_app.sdk.auth import ACCESS_TOKEN, REFRESH_TOKEN, Grant, OAuth2
from integrations_app.sdk.provider import Provider

LEASE = timedelta(seconds=30)
MISCONFIGURED = "oauth_app_misconfigured"
FAILED = "refresh_failed"
OUTCOME_UNKNOWN = "refresh_outcome_unknown"
NEEDS_REAUTH = "needs_reauth"
_OURS = frozenset({MISCONFIGURED, FAILED})
_RENEWED = frozenset({Status.CONNECTED, Status.ERROR, Status.PAUSED})


@dataclass(frozen=True, slots=True)
class Need:
    """Why somebody wants new credentials: those of `version` are due, or the vendor called them expired."""

    version: int
    expired: bool = False
    asked: bool = False
    """A person waits for it: no patience after earlier failures."""


class Kind(StrEnum):
    """What a wish for new credentials came to."""

    SETTLED = "settled"
    """Read the connection again: what is stored now is what there is."""
    BUSY = "busy"
    """Another process holds the lease."""
    LATER = "later"
    """The vendor could not be asked with success a moment ago; not again before `at`."""
    HOPELESS = "hopeless"
    """Nothing here can mend it: no refresh token, or the vendor refuses what it has just given."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a wish, and when to wish again."""

    kind: Kind
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to renew one connection's credentials, and what that takes."""

    organization_id: str
    connection_id: str
    fence: int
    version: int
    need: Need
    doubtful: bool
    """An earlier attempt with these credentials has no known end: the vendor may have rotated them already."""
    provider: Provider
    oauth: OAuth2
    app: App | None
    refresh_token: Secret | None
    """None where the client's own secret buys the next token."""


def is_held(row: Connection, now: datetime) -> bool:
    """Whether somebody holds the lease of the row at `now`."""
    until = row.refresh_lease_until
    return until is not None and now < until <= now + LEASE + SKEW


def claim(hub: Hub, session: Session, organization_id: str, connection_id: str, need: Need) -> Lease | Answer:
    """Take the lease when new credentials are needed still, and write that an attempt begins.

    Raises NotFound, CredentialUnreadable, VaultSealed.
    """
    row = Connections(session, organization_id).lock(connection_id)
    provider, now = hub.registry.get(row.provider), hub.clock()
    if row.credential_version != need.version or standing(row) in {Status.DISCONNECTED, Status.PENDING}:
        return Answer(Kind.SETTLED)
    if standing(row) not in _RENEWED:
        return Answer(Kind.HOPELESS)
    if is_held(row, now):
        return Answer(Kind.BUSY, row.refresh_lease_until)
    secrets = open_secrets(hub, session, row)
    secret, terms = secrets.get(REFRESH_TOKEN), client_terms(provider, row, secrets)
    oauth = terms[0] if terms else provider.oauth if secret else None
    if oauth is None:
        forget_refresh(row)
        return Answer(Kind.HOPELESS)
    refused = _too_early(row, need, now)
    if refused is not None:
        return refused
    app = terms[1] if terms else app_of(hub, session, provider, row)
    doubtful = row.refresh_attempt == row.credential_version
    _take(hub, row, now)
    version, fence = row.credential_version, row.refresh_fence
    return Lease(organization_id, row.id, fence, version, need, doubtful, provider, oauth, app, secret)


def _take(hub: Hub, row: Connection, now: datetime) -> None:
    row.refresh_fence += 1
    row.refresh_holder, row.refresh_lease_until = hub.new_id(), now + LEASE
    row.refresh_attempt = row.credential_version
    if row.refreshed_at is not None and row.refreshed_at > now:
        row.refreshed_at = None  # the clock was set back: one attempt because of that is enough


def _too_early(row: Connection, need: Need, now: datetime) -> Answer | None:
    """Whether the vendor must not be asked now; None when it may."""
    due = row.next_refresh_at
    if need.asked and row.refresh_failures:
        return None
    if not need.expired:
        return None if is_due(due, row.refreshed_at, now) else Answer(Kind.SETTLED)
    if row.refresh_failures and due is not None and due > now:
        return Answer(Kind.LATER, due)
    age = now - row.refreshed_at if row.refreshed_at is not None else APART
    if not timedelta(0) <= age < APART:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return Answer(Kind.LATER, now - age + APART)  # it lives shorter than we may renew it
    return Answer(Kind.HOPELESS)  # fresh, and refused all the same: the vendor has ended it


def keep(hub: Hub, session: Session, lease: Lease, grant: Grant) -> bool:
    """Store the new grant where the old one was; False when that is not the lease's any more.

    Merged, never overwritten: a refresh token, scopes or facts that the answer left out stay as they were.
    """
    row = _mine(session, lease)
    if row is None:
        return False
    now, edited = hub.clock(), row.row_version
    secrets = {ACCESS_TOKEN: grant.access_token}
    if grant.refresh_token:
        secrets[REFRESH_TOKEN] = grant.refresh_token
    store_secrets(hub, session, row, secrets)
    row.row_version = edited  # nobody's open form is out of date because a token is new
    row.extra = {**row.extra, **grant.extra}
    row.scopes = list(grant.scopes) or row.scopes
    row.refreshed_at = now
    plan_refresh(row, lease.oauth, grant, now, chance(hub.new_id), renewable=True)
    if row.error_code in _OURS:
        row.error_code = row.error_message = ""
        if standing(row) is Status.ERROR:
            _stand(row, Status.CONNECTED)
    announce(hub, session, row.organization_id, row.id)
    return True


def fail(hub: Hub, session: Session, lease: Lease, error: IntegrationsError, code: str, *, unknown: bool) -> Answer:
    """It did not work this time: later again, with patience. Credentials stay.

    `code` names it on the card; `unknown` says that the vendor may have renewed them all the same.
    """
    row = _mine(session, lease)
    if row is None:
        return Answer(Kind.SETTLED)
    now = hub.clock()
    row.refresh_failures += 1
    after = error.after if isinstance(error, Retryable) else None
    row.next_refresh_at = next_try(now, row.refresh_failures, after, chance(hub.new_id))
    row.refresh_attempt = lease.version if unknown or lease.doubtful else 0
    row.refresh_holder, row.refresh_lease_until = "", None
    over = lease.need.expired or (row.expires_at is not None and row.expires_at <= now)
    if (over or code == MISCONFIGURED) and standing(row) in {Status.CONNECTED, Status.ERROR}:
        _show(hub, session, row, code, error)
    return Answer(Kind.LATER, row.next_refresh_at)


def _show(hub: Hub, session: Session, row: Connection, code: str, error: IntegrationsError) -> None:
    known = row.error_code == code
    row.error_code, row.error_message = code, TROUBLES[code].format(error.code)
    _stand(row, Status.ERROR)
    if not known:
        detail = {"code": code, "provider_code": error.code}
        settle(hub, session, system_actor(row.organization_id), "connection.refresh_failed", row.id, **detail)


def end(hub: Hub, session: Session, lease: Lease, provider_code: str) -> bool:
    """The vendor called the grant dead: only a person can mend that. The credentials stay where they are."""
    row = _mine(session, lease)
    if row is None:
        return False
    row.error_code = OUTCOME_UNKNOWN if lease.doubtful else NEEDS_REAUTH
    row.error_message = _DEAD[row.error_code]
    forget_refresh(row)
    if standing(row) is Status.PAUSED:
        row.earlier_status = Status.NEEDS_REAUTH.value  # where Resume goes
    else:
        _stand(row, Status.NEEDS_REAUTH)
    row.row_version += 1
    detail: dict[str, Any] = {"provider_code": provider_code}
    if lease.doubtful:
        detail["reason"] = OUTCOME_UNKNOWN
    settle(hub, session, system_actor(row.organization_id), "connection.needs_reauth", row.id, **detail)
    return True


TROUBLES = {
    MISCONFIGURED: "The vendor does not accept the OAuth app ({}). Correct its client id and secret, then test again.",
    FAILED: "The credentials have ended and could not be renewed ({}). It is tried again by itself.",
}
_DEAD = {
    NEEDS_REAUTH: "The vendor has ended the sign-in.",
    OUTCOME_UNKNOWN: (
        "The answer to the last renewal was lost, and the vendor does not accept the stored sign-in any more."
    ),
}


def _mine(session: Session, lease: Lease) -> Connection | None:
    """The row, held, when version and fence are still those of the lease."""
    try:
        row = Connections(session, lease.organization_id).lock(lease.connection_id)
    except NotFound:
        return None
    return row if (row.credential_version, row.refresh_fence) == (lease.version, lease.fence) else None


def _stand(row: Connection, status: Status) -> None:
    """Where the row stands now; while somebody reconnects it, where Cancel goes back to."""
    if row.status == Status.PENDING.value:
        row.earlier_status = status.value
    else:
        row.status, row.earlier_status = status.value, ""
