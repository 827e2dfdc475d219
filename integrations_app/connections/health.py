"""Checks of connections: a test on request, and what a failure or a use in a run says about one."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from integrations_app.connections.access import open_access, renew_refused
from integrations_app.connections.changes import announce, note, settle
from integrations_app.connections.credentials import Opened, client_of, touch
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import TestResult, standing
from integrations_app.errors import (
    CredentialUnreadable,
    IntegrationsError,
    MissingScope,
    NotFound,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Retryable,
    Unavailable,
)
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission, system_actor
from integrations_app.sdk.context import Access, Account
from integrations_app.sdk.provider import Provider

_log = logging.getLogger(__name__)

CHECK_SECONDS = 20.0
"""One check, all its calls together."""
APART = timedelta(seconds=5)
"""Between the beginnings of two tests of one connection."""
USE_GRAIN = timedelta(seconds=30)
"""`last_used_at` is no finer than this, so that a busy connection does not cost a write per call."""

_FIXES = {
    "needs_reauth": "Reconnect it.",
    "missing_scope": "Reconnect and allow the missing permission.",
    "rate_limited": "Wait a moment, then test again.",
    "unavailable": "Try again in a minute; if it stays, look at the vendor's status page.",
    "credential_unreadable": "Reconnect it to store new credentials.",
    "vault_sealed": "Start the product with the encryption key of this database.",
    "egress_denied": "Ask the operator to allow this address, or correct it in the settings.",
    "settings_invalid": "Open the settings and save them again.",
    "refresh_pending": "The vendor does not renew the credentials at the moment. Wait a minute, then test again.",
    "oauth_app_misconfigured": "Correct the client id and the secret of the OAuth app, then test again.",
    "sandbox_off": "Switch the sandbox on, or connect a real account.",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What one check found: an account or an error, never both."""

    milliseconds: int
    account: Account | None = None
    error: IntegrationsError | None = None


async def examine(provider: Provider, access: Access, seconds: float = CHECK_SECONDS) -> Findings:
    """Ask the vendor who we are, in at most `seconds`. Raises nothing; no transaction may be open."""
    began = time.perf_counter()
    account: Account | None = None
    error: IntegrationsError | None = None
    try:
        async with asyncio.timeout(seconds), client_of(provider, access) as client:
            account = await provider.check(client)
    except IntegrationsError as refusal:
        error = refusal
    except TimeoutError:
        error = Unavailable(f"{provider.name} did not answer in {seconds:.0f} seconds.")
    except Exception:  # noqa: BLE001 - a provider's own mistake must not look like a crash of the product
        _log.exception("the check of %s failed in its own code", provider.key)
        error = Rejected("check_failed", f"The answer of {provider.name} could not be understood.")
    return Findings(round((time.perf_counter() - began) * 1000), account, error)


def missing_scopes(provider: Provider, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Scopes that a first connect asks for and that were not granted."""
    oauth = provider.oauth
    if oauth is None:
        return ()
    return oauth.missing_scopes((*oauth.identity_scopes, *oauth.default_scopes), granted)


def fix_for(error: IntegrationsError) -> str:
    """The one next thing to do about an error."""
    return _FIXES.get(error.code, "Check the settings and the account at the vendor, then test again.")


def apply_account(row: Connection, account: Account, now: datetime) -> None:
    """Write a successful check into the row; a paused connection stays paused."""
    row.account_id, row.account_name = account.id, account.name
    row.account_detail = dict(account.detail)
    row.scopes = list(account.scopes) or row.scopes
    row.last_checked_at = row.check_succeeded_at = now
    row.error_code = row.error_message = ""
    if standing(row) is not Status.PAUSED:
        row.status, row.earlier_status = Status.CONNECTED.value, ""


def apply_error(row: Connection, error: IntegrationsError, now: datetime) -> None:
    """Write a failed check into the row. Being asked for patience does not make a connection worse."""
    row.last_checked_at = now
    if isinstance(error, RateLimited):
        return  # the rate budget tells it, and when it ends
    row.error_code, row.error_message = error.code, str(error)[:500]
    if standing(row) is Status.PAUSED or isinstance(error, MissingScope):
        return
    broken = Status.NEEDS_REAUTH if isinstance(error, ReconnectRequired) else Status.ERROR
    row.status, row.earlier_status = broken.value, ""


async def test(hub: Hub, actor: Actor, connection_id: str) -> TestResult:
    """Run the provider's check now and keep what it says. Needs MANAGE_CONNECTIONS.

    One at a time and five seconds apart per connection, else RateLimited. Raises NotFound, Conflict or
    ReconnectRequired for a connection that has no credentials; a failing check is a result, not an error.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    return await run_check(hub, actor, connection_id)


async def run_check(hub: Hub, actor: Actor, connection_id: str, *, asked: bool = True) -> TestResult:
    """As `test`, for whoever calls. One that nobody `asked` for is audited only when it changes something."""
    began = hub.clock()
    await _claim(hub, actor, connection_id, began)
    opened: Opened | None = None
    try:
        opened = await open_access(hub, actor.organization_id, connection_id, testing=True)
        opened, findings = await _examine_opened(hub, actor, connection_id, opened)
    except (CredentialUnreadable, Retryable) as error:
        findings = Findings(0, error=error)
    finally:
        await hub.database.write(lambda session: _release(session, actor, connection_id, began))
    if opened is not None:
        await _keep(hub, actor, connection_id, opened, findings, asked=asked)
    return _result(opened, findings)


async def _examine_opened(hub: Hub, actor: Actor, connection_id: str, opened: Opened) -> tuple[Opened, Findings]:
    """Examine; once more with new credentials when the vendor calls these expired."""
    findings = await examine(opened.provider, opened.access)
    if isinstance(findings.error, ReconnectRequired):
        renewed = await renew_refused(hub, actor.organization_id, connection_id, opened, findings.error, testing=True)
        if renewed is not None:
            return renewed, await examine(renewed.provider, renewed.access)
    return opened, findings


async def _claim(hub: Hub, actor: Actor, connection_id: str, now: datetime) -> None:
    def write(session: Session) -> None:
        connections = Connections(session, actor.organization_id)
        until = now + timedelta(seconds=CHECK_SECONDS) + APART
        if not connections.claim_check(connection_id, now, until):
            waits = connections.get(connection_id).next_check_at
            seconds = (waits - now).total_seconds() if waits else 0.0
            raise RateLimited("A test of this connection has just run or is still running.", max(1.0, seconds))

    await hub.database.write(write)


def _release(session: Session, actor: Actor, connection_id: str, began: datetime) -> None:
    statement = (
        update(Connection)
        .where(col(Connection.organization_id) == actor.organization_id, col(Connection.id) == connection_id)
        .values(next_check_at=began + APART)
    )
    session.execute(statement)


async def _keep(hub: Hub, actor: Actor, connection_id: str, opened: Opened, findings: Findings, *, asked: bool) -> None:
    def write(session: Session) -> None:
        row = Connections(session, actor.organization_id).lock(connection_id)
        if row.credential_version != opened.credential_version:
            return  # other credentials were stored while we asked: the answer is about the past
        before, known = standing(row), row.error_code
        if findings.account is not None:
            _apply_same_account(row, findings.account, hub.clock())
        elif findings.error is not None:
            apply_error(row, findings.error, hub.clock())
        touch(row, hub.clock())
        outcome: dict[str, Any] = {"ok": findings.error is None, "status": row.status}
        if findings.error is not None:
            outcome["code"] = findings.error.code
        if before is not Status.NEEDS_REAUTH and row.status == Status.NEEDS_REAUTH.value:
            note(hub, session, actor, "connection.needs_reauth", connection_id, **_vendor_code(findings.error))
        announce(hub, session, row.organization_id, connection_id)
        if asked or (before, known) != (standing(row), row.error_code):
            note(hub, session, actor, "connection.tested", connection_id, **outcome)

    await hub.database.write(write)


def _apply_same_account(row: Connection, account: Account, now: datetime) -> None:
    if row.account_id and account.id != row.account_id:
        error = Rejected("account_mismatch", f"The credentials belong to another account now: {account.name}.")
        apply_error(row, error, now)
    else:
        apply_account(row, account, now)


def _vendor_code(error: IntegrationsError | None) -> dict[str, Any]:
    return {"provider_code": error.vendor_code} if isinstance(error, ReconnectRequired) else {}


def _result(opened: Opened | None, findings: Findings) -> TestResult:
    error, account = findings.error, findings.account
    if account is not None and opened is not None:
        scopes = account.scopes or opened.scopes
        return TestResult(
            ok=True,
            milliseconds=findings.milliseconds,
            account_id=account.id,
            account_name=account.name,
            detail=dict(account.detail),
            scopes=scopes,
            missing_scopes=missing_scopes(opened.provider, scopes),
            expires_at=opened.expires_at,
        )
    failed = error or Rejected("check_failed", "The check gave no account.")
    return TestResult(
        ok=False,
        milliseconds=findings.milliseconds,
        missing_scopes=failed.needed if isinstance(failed, MissingScope) else (),
        code=failed.code,
        message=str(failed),
        fix=fix_for(failed),
    )


async def note_failure(
    hub: Hub,
    organization_id: str,
    connection_id: str,
    error: IntegrationsError,
    *,
    credential_version: int | None = None,
    delivery_id: str = "",
) -> bool:
    """Let a failed call change the connection's status; True when it did.

    ReconnectRequired makes it `needs_reauth`, once, whoever comes first; MissingScope is shown beside an
    unchanged status; anything else says nothing certain. With `credential_version` (of the credentials that
    failed) a failure of credentials that were replaced meanwhile is ignored. `delivery_id` names the vendor's
    message that says so: told once more, perhaps after a reconnect, it changes nothing.
    """
    if not isinstance(error, ReconnectRequired | MissingScope):
        return False

    def write(session: Session) -> bool:
        row = Connections(session, organization_id).lock(connection_id)
        stale = credential_version is not None and row.credential_version != credential_version
        if delivery_id:
            stale = row.last_revocation == delivery_id
            row.last_revocation = delivery_id
        if stale or standing(row) not in {Status.CONNECTED, Status.ERROR} or row.error_code == error.code:
            return False
        row.error_code, row.error_message = error.code, str(error)[:500]
        touch(row, hub.clock())
        actor = system_actor(organization_id)
        if isinstance(error, MissingScope):
            announce(hub, session, organization_id, connection_id)
            return True
        if row.status == Status.PENDING.value:
            row.earlier_status = Status.NEEDS_REAUTH.value
        else:
            row.status, row.earlier_status = Status.NEEDS_REAUTH.value, ""
        settle(hub, session, actor, "connection.needs_reauth", connection_id, **_vendor_code(error))
        return True

    try:
        return await hub.database.write(write)
    except NotFound:
        return False


def mark_used(session: Session, organization_id: str, connection_id: str, now: datetime) -> bool:
    """Note a use in the caller's transaction; True when the row changed (at most every 30 s)."""
    old = col(Connection.last_used_at).is_(None) | (col(Connection.last_used_at) < now - USE_GRAIN)
    statement = (
        update(Connection)
        .where(col(Connection.organization_id) == organization_id, col(Connection.id) == connection_id, old)
        .values(last_used_at=now)
    )
    return bool(getattr(session.execute(statement), "rowcount", 0))


async def note_use(hub: Hub, organization_id: str, connection_id: str) -> None:
    """Note that a call with the connection succeeded just now."""

    def write(session: Session) -> None:
        if mark_used(session, organization_id, connection_id, hub.clock()):
            announce(hub, session, organization_id, connection_id)

    await hub.database.write(write)
