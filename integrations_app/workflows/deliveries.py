"""Deliveries: one verified delivery becomes an event and the runs it starts, in one transaction."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from pydantic import ValidationError
from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from integrations_app.errors import NotFound
from integrations_app.kit.db import on_commit
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.triggers import Headers, Inbound
from integrations_app.workflows import engine
from integrations_app.workflows import inbound as judge
from integrations_app.workflows.checkpoints import EVENT, RUN, WORKFLOW, announcement
from integrations_app.workflows.definition import WEBHOOK
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.models import Endpoint, Run, RunStatus, Subscription
from integrations_app.workflows.news import is_news
from integrations_app.workflows.sealing import seal_body
from integrations_app.workflows.turns import FIRST, turn_key

_log = logging.getLogger(__name__)

SUBSCRIPTION = cast("Table", Subscription.__table__)  # type: ignore[attr-defined]
ENDPOINT = cast("Table", Endpoint.__table__)  # type: ignore[attr-defined]

_LISTENING = (
    select(
        SUBSCRIPTION.c.workflow_id,
        SUBSCRIPTION.c.trigger_type,
        SUBSCRIPTION.c.config,
        WORKFLOW.c.name,
        WORKFLOW.c.published_number,
    )
    .join(
        WORKFLOW,
        (WORKFLOW.c.organization_id == SUBSCRIPTION.c.organization_id) & (WORKFLOW.c.id == SUBSCRIPTION.c.workflow_id),
    )
    .where(
        SUBSCRIPTION.c.organization_id == bindparam("organization"),
        SUBSCRIPTION.c.endpoint_id == bindparam("endpoint"),
        WORKFLOW.c.paused.is_(False),
        WORKFLOW.c.published_number.is_not(None),
    )
)
_SEEN_EVENT = update(ENDPOINT).where(
    ENDPOINT.c.organization_id == bindparam("at_organization"), ENDPOINT.c.id == bindparam("at_id")
).values(last_event_at=bindparam("at"))  # fmt: skip
_CAME_AGAIN = update(EVENT).where(
    EVENT.c.organization_id == bindparam("at_organization"),
    EVENT.c.endpoint_id == bindparam("at_endpoint"),
    EVENT.c.delivery_id == bindparam("at_delivery"),
).values(times=EVENT.c.times + 1).returning(EVENT.c.id, EVENT.c.digest)  # fmt: skip
_IN_PLACE = (
    EVENT.c.organization_id == bindparam("at_organization"),
    EVENT.c.endpoint_id == bindparam("at_endpoint"),
    EVENT.c.delivery_id == bindparam("at_delivery"),
)
_GIVE_WAY = delete(EVENT).where(*_IN_PLACE, EVENT.c.received_at < bindparam("at_before"))
_COUNT_MORE = update(EVENT).where(*_IN_PLACE).values(times=EVENT.c.times + bindparam("at_more")).returning(EVENT.c.id)
_SEEN_RUN = update(WORKFLOW).where(
    WORKFLOW.c.organization_id == bindparam("at_organization"), WORKFLOW.c.id == bindparam("at_id")
).values(last_run_at=bindparam("at"))  # fmt: skip
_ONCE = {
    (name, table.name): dialect.insert(table).on_conflict_do_nothing().returning(table.c.id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
    for table in (EVENT, RUN)
}


@dataclass(frozen=True, slots=True)
class Listening:
    """A workflow that a delivery starts."""

    workflow_id: str
    name: str
    version: int | None
    """None: its draft, which `definition` holds."""
    definition: dict[str, Any] | None = None


def values_of_event(
    hub: Hub, session: Session, endpoint: OpenEndpoint, headers: Headers, body: bytes, event_id: str
) -> dict[str, Any]:
    """The columns that every delivery has."""
    return {
        "organization_id": endpoint.organization_id,
        "id": event_id,
        "endpoint_id": endpoint.id,
        "kind": "",
        "digest": hashlib.sha256(body).hexdigest(),
        "reason": "",
        "times": 1,
        "headers": judge.kept_headers(headers),
        "body": seal_body(hub, session, endpoint.organization_id, event_id, body),
        "received_at": hub.clock(),
    }


def announce_event(hub: Hub, session: Session, organization_id: str, event_id: str) -> None:
    """Once this is committed, tell open pages of the event."""
    on_commit(session, announcement(hub, organization_id, "event", event_id))


def insert_event(session: Session, values: dict[str, Any]) -> bool:
    """Keep the event; False when this delivery is known already."""
    return session.connection().execute(_once(session, EVENT), values).scalar_one_or_none() is not None


def note_again(session: Session, organization_id: str, endpoint_id: str, delivery_id: str) -> tuple[str, str]:
    """Count a delivery that is known already; the id of its event, and the digest of the body that came first."""
    given = {"at_organization": organization_id, "at_endpoint": endpoint_id, "at_delivery": delivery_id}
    event_id, digest = session.connection().execute(_CAME_AGAIN, given).one()
    return event_id, digest


def insert_in_place(session: Session, values: dict[str, Any], before: datetime) -> str:
    """Keep a row in the place of the one with its delivery id that is older than `before`; else count it at that one.

    Returns the id of the row that stands there now.
    """
    place = {
        "at_organization": values["organization_id"],
        "at_endpoint": values["endpoint_id"],
        "at_delivery": values["delivery_id"],
    }
    connection = session.connection()
    connection.execute(_GIVE_WAY, {**place, "at_before": before})
    if insert_event(session, values):
        return str(values["id"])
    return str(connection.execute(_COUNT_MORE, {**place, "at_more": values["times"]}).scalar_one())


def listening(hub: Hub, session: Session, organization_id: str, endpoint_id: str, inbound: Inbound) -> list[Listening]:
    """The live workflows that this delivery starts."""
    given = {"organization": organization_id, "endpoint": endpoint_id}
    rows = session.connection().execute(_LISTENING, given)
    return [
        Listening(row.workflow_id, row.name, row.published_number)
        for row in rows
        if row.trigger_type == WEBHOOK or matches(hub, row.trigger_type, row.config, inbound)
    ]


def start(
    hub: Hub, session: Session, organization_id: str, event_id: str, inbound: Inbound, starting: Sequence[Listening],
    *, again: Mapping[str, str] | None = None,
) -> list[str]:  # fmt: skip
    """Start a run per workflow, once per event and turn; returns the ids of those that are new.

    `again` names another turn than the first: a replay's.
    """
    now, started = hub.clock(), []
    for one in starting:
        turn = (again or {}).get(one.workflow_id, FIRST)
        values = _run(organization_id, hub.new_id(), one, event_id, inbound, now)
        values["idempotency_key"] = turn_key(event_id, turn)
        if one.definition is not None:
            values["definition"] = one.definition
        if insert_run(hub, session, values):
            started.append(values["id"])
            if is_news(f"workflow:{one.workflow_id}"):
                given = {"at_organization": organization_id, "at_id": one.workflow_id, "at": now}
                session.connection().execute(_SEEN_RUN, given)
    return started


def insert_run(hub: Hub, session: Session, values: dict[str, Any]) -> bool:
    """Keep a run and hand it to the engine with this transaction; False when its idempotency key is taken."""
    if session.connection().execute(_once(session, RUN), values).scalar_one_or_none() is None:
        return False
    engine.enqueue(hub, session, values["id"])
    on_commit(session, announcement(hub, values["organization_id"], "run", values["id"]))
    return True


def note_event(session: Session, organization_id: str, endpoint_id: str, now: datetime) -> None:
    """Remember when the endpoint last received something; not for every single delivery."""
    if is_news(f"endpoint:{endpoint_id}"):
        given = {"at_organization": organization_id, "at_id": endpoint_id, "at": now}
        session.connection().execute(_SEEN_EVENT, given)


def runs_of_event(session: Session, organization_id: str, event_id: str) -> tuple[str, ...]:
    """The runs that an event started, oldest first."""
    statement = (
        select(col(Run.id))
        .where(col(Run.organization_id) == organization_id, col(Run.event_id) == event_id)
        .order_by(col(Run.created_at))
    )
    return tuple(session.execute(statement).scalars())


def events_that_started(organization_id: str, workflow_id: str) -> Any:
    """The ids of the events by which a workflow ran, as a part of a statement."""
    return select(col(Run.event_id)).where(
        col(Run.organization_id) == organization_id, col(Run.workflow_id) == workflow_id, col(Run.event_id).is_not(None)
    )


def count_runs(session: Session, organization_id: str, event_ids: Sequence[str]) -> dict[str, int]:
    """How many runs each of the events started."""
    statement = (
        select(col(Run.event_id), func.count())
        .where(col(Run.organization_id) == organization_id, col(Run.event_id).in_(list(event_ids)))
        .group_by(col(Run.event_id))
    )
    return {str(event_id): number for event_id, number in session.execute(statement)}


def _run(
    organization_id: str, run_id: str, one: Listening, event_id: str, inbound: Inbound, now: datetime
) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "id": run_id,
        "workflow_id": one.workflow_id,
        "workflow_name": one.name,
        "version": one.version,
        "status": RunStatus.QUEUED.value,
        "reason": "",
        "error_code": "",
        "error_message": "",
        "event_id": event_id,
        "trigger_payload": dict(inbound.payload),
        "cancel_requested": False,
        "created_at": now,
    }


def matches(hub: Hub, trigger_type: str, config: Any, inbound: Inbound) -> bool:
    """Whether a delivery is one that a provider's trigger, so configured, starts on."""
    try:
        _, trigger = hub.registry.trigger(trigger_type)
        return inbound.kind in trigger.kinds and trigger.matches(inbound, trigger.config.model_validate(config))
    except (NotFound, ValidationError):
        _log.warning("the trigger %s of a live workflow cannot be read any more", trigger_type)
        return False


def _once(session: Session, table: Table) -> Any:
    """The prepared statement that inserts a row, or gives nothing when its unique key is taken."""
    return _ONCE[session.get_bind().dialect.name, table.name]
