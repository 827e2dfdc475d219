"""Renews credentials before they end, and once when the vendor calls them expired: one request at a time, ever."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session, col
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random,
    wait_random_exponential,
)

from integrations_app.connections.credentials import access_for
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.refresh_lease import (
    FAILED,
    MISCONFIGURED,
    Answer,
    Kind,
    Lease,
    Need,
    claim,
    end,
    fail,
    is_held,
    keep,
)
from integrations_app.connections.refresh_plan import forget_refresh
from integrations_app.connections.repository import Connections
from integrations_app.connections.revoke import Farewell, revoke
from integrations_app.connections.token_endpoint import buy, renew
from integrations_app.errors import (
    Conflict,
    CredentialUnreadable,
    EgressDenied,
    IntegrationsError,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unavailable,
)
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor
from integrations_app.sdk.auth import ACCESS_TOKEN, REFRESH_TOKEN, Grant

_log = logging.getLogger(__name__)
T = TypeVar("T")

ASK_SECONDS = 10.0
"""All requests of one attempt together; well inside the lease."""
WAIT_SECONDS = 15.0
"""How long to wait for another process that holds the lease."""
STORE_SECONDS = 12.0
"""How long to insist on storing a grant that was given."""
LOOK_SECONDS = 0.05
SOON = 2.0
"""A pause that the vendor asks for and that is waited for on the spot, in seconds."""
AT_ONCE = 8
"""Connections that one sweep renews side by side."""
SWEPT = 500
"""Connections that one sweep looks at."""
_DEAD = frozenset({"invalid_grant"})
WRONG_APP = frozenset({"invalid_client"})
_NOBODY_KNOWS = frozenset({"not_json", "malformed_answer", "no_access_token"})

CrashPoint = Callable[[str], None]


def _nowhere(_name: str) -> None:
    return


async def refresh(
    hub: Hub, organization_id: str, connection_id: str, need: Need, *, crash_point: CrashPoint = _nowhere
) -> Answer:
    """Get new credentials for `need`, together with everybody in this process who has the same need.

    Waits up to 15 s for another process that is at it. Raises NotFound, CredentialUnreadable, VaultSealed,
    Unavailable `storage_unavailable`; what the vendor says is in the answer and in the connection's row.
    `crash_point` is called at named places; a test kills the process there.
    """
    key = ("refresh", organization_id, connection_id, need)
    task = hub.under_way.get(key)
    if task is None:
        task = asyncio.create_task(_refresh(hub, organization_id, connection_id, need, crash_point))
        hub.under_way[key] = task
        hub.background.add(task)
        task.add_done_callback(lambda done: _forget(hub, key, done))
    answer: Answer = await asyncio.shield(task)  # whoever gives up must not stop it between the answer and the commit
    return answer


def _forget(hub: Hub, key: tuple[object, ...], task: "asyncio.Task[Answer]") -> None:
    hub.under_way.pop(key, None)
    hub.background.discard(task)
    if not task.cancelled():
        task.exception()  # fetched, in case that nobody waits any more


async def _refresh(hub: Hub, organization_id: str, connection_id: str, need: Need, crash_point: CrashPoint) -> Answer:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        claimed = await hub.database.write(lambda session: claim(hub, session, organization_id, connection_id, need))
        if isinstance(claimed, Lease):
            return await _attempt(hub, claimed, crash_point)
        if claimed.kind is not Kind.BUSY:
            return claimed
        while await hub.database.read(lambda session: _is_busy(hub, session, organization_id, connection_id, need)):
            if time.monotonic() >= until:
                return claimed
            await asyncio.sleep(LOOK_SECONDS)


def _is_busy(hub: Hub, session: Session, organization_id: str, connection_id: str, need: Need) -> bool:
    row = Connections(session, organization_id).get(connection_id)
    return row.credential_version == need.version and is_held(row, hub.clock())


async def _attempt(hub: Hub, lease: Lease, crash_point: CrashPoint) -> Answer:
    """Ask the vendor under the lease, and write what came of it before anything else happens."""
    provider = lease.provider
    try:
        grant = await _ask(hub, lease)
    except Rejected as error:
        if error.code in provider.reconnect_codes | _DEAD:
            await hub.database.write(partial(_end, hub, lease, error.code))
            return Answer(Kind.SETTLED)
        wrong = error.code in provider.app_codes | WRONG_APP
        return await _failed(hub, lease, error, MISCONFIGURED if wrong else FAILED)
    except IntegrationsError as error:
        return await _failed(hub, lease, error, FAILED)
    except Exception as error:  # noqa: BLE001 - a provider's own mistake must not leave the lease hanging
        _log.exception("the renewal of %s failed in its own code", provider.key, exc_info=error)
        return await _failed(hub, lease, Rejected("malformed_answer", "The answer could not be understood."), FAILED)
    crash_point("after_answer")
    await _insist(partial(_keep, hub, lease, grant))
    crash_point("after_commit")
    return Answer(Kind.SETTLED)


def _end(hub: Hub, lease: Lease, provider_code: str, session: Session) -> bool:
    return end(hub, session, lease, provider_code)


async def _keep(hub: Hub, lease: Lease, grant: Grant) -> None:
    if await hub.database.write(lambda session: keep(hub, session, lease, grant)):
        return
    _log.warning("a renewed grant of %s came too late: the connection has moved on", lease.provider.key)
    farewell = await hub.database.read(lambda session: _farewell(hub, session, lease, grant))
    if farewell is not None:
        await revoke(hub, system_actor(lease.organization_id), lease.connection_id, farewell)


def _farewell(hub: Hub, session: Session, lease: Lease, grant: Grant) -> Farewell | None:
    """What ends a grant that came when its connection had been cut; None when that still has a use for one."""
    row = Connections(session, lease.organization_id).find(lease.connection_id)
    if row is None or row.status != Status.DISCONNECTED.value or lease.refresh_token is None:
        return None
    secrets = {ACCESS_TOKEN: grant.access_token, REFRESH_TOKEN: grant.refresh_token or lease.refresh_token}
    return Farewell(lease.provider, access_for(hub, lease.provider, row, secrets), lease.app)


async def _failed(hub: Hub, lease: Lease, error: IntegrationsError, code: str) -> Answer:
    unknown = _is_unknown(error)
    _log.info("renewing a connection of %s failed: %s", lease.provider.key, error.code)
    return await hub.database.write(lambda session: fail(hub, session, lease, error, code, unknown=unknown))


def _is_unknown(error: IntegrationsError) -> bool:
    """Whether the vendor may have given a new grant all the same."""
    if isinstance(error, Rejected):
        return error.code in _NOBODY_KNOWS or error.code.startswith("http_5")
    return not isinstance(error, Retryable | EgressDenied | Conflict)


async def _ask(hub: Hub, lease: Lease) -> Grant:
    """One renewal. What certainly did nothing is repeated a little; what may have worked is not."""
    if lease.app is None:
        code = "invalid_client"
        raise Rejected(code, "The OAuth app this was connected with is no longer there.")
    here = (hub, lease.organization_id, lease.provider, lease.oauth, lease.app)
    ask = partial(renew, *here, lease.refresh_token) if lease.refresh_token else partial(buy, *here)
    retrying = AsyncRetrying(
        stop=stop_after_attempt(3),
        retry=retry_if_exception(_is_short),
        wait=_pause,
        reraise=True,
    )
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await _run(retrying, ask)
    except TimeoutError:
        raise OutcomeUnknown("The vendor did not answer in time.") from None


def _is_short(error: BaseException) -> bool:
    return isinstance(error, Retryable) and (error.after is None or error.after <= SOON)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    after = error.after if isinstance(error, Retryable) else None
    return after if after is not None else wait_random_exponential(multiplier=0.2, max=SOON)(state)


async def _insist(store: Callable[[], Awaitable[None]]) -> None:
    """Store a grant that was given: it may be the only living one."""
    retrying = AsyncRetrying(
        stop=stop_after_delay(STORE_SECONDS),
        retry=retry_if_exception_type(Unavailable),
        wait=wait_random(0.05, 0.3),
        reraise=True,
    )
    await _run(retrying, store)


async def _run(retrying: AsyncRetrying, work: Callable[[], Awaitable[T]]) -> T:
    result: T = await retrying(work)
    return result


async def refresh_due(hub: Hub) -> int:
    """The sweep over every organisation: renew what is due, also what nobody uses. How many it looked at."""
    if hub.keyring.sealed:
        return 0
    due = await hub.database.read(partial(_list_due, hub))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(organization_id: str, connection_id: str, version: int) -> None:
        async with gate:
            try:
                await refresh(hub, organization_id, connection_id, Need(version))
            except CredentialUnreadable:
                await hub.database.write(lambda session: _give_up(session, organization_id, connection_id))
            except IntegrationsError as error:
                _log.warning("a connection could not be renewed: %s", error.code)

    await asyncio.gather(*(one(*each) for each in due))
    return len(due)


def _give_up(session: Session, organization_id: str, connection_id: str) -> None:
    """What cannot be opened cannot be renewed; whoever uses it next hears why, and a reconnect begins anew."""
    forget_refresh(Connections(session, organization_id).lock(connection_id))


def _list_due(hub: Hub, session: Session) -> list[tuple[str, str, int]]:
    with across_organizations("the refresh sweep visits every organisation"):
        statement = (
            select(col(Connection.organization_id), col(Connection.id), col(Connection.credential_version))
            .where(
                col(Connection.next_refresh_at) <= hub.clock(),
                col(Connection.status).not_in([Status.DISCONNECTED.value, Status.NEEDS_REAUTH.value]),
            )
            .order_by(col(Connection.next_refresh_at))
            .limit(SWEPT)
        )
        return [(each[0], each[1], each[2]) for each in session.execute(statement)]
