"""Answers: what a run says to the sender of the delivery that started it; the first one wins, and is kept.

The delivery's row says until when its request waits, so any process can tell whether somebody hears the answer, and
one conditional update decides between several runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from integrations_app.kit.db import on_commit
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.checkpoints import EVENT, RunState, announcement
from integrations_app.workflows.models import FINISHED, Event, Run, RunStatus
from integrations_app.workflows.replies import Reply
from integrations_app.workflows.sealing import open_answer, seal_answer
from integrations_app.workflows.turns import turn_key
from integrations_app.workflows.watching import watch

NO_SENDER: Final = "No delivery started this run, or this is a replay: nobody waits for an answer."
NOT_ASKED: Final = "The endpoint answers at once, or too many requests waited: nobody waits for an answer."
TOO_LATE: Final = "The sender was answered with 202 before: the time to wait was over."
ANSWERED: Final = "The sender was answered before: the first answer wins."

_HERE = (EVENT.c.organization_id == bindparam("at_organization"), EVENT.c.id == bindparam("at_event"))
_GIVE = (
    update(EVENT)
    .where(*_HERE, EVENT.c.answer.is_(None), EVENT.c.answer_until >= bindparam("now"))
    .values(answer=bindparam("sealed"), answered_by=bindparam("operation"))
    .returning(EVENT.c.id)
)
_STANDING = select(EVENT.c.answer, EVENT.c.answer_until, EVENT.c.answered_by).where(*_HERE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the runs that a delivery started: a reply, or where they stand, by id in order of start."""

    reply: Reply | None
    runs: tuple[tuple[str, str], ...]

    @property
    def rests(self) -> bool:
        """Whether waiting longer changes nothing: answered, or every run has ended or waits for a person."""
        resting = {*FINISHED, RunStatus.HELD.value}
        return self.reply is not None or all(status in resting for _, status in self.runs)


async def give(hub: Hub, run: RunState, operation: str, reply: Reply) -> str:
    """Answer the sender that waits for the run; returns why nobody heard it, empty when it was heard.

    `operation` names the step of the run: done again after a crash it is the same answer.
    """
    event_id = run.answers
    if event_id is None:
        return NO_SENDER

    def write(session: Session) -> str:
        sealed = seal_answer(hub, session, run.organization_id, event_id, _packed(reply))
        here = {"at_organization": run.organization_id, "at_event": event_id}
        given = here | {"sealed": sealed, "operation": operation, "now": hub.clock()}
        if session.connection().execute(_GIVE, given).scalar_one_or_none() is None:
            return _why_not(session.connection().execute(_STANDING, here).one_or_none(), operation)
        on_commit(session, announcement(hub, run.organization_id, "answer", event_id))
        return ""

    return await hub.database.write(write)


async def wait(hub: Hub, organization_id: str, event_id: str, run_ids: Sequence[str], seconds: float) -> Outcome:
    """What the runs of a delivery answered, or where they stand when there is no more to wait for."""

    async def look() -> Outcome:
        return await hub.database.read(lambda session: _outcome(hub, session, organization_id, event_id))

    return await watch(hub, organization_id, {event_id, *run_ids}, look, lambda found: found.rests, seconds)


async def first_given(hub: Hub, organization_id: str, event_id: str, seconds: float = 0) -> Outcome | None:
    """What the sender of a delivery was answered by its runs; None while nobody knows, or when it was a plain 202.

    While the first request may still be answered this one waits with it, `seconds` at most.
    """
    if seconds > 0:
        until, run_ids = await hub.database.read(lambda session: _awaited(session, organization_id, event_id))
        left = (until - hub.clock()).total_seconds() if until is not None else 0.0
        if left > 0:
            await wait(hub, organization_id, event_id, run_ids, min(left, seconds))

    def read(session: Session) -> Outcome | None:
        row = session.get(Event, (organization_id, event_id))
        if row is None or row.answer_until is None:
            return None
        found = _outcome(hub, session, organization_id, event_id)
        in_time = found.reply is not None or _ended_by(session, organization_id, event_id, row.answer_until)
        return found if in_time else None

    return await hub.database.read(read)


def _awaited(session: Session, organization_id: str, event_id: str) -> tuple[datetime | None, list[str]]:
    """Until when the delivery's own request waits, and the runs that it waits for."""
    row = session.get(Event, (organization_id, event_id))
    run_ids = session.execute(_started(organization_id, event_id, col(Run.id))).scalars()
    return (row.answer_until if row is not None else None), list(run_ids)


def _outcome(hub: Hub, session: Session, organization_id: str, event_id: str) -> Outcome:
    here = {"at_organization": organization_id, "at_event": event_id}
    standing = session.connection().execute(_STANDING, here).one_or_none()
    sealed = standing.answer if standing is not None else None
    reply = _unpacked(open_answer(hub, session, organization_id, event_id, sealed)) if sealed else None
    rows = session.execute(_started(organization_id, event_id, col(Run.id), col(Run.status)))
    return Outcome(reply, tuple((run_id, status) for run_id, status in rows))


def _ended_by(session: Session, organization_id: str, event_id: str, until: datetime) -> bool:
    """Whether every run of the delivery had ended while its request waited."""
    ends = list(session.execute(_started(organization_id, event_id, col(Run.ended_at))).scalars())
    return bool(ends) and all(one is not None and one <= until for one in ends)


def _started(organization_id: str, event_id: str, *columns: Any) -> Any:
    """The runs that the delivery itself started, no replays."""
    mine = (col(Run.organization_id) == organization_id, col(Run.event_id) == event_id)
    started = select(*columns).where(*mine, col(Run.idempotency_key) == turn_key(event_id))
    return started.order_by(col(Run.created_at), col(Run.id))


def _why_not(standing: Any, operation: str) -> str:
    if standing is None or standing.answer_until is None:
        return NOT_ASKED
    if standing.answer is None:
        return TOO_LATE
    return "" if standing.answered_by == operation else ANSWERED


def _packed(reply: Reply) -> bytes:
    return orjson.dumps({"status": reply.status, "headers": dict(reply.headers), "body": reply.body})


def _unpacked(packed: bytes) -> Reply:
    return Reply(**orjson.loads(packed))
