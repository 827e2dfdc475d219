"""Steps that wait: parked with what their action left, woken by the answer or the time, whichever is first.

One column decides: `awaits` names the operation while either may still come. A delivery that answers clears it and
writes what was heard, in its own transaction; a run whose time has come clears it likewise. Who finds it
cleared is late.
"""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from integrations_app.errors import InvalidInput
from integrations_app.kit.db import on_commit
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.triggers import Inbound
from integrations_app.sdk.waiting import Later
from integrations_app.workflows import engine
from integrations_app.workflows.checkpoints import AT_STEP, RUN, STEP, RunState, announcement, heard_by, where_of
from integrations_app.workflows.models import RunStatus
from integrations_app.workflows.storable import storable_json

MAX_STATE_BYTES = 16 * 1024

_TIME_IS_UP = update(STEP).where(*AT_STEP).values(awaits=None)
_WAITED_FOR = (
    STEP.c.organization_id == bindparam("at_organization"),
    STEP.c.connection_id == bindparam("at_connection"),
    STEP.c.awaits == bindparam("operation"),
)
_FIND = select(STEP.c.run_id).where(*_WAITED_FOR)
_HERE = (RUN.c.organization_id == bindparam("at_organization"), RUN.c.id == bindparam("at_run"))
_LOCK = select(RUN.c.id).where(*_HERE).with_for_update()
_ANSWERED = (
    update(STEP)
    .where(*_WAITED_FOR)
    .values(awaits=None, heard=bindparam("says", type_=STEP.c.heard.type))
    .returning(STEP.c.run_id)
)
_WOKEN = (
    update(RUN)
    .where(*_HERE, RUN.c.status == RunStatus.WAITING.value)
    .values(status=RunStatus.QUEUED.value, wake_at=None)
)


def kept(later: Later) -> dict[str, Any]:
    """How a wait is kept with its step; raises InvalidInput `output_too_large` for more than 16 KiB."""
    state = storable_json(dict(later.state))
    if len(orjson.dumps(state)) > MAX_STATE_BYTES:
        raise InvalidInput({"state": "is larger than 16 KiB"}, "", "output_too_large")
    return {"state": state, "until": later.until.isoformat()}


def until_of(left: dict[str, Any]) -> datetime:
    """Until when a kept wait lasts."""
    return datetime.fromisoformat(left["until"])


def decide(session: Session, run: RunState, path: str, *, due: bool) -> dict[str, Any] | None:
    """The answer, when it came first. When the time has come (`due`), none is taken from now on."""
    if due:
        session.connection().execute(_TIME_IS_UP, where_of(run.organization_id, run.id, path))
    return heard_by(session, run.organization_id, run.id, path)


def answer_waiting(
    hub: Hub, session: Session, organization_id: str, connection_id: str, provider: Provider, inbound: Inbound
) -> bool:
    """Hand an event to the step of this connection that waits for it; False when none does (any more).

    The run is locked before its step, in the order of a journal that parks it.
    """
    answer = provider.events.answer(inbound) if provider.events else None
    if answer is None:
        return False
    given = {"at_organization": organization_id, "at_connection": connection_id, "operation": answer.operation_id}
    connection = session.connection()
    run_id = connection.execute(_FIND, given).scalar_one_or_none()
    if run_id is None:
        return False
    here = {"at_organization": organization_id, "at_run": run_id}
    connection.execute(_LOCK, here)
    says = storable_json(dict(answer.says))
    if connection.execute(_ANSWERED, given | {"says": says}).scalar_one_or_none() is None:
        return False
    connection.execute(_WOKEN, here)
    engine.enqueue(hub, session, run_id)
    on_commit(session, announcement(hub, organization_id, "run", run_id))
    return True
