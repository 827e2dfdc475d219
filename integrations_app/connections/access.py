"""Opens connections for use: credentials are renewed when due, and once more when the vendor calls them expired."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from integrations_app.connections.credentials import Connected, Opened, client_of, read_access
from integrations_app.connections.models import Status
from integrations_app.connections.refresh import refresh
from integrations_app.connections.refresh_lease import MISCONFIGURED, Kind, Need
from integrations_app.errors import ReconnectRequired, Unavailable
from integrations_app.organizations.hub import Hub

T = TypeVar("T")

PENDING = "refresh_pending"
SHORTLY = 3.0
"""Seconds after which to look again when another process is still renewing."""


async def open_access(hub: Hub, organization_id: str, connection_id: str, *, testing: bool = False) -> Opened:
    """Open a connection for use, its credentials renewed first when that is due. No transaction may be open.

    Raises what `credentials.read_access` raises, and Unavailable `refresh_pending` while credentials that have
    ended cannot be renewed yet.
    """
    opened = await read_access(hub, organization_id, connection_id, testing=testing)
    if opened.status is Status.NEEDS_REAUTH:
        return opened  # for a test only, which tells what the vendor says
    asked = testing and opened.refresh_failures > 0
    if asked or opened.is_due(hub.clock()):
        answer = await refresh(hub, organization_id, connection_id, Need(opened.credential_version, asked=asked))
        if answer.kind is Kind.BUSY:
            raise _pending(opened, SHORTLY)
        opened = await read_access(hub, organization_id, connection_id, testing=testing)
    if opened.has_ended(hub.clock()):
        raise _pending(opened, _seconds(hub.clock(), opened.next_refresh_at))
    return opened


async def use(
    hub: Hub,
    organization_id: str,
    connection_id: str,
    call: Callable[[Connected], Awaitable[T]],
    *,
    testing: bool = False,
) -> T:
    """Call with the connection's client; once more with new credentials when the vendor calls these expired.

    `call` is repeated only after a ReconnectRequired, which promises that nothing was done. `testing` as in
    `credentials.read_access`. Raises what `open_access` and `call` raise.
    """
    opened = await open_access(hub, organization_id, connection_id, testing=testing)
    try:
        return await _call(opened, call)
    except ReconnectRequired as error:
        renewed = await renew_refused(hub, organization_id, connection_id, opened, error, testing=testing)
        if renewed is None:
            raise
    return await _call(renewed, call)


async def _call(opened: Opened, call: Callable[[Connected], Awaitable[T]]) -> T:
    async with client_of(opened.provider, opened.access) as client:
        return await call(Connected(opened.provider, client, opened))


async def renew_refused(
    hub: Hub,
    organization_id: str,
    connection_id: str,
    opened: Opened,
    error: ReconnectRequired,
    *,
    testing: bool = False,
) -> Opened | None:
    """Other credentials than the refused ones, renewed now or by somebody else meanwhile; None when there are none.

    Raises ReconnectRequired when the grant has turned out to be dead, Unavailable `refresh_pending` when it cannot
    be renewed at the moment.
    """
    if error.vendor_code in opened.provider.expired_codes:
        need = Need(opened.credential_version, expired=True)
        answer = await refresh(hub, organization_id, connection_id, need)
        if answer.kind in {Kind.BUSY, Kind.LATER}:
            seen = await read_access(hub, organization_id, connection_id, testing=testing)
            raise _pending(seen, _seconds(hub.clock(), answer.at)) from error
    renewed = await read_access(hub, organization_id, connection_id, testing=testing)
    return renewed if renewed.credential_version != opened.credential_version else None


def _pending(opened: Opened, after: float) -> Unavailable:
    if opened.error_code == MISCONFIGURED:
        return Unavailable(f"The vendor does not accept the OAuth app of {opened.name}.", after, MISCONFIGURED)
    return Unavailable(f"The credentials of {opened.name} are being renewed.", after, PENDING)


def _seconds(now: datetime, at: datetime | None) -> float:
    return max(1.0, (at - now).total_seconds()) if at is not None else SHORTLY
