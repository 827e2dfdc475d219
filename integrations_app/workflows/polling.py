"""Polls: asks vendors that do not tell by themselves, one look at a time, and keeps what is new like a delivery."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from integrations_app.connections import health
from integrations_app.connections.access import use
from integrations_app.connections.models import Connection, Status
from integrations_app.connections.refresh_plan import chance
from integrations_app.errors import IntegrationsError, NotFound, Retryable, Unavailable
from integrations_app.kit.db import on_commit
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.triggers import Found, Inbound, Poll
from integrations_app.workflows import inbound as judge
from integrations_app.workflows.checkpoints import announcement
from integrations_app.workflows.definition import TriggerPart
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.events import keep_delivery
from integrations_app.workflows.models import Endpoint, PollState
from integrations_app.workflows.repository import TOLD_BY_CONNECTION, Endpoints

_log = logging.getLogger(__name__)

AT_ONCE = 8
CLAIM = timedelta(seconds=120)
"""Nobody else looks for so long after a claim: a process that died leaves no more than this."""
LOOK_SECONDS = 90.0
"""All pages of one look together."""
SLEEP_SECONDS = 30.0
"""The longest sleep between two searches for what is due: the wall clock may jump."""
TROUBLE_SECONDS = 5.0
MOST_PAGES = 50
"""Of one look; what is left comes with the next, at once."""
LONGEST_PAUSE = timedelta(hours=1)
SPREAD = 0.1
POLL_SECONDS = "POLL_SECONDS"
WHY = "poller: endpoints of every organisation fall due"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to look once, until the fence has moved on."""

    organization_id: str
    endpoint_id: str
    fence: int
    trigger_type: str
    connection_id: str
    config: Mapping[str, Any]
    cursor: Mapping[str, Any]


async def begin(hub: Hub, organization_id: str, endpoint_id: str, part: TriggerPart, poll: Poll) -> None:
    """Say from where on things count, unless somebody polls for this endpoint already. Safe to repeat.

    Asks the vendor with no transaction open; raises what that raises, so that nothing is published in vain.
    """
    known = await hub.database.read(lambda session: Endpoints(session, organization_id).poll_state(endpoint_id))
    if known is not None:
        return
    cursor = await use(
        hub,
        organization_id,
        part.connection,
        lambda connected: poll.begin(part.config, connected.context(endpoint_id, hub.clock())),
    )

    def write(session: Session) -> None:
        endpoints = Endpoints(session, organization_id)
        if endpoints.find(endpoint_id) is None or endpoints.poll_state(endpoint_id) is not None:
            return
        state = PollState(
            organization_id=organization_id,
            endpoint_id=endpoint_id,
            trigger_type=part.type,
            cursor=dict(cursor),
            next_at=hub.clock() + pace(hub, part.type, poll),
        )
        session.add(state)

    await hub.database.write(write)


def pace(hub: Hub, trigger_type: str, poll: Poll) -> timedelta:
    """How often to look: as the operator says with INTEGRATIONS_<PROVIDER>_POLL_SECONDS, else as declared."""
    given = hub.settings.provider(trigger_type.partition(".")[0], POLL_SECONDS) or ""
    wanted = float(given) if given.isascii() and given.isdigit() and int(given) > 0 else poll.every
    return timedelta(seconds=min(wanted, LONGEST_PAUSE.total_seconds()))


async def keep_polling(hub: Hub, changed: asyncio.Event) -> None:
    """Look wherever it is due, sleep until the next time, search again when `changed` is set; until cancelled."""
    looking: set[asyncio.Task[None]] = set()
    try:
        while True:
            changed.clear()
            seconds = await _start_due(hub, looking, changed)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await changed.wait()
    finally:
        for task in looking:
            task.cancel()


async def _start_due(hub: Hub, looking: set[asyncio.Task[None]], changed: asyncio.Event) -> float:
    """Begin what is due; how long to sleep at most."""
    try:
        free = AT_ONCE - len(looking)
        claims, upcoming = await hub.database.write(partial(claim_due, hub, most=free))
    except Unavailable:
        _log.warning("what is to be polled could not be read; looking again soon")
        return 1.0
    except Exception:  # noqa: BLE001 - a fault of ours must not end the polling of everybody
        _log.exception("the polls could not be followed; looking again soon")
        return TROUBLE_SECONDS

    def done(task: asyncio.Task[None]) -> None:
        looking.discard(task)
        changed.set()

    for claim in claims:
        task = asyncio.create_task(look(hub, claim))
        looking.add(task)
        task.add_done_callback(done)
    if len(looking) >= AT_ONCE or upcoming is None:
        return SLEEP_SECONDS
    return min(SLEEP_SECONDS, max(0.0, (upcoming - hub.clock()).total_seconds()))


def claim_due(hub: Hub, session: Session, most: int) -> tuple[list[Claim], datetime | None]:
    """Claim what is due in the caller's transaction; and when the next one will be, if any."""
    now, claims = hub.clock(), []
    with across_organizations(WHY):
        statement = (
            select(PollState, Endpoint)
            .join(
                Endpoint,
                (col(Endpoint.organization_id) == col(PollState.organization_id))
                & (col(Endpoint.id) == col(PollState.endpoint_id)),
            )
            .where(col(PollState.next_at) <= now)
            .order_by(col(PollState.next_at))
            .limit(max(0, most))
            .with_for_update(of=PollState, skip_locked=True)
        )
        due = [(state, endpoint) for state, endpoint in session.execute(statement)]
    for state, endpoint in due:
        state.fence += 1
        state.next_at = now + CLAIM
        claims.append(
            Claim(
                state.organization_id,
                state.endpoint_id,
                state.fence,
                state.trigger_type,
                endpoint.connection_id or "",
                endpoint.config,
                state.cursor,
            )
        )
    session.flush()
    with across_organizations(WHY):
        return claims, session.execute(select(func.min(PollState.next_at))).scalar_one_or_none()


async def go_on_connected(hub: Hub, organization_id: str) -> None:
    """Let every poll that waits for a connection look at once where the connection works again."""
    waiting = (
        select(col(PollState.endpoint_id))
        .join(
            Endpoint,
            (col(Endpoint.organization_id) == col(PollState.organization_id))
            & (col(Endpoint.id) == col(PollState.endpoint_id)),
        )
        .join(
            Connection,
            (col(Connection.organization_id) == col(Endpoint.organization_id))
            & (col(Connection.id) == col(Endpoint.connection_id)),
        )
        .where(
            col(PollState.organization_id) == organization_id,
            col(PollState.error_code).in_(TOLD_BY_CONNECTION),
            col(Connection.status) == Status.CONNECTED.value,
        )
    )
    found = await hub.database.read(lambda session: list(session.scalars(waiting)))
    mine = (col(PollState.organization_id) == organization_id, col(PollState.endpoint_id).in_(found))
    if found:
        due = update(PollState).where(*mine).values(next_at=hub.clock())
        await hub.database.write(lambda session: session.execute(due))


async def look(hub: Hub, claim: Claim) -> None:
    """One look: every page that is there, each kept together with the cursor behind it. Raises nothing."""
    try:
        poll = _poll_of(hub, claim)
        async with asyncio.timeout(LOOK_SECONDS):
            more = await _read_pages(hub, claim, poll)
        after = timedelta(0) if more else pace(hub, claim.trigger_type, poll)
        await hub.database.write(lambda session: _succeed(hub, session, claim, after))
        await health.note_use(hub, claim.organization_id, claim.connection_id)
    except TimeoutError:
        await _failed(hub, claim, Unavailable("The service did not answer in time."))
    except IntegrationsError as error:
        await _failed(hub, claim, error)
    except Exception as error:  # noqa: BLE001 - a provider's own mistake must not look like a crash of the product
        _log.exception("polling for %s failed in its own code", claim.trigger_type, exc_info=error)
        await _failed(hub, claim, IntegrationsError("The answer could not be understood."))


def _poll_of(hub: Hub, claim: Claim) -> Poll:
    _, trigger = hub.registry.trigger(claim.trigger_type)
    if trigger.poll is None:
        raise NotFound("This trigger is not polled any more.")
    return trigger.poll


async def _read_pages(hub: Hub, claim: Claim, poll: Poll) -> bool:
    """Read and keep page by page; True when there is more than one look takes."""
    cursor = claim.cursor
    for _ in range(MOST_PAGES):
        found = await use(
            hub,
            claim.organization_id,
            claim.connection_id,
            lambda connected, at=cursor: poll.fetch(  # type: ignore[misc]  # the cursor of this very page
                claim.config, at, connected.context(claim.endpoint_id, hub.clock())
            ),
        )
        if not await hub.database.write(partial(_keep, hub, claim, found)):
            return False  # another process has taken over: it goes on from the cursor that stands
        cursor = found.cursor
        if not found.more:
            return False
    return True


def _keep(hub: Hub, claim: Claim, found: Found, session: Session) -> bool:
    """The items and the cursor behind them, or nothing; False when the claim is somebody else's by now."""
    state = _mine(session, claim)
    if state is None:
        return False
    endpoint = OpenEndpoint(
        claim.organization_id, claim.endpoint_id, claim.trigger_type.partition(".")[0], True, None, claim.connection_id
    )
    kind = claim.trigger_type.partition(".")[2]
    for item in found.items:
        body = orjson.dumps(dict(item.payload))
        headers = {judge.POLLED_KIND: kind, judge.POLLED_ID: item.delivery_id}
        inbound = Inbound(kind, item.delivery_id, item.payload)
        keep_delivery(hub, session, endpoint, inbound, headers, body, asked=True)
    state.cursor = dict(found.cursor)
    session.add(state)
    return True


def _succeed(hub: Hub, session: Session, claim: Claim, after: timedelta) -> None:
    state = _mine(session, claim)
    if state is None:
        return
    now = hub.clock()
    if state.error_code:
        _announce(hub, session, claim)
    state.polled_at, state.failures, state.error_code, state.error_message = now, 0, "", ""
    state.next_at = now + after * (1 + SPREAD * chance(hub.new_id))
    session.add(state)


async def _failed(hub: Hub, claim: Claim, error: IntegrationsError) -> None:
    """Later again: as asked, or with growing patience; the cursor stands, so that nothing is missed."""
    _log.info("polling for %s failed: %s", claim.trigger_type, error.code)
    try:
        await health.note_failure(hub, claim.organization_id, claim.connection_id, error)
        await hub.database.write(lambda session: _postpone(hub, session, claim, error))
    except Unavailable:
        _log.warning("a failed poll could not be written down; its claim ends by itself")


def _postpone(hub: Hub, session: Session, claim: Claim, error: IntegrationsError) -> None:
    state = _mine(session, claim)
    if state is None:
        return
    if state.error_code != error.code:
        _announce(hub, session, claim)
    waits_for_person = error.code in TOLD_BY_CONNECTION
    state.failures += 0 if waits_for_person else 1
    state.error_code, state.error_message = error.code, str(error)[:500]
    every, asked = _every(hub, claim), error.after if isinstance(error, Retryable) else None
    if waits_for_person:
        pause = every  # costs nothing: no call leaves before a person has acted
    elif asked is not None:
        pause = max(every, timedelta(seconds=asked))
    else:
        pause = every * 2 ** min(state.failures - 1, 10)
    state.next_at = hub.clock() + min(pause, max(LONGEST_PAUSE, every)) * (1 + SPREAD * chance(hub.new_id))
    session.add(state)


def _announce(hub: Hub, session: Session, claim: Claim) -> None:
    """Open pages show of the workflows that listen whether the last look failed."""
    for listening in Endpoints(session, claim.organization_id).subscriptions(claim.endpoint_id):
        on_commit(session, announcement(hub, claim.organization_id, "workflow", listening.workflow_id))


def _every(hub: Hub, claim: Claim) -> timedelta:
    """The pace; that of our own sleep for a trigger that is gone."""
    try:
        return pace(hub, claim.trigger_type, _poll_of(hub, claim))
    except NotFound:
        return timedelta(seconds=SLEEP_SECONDS)


def _mine(session: Session, claim: Claim) -> PollState | None:
    """The row, held, while its fence is still the claim's."""
    statement = (
        select(PollState)
        .where(col(PollState.organization_id) == claim.organization_id, col(PollState.endpoint_id) == claim.endpoint_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalars(statement).one_or_none()
    return found if found is not None and found.fence == claim.fence else None
