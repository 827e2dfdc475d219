"""Events: deliveries accepted before they are answered, listed, shown and replayed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections import health
from integrations_app.errors import Conflict, NotFound, ReconnectRequired, SignatureInvalid, Unavailable
from integrations_app.kit.columns import is_id
from integrations_app.kit.signing import spend_verification_time
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.triggers import Headers, Inbound
from integrations_app.workflows import deliveries, endpoint_cache
from integrations_app.workflows import inbound as judge
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.endpoint_terms import networks, rule_of
from integrations_app.workflows.models import Endpoint, Event
from integrations_app.workflows.rejections import REJECTED, note_rejected
from integrations_app.workflows.repository import Endpoints, page
from integrations_app.workflows.sealing import open_body, open_endpoint_secret
from integrations_app.workflows.storable import storable_text
from integrations_app.workflows.views import Page

ACCEPTED, IGNORED, DUPLICATE = "accepted", "ignored", "duplicate"
VERDICTS = (ACCEPTED, DUPLICATE, REJECTED, IGNORED)
"""What a list can be narrowed to; `duplicate` are those that came more than once."""
SHOWN_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Accepted:
    """The delivery is durable; `reply` is what the vendor wants to hear, when it wants something."""

    delivery_id: str
    event_id: str
    run_ids: tuple[str, ...] = ()
    reply: str | None = None
    unused: bool = False
    """It is from whom it says, but nothing here listens to it: nothing was kept."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The delivery was accepted before, as the event `event_id`; `same` says that its body was the same, too."""

    delivery_id: str
    event_id: str = ""
    same: bool = False


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of the list."""

    id: str
    endpoint_id: str
    endpoint_name: str
    delivery_id: str
    kind: str
    verdict: str
    received_at: datetime
    run_ids: tuple[str, ...] = ()
    reason: str = ""
    """Why it was rejected."""
    times: int = 1
    """How often it came; of rejected ones, how many the row stands for."""
    runs: int = 0
    """How many runs it started, replays with it."""


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event with its headers (none that authenticates) and its body as text."""

    row: EventRow
    headers: Mapping[str, str]
    body: str
    cut: bool
    """The body is longer than what is shown."""


async def find_endpoint(hub: Hub, endpoint_id: str) -> OpenEndpoint | None:
    """The enabled endpoint of that id, its secret open; None for an unknown, disabled or deleted one.

    Raises VaultSealed, CredentialUnreadable, Unavailable.
    """
    kept = endpoint_cache.find(endpoint_id)
    if kept is None and is_id(endpoint_id):
        kept = await hub.database.read(lambda session: _open(hub, session, endpoint_id))
        if kept is not None:
            endpoint_cache.keep(kept)
    return kept if kept is not None and kept.enabled else None


async def accept(
    hub: Hub, endpoint_id: str, headers: Headers, body: bytes, *, waits: Callable[[], bool] = lambda: False
) -> Accepted | Duplicate:
    """Verify a delivery over its raw bytes and make it durable together with the runs it starts.

    `waits` says whether its sender waits for the answer of a run, as long as the endpoint says; it is asked when the
    sender has proved who it is. `headers` have lower-case names. Raises NotFound (after the work of a verification),
    SignatureInvalid, InvalidInput for a body that cannot be read, Unavailable (`endpoint_unconfigured` without a
    secret).
    """
    endpoint = await find_endpoint(hub, endpoint_id)
    if endpoint is None:
        spend_verification_time(body, headers.get("x-hub-signature-256"))
        raise NotFound("There is no such endpoint.")
    if endpoint.secret is None and endpoint.kind != judge.NONE:
        raise Unavailable(
            "The endpoint has no secret yet; nothing is accepted unsigned.", None, "endpoint_unconfigured"
        )
    try:
        now = hub.clock()
        judge.verify_any(hub.registry, endpoint.kind, endpoint.secrets(now), headers, body, now, endpoint.rule)
    except SignatureInvalid as error:
        await note_rejected(hub, endpoint, error, headers)
        raise
    inbound = judge.read(hub.registry, endpoint.kind, headers, body)
    if endpoint.answer_seconds and not waits():
        endpoint = replace(endpoint, answer_seconds=0)
    found = await hub.database.write(lambda session: keep_delivery(hub, session, endpoint, inbound, headers, body))
    if inbound.revoked and isinstance(found, Accepted):
        await _note_revoked(hub, endpoint)
    return found


async def list_events(
    hub: Hub,
    actor: Actor,
    *,
    endpoint_id: str = "",
    workflow_id: str = "",
    verdict: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[EventRow]:
    """The organisation's events, newest first, each without run ids.

    Of one endpoint, those that started one workflow, or one of VERDICTS when given.
    """
    actor.require(Permission.VIEW)

    def read(session: Session) -> Page[EventRow]:
        statement = select(Event).where(col(Event.organization_id) == actor.organization_id)
        if is_id(endpoint_id):
            statement = statement.where(col(Event.endpoint_id) == endpoint_id)
        if is_id(workflow_id):
            started = deliveries.events_that_started(actor.organization_id, workflow_id)
            statement = statement.where(col(Event.id).in_(started))
        if verdict == DUPLICATE:
            statement = statement.where(col(Event.times) > 1, col(Event.verdict) != REJECTED)
        elif verdict:
            statement = statement.where(col(Event.verdict) == storable_text(verdict))
        rows, next_cursor = page(session, statement, Event, cursor, limit, by="received_at")
        names = {one.id: one.name for one in Endpoints(session, actor.organization_id).list_all()}
        counts = deliveries.count_runs(session, actor.organization_id, [row.id for row in rows])
        return Page(tuple(replace(_row(row, names), runs=counts.get(row.id, 0)) for row in rows), next_cursor)

    return await hub.database.read(read)


async def get_event(hub: Hub, actor: Actor, event_id: str) -> EventDetail:
    """The event with its headers and body; raises NotFound, CredentialUnreadable, VaultSealed."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> EventDetail:
        row = _get(session, actor, event_id)
        endpoint = Endpoints(session, actor.organization_id).find(row.endpoint_id)
        names = {endpoint.id: endpoint.name} if endpoint else {}
        body = open_body(hub, session, actor.organization_id, event_id, row.body)
        runs = deliveries.runs_of_event(session, actor.organization_id, event_id)
        shown = body[:SHOWN_BYTES].decode("utf-8", "replace")
        return EventDetail(_row(row, names, runs), row.headers, shown, len(body) > SHOWN_BYTES)

    return await hub.database.read(read)


async def replay_event(hub: Hub, actor: Actor, event_id: str) -> tuple[str, ...]:
    """Start every workflow that listens today once more with this event; returns the new runs' ids.

    Raises NotFound, Forbidden, Conflict `event_rejected` or `event_ignored`, and what opening the body raises.
    """
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> tuple[str, ...]:
        endpoint, inbound = read_again(hub, session, actor, event_id)
        starting = deliveries.listening(hub, session, actor.organization_id, endpoint.id, inbound)
        turns = {one.workflow_id: hub.new_id() for one in starting}
        started = deliveries.start(hub, session, actor.organization_id, event_id, inbound, starting, again=turns)
        note_replayed(hub, session, actor, event_id, runs=len(started))
        return tuple(started)

    return await hub.database.write(write)


def read_again(hub: Hub, session: Session, actor: Actor, event_id: str) -> tuple[Endpoint, Inbound]:
    """Where an event came in and what it says; raises as `replay_event`."""
    row = _get(session, actor, event_id)
    if row.verdict == REJECTED:
        raise Conflict("event_rejected", "It was rejected: nobody knows who sent it, and nothing of it was kept.")
    if row.verdict == IGNORED:
        raise Conflict("event_ignored", "It is a greeting of the sender, no event: it starts nothing.")
    endpoint = Endpoints(session, actor.organization_id).get(row.endpoint_id)
    body = open_body(hub, session, actor.organization_id, event_id, row.body)
    return endpoint, judge.read(hub.registry, endpoint.kind, row.headers, body)


def note_replayed(hub: Hub, session: Session, actor: Actor, event_id: str, **detail: Any) -> None:
    """Show and audit a replay. Call it last in the transaction."""
    deliveries.announce_event(hub, session, actor.organization_id, event_id)
    subject = f"event:{event_id}"
    record(session, hub.keyring, actor, "event.replayed", now=hub.clock(), subject=subject, detail=detail)


def _open(hub: Hub, session: Session, endpoint_id: str) -> OpenEndpoint | None:
    with across_organizations("endpoint look-up: a delivery names its organisation only by the endpoint"):
        row = session.execute(select(Endpoint).where(col(Endpoint.id) == endpoint_id)).scalar_one_or_none()
    if row is None:
        return None
    secret = open_endpoint_secret(hub, session, row) if row.secret else None
    former = open_endpoint_secret(hub, session, row, "former_secret") if row.former_secret else None
    return OpenEndpoint(
        organization_id=row.organization_id,
        id=row.id,
        kind=row.kind,
        enabled=row.enabled,
        secret=secret,
        connection_id=row.connection_id,
        former=former,
        former_until=row.former_until,
        per_minute=row.per_minute,
        answer_seconds=row.answer_seconds,
        rule=rule_of(row),
        allowed=networks(row.allowed_addresses),
    )


def keep_delivery(
    hub: Hub,
    session: Session,
    endpoint: OpenEndpoint,
    inbound: Inbound,
    headers: Headers,
    body: bytes,
    *,
    asked: bool = False,
) -> Accepted | Duplicate:
    """Event, runs and their place in the queue: all or nothing. `asked` is what we fetched, often more than once.

    A delivery that comes again starts nothing, whatever became of its runs: their effects may stand, and only a
    person who looked at them may ask for a replay.
    """
    organization_id, event_id = endpoint.organization_id, hub.new_id()
    delivery_id = judge.fit_delivery_id(inbound.delivery_id)
    values = {
        **deliveries.values_of_event(hub, session, endpoint, headers, body, event_id),
        "answer_until": _until(hub, endpoint),
        "delivery_id": delivery_id,
        "kind": storable_text(inbound.kind[:200]),
        "verdict": IGNORED if inbound.ignore else ACCEPTED,
    }
    if not deliveries.insert_event(session, values):
        if asked:
            return Duplicate(delivery_id)
        known, digest = deliveries.note_again(session, organization_id, endpoint.id, delivery_id)
        deliveries.announce_event(hub, session, organization_id, known)
        return Duplicate(delivery_id, known, digest == values["digest"])
    starting = [] if inbound.ignore else deliveries.listening(hub, session, organization_id, endpoint.id, inbound)
    started = deliveries.start(hub, session, organization_id, event_id, inbound, starting)
    deliveries.note_event(session, organization_id, endpoint.id, values["received_at"])
    deliveries.announce_event(hub, session, organization_id, event_id)
    return Accepted(delivery_id, event_id, tuple(started), inbound.reply)


def _until(hub: Hub, endpoint: OpenEndpoint) -> datetime | None:
    """Until when the sender waits for what a run answers."""
    return hub.clock() + timedelta(seconds=endpoint.answer_seconds) if endpoint.answer_seconds else None


async def _note_revoked(hub: Hub, endpoint: OpenEndpoint) -> None:
    """The vendor says that the grant is gone: a person must reconnect."""
    if endpoint.connection_id is not None:
        error = ReconnectRequired("The vendor says that the access was revoked.", "revoked")
        await health.note_failure(hub, endpoint.organization_id, endpoint.connection_id, error)


def _get(session: Session, actor: Actor, event_id: str) -> Event:
    row = session.get(Event, (actor.organization_id, event_id)) if is_id(event_id) else None
    if row is None:
        raise NotFound("There is no such event.")
    return row


def _row(row: Event, names: Mapping[str, str], runs: tuple[str, ...] = ()) -> EventRow:
    return EventRow(
        id=row.id,
        endpoint_id=row.endpoint_id,
        endpoint_name=names.get(row.endpoint_id, ""),
        delivery_id=row.delivery_id,
        kind=row.kind,
        verdict=row.verdict,
        received_at=row.received_at,
        run_ids=runs,
        reason=row.reason,
        times=row.times,
        runs=len(runs),
    )
