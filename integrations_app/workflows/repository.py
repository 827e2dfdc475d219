"""Rows of workflows, versions, endpoints, subscriptions and runs, always of one organisation."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlmodel import Session, col

from integrations_app.connections.models import Connection
from integrations_app.connections.views import standing
from integrations_app.errors import InvalidInput, NotFound
from integrations_app.workflows.models import (
    AppFeed,
    ConnectionUse,
    DraftEdit,
    Endpoint,
    Event,
    PinnedSample,
    PollState,
    Run,
    RunStatus,
    StepRun,
    Subscription,
    Workflow,
    WorkflowTag,
    WorkflowVersion,
)
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint
from integrations_app.workflows.storable import storable_text

MAX_LIMIT = 200
TOLD_BY_CONNECTION = ("needs_reauth", "connection_paused")
"""Codes of failed looks that only repeat what the connection's own status says."""
M = TypeVar("M", Workflow, Run, Event)
_PUBLISHED, _PAUSED = col(Workflow.published_number).is_not(None), col(Workflow.paused).is_(True)
_STANDING: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "draft": (~_PUBLISHED,),
    "live": (_PUBLISHED, ~_PAUSED),
    "paused": (_PUBLISHED, _PAUSED),
}


class Workflows:
    """The workflows of one organisation, with their versions, uses and subscriptions."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, workflow_id: str) -> Workflow | None:
        """Return the workflow or None."""
        return self._session.get(Workflow, (self._organization_id, storable_text(workflow_id)))

    def get(self, workflow_id: str) -> Workflow:
        """Return the workflow; raises NotFound."""
        found = self.find(workflow_id)
        if found is None:
            raise NotFound("There is no such workflow.")
        return found

    def lock(self, workflow_id: str) -> Workflow:
        """Return the newest row, held against other writers until the transaction ends; raises NotFound."""
        statement = self._mine(Workflow).where(col(Workflow.id) == storable_text(workflow_id)).with_for_update()
        found: Workflow | None = self._session.scalars(
            statement.execution_options(populate_existing=True)
        ).one_or_none()
        if found is None:
            raise NotFound("There is no such workflow.")
        return found

    def list_page(
        self, cursor: str, limit: int, *, search: str = "", tag: str = "", state: str = ""
    ) -> tuple[list[Workflow], str]:
        """One page, newest first, and the next cursor; `search` is part of the name or of a tag."""
        statement = self._mine(Workflow)
        if search:
            text = storable_text(search)
            named = col(Workflow.name).icontains(text, autoescape=True)
            statement = statement.where(named | self._tagged(col(WorkflowTag.tag).icontains(text, autoescape=True)))
        if tag:
            statement = statement.where(self._tagged(col(WorkflowTag.tag) == storable_text(tag)))
        if state:
            statement = statement.where(*_STANDING[state])
        return page(self._session, statement, Workflow, cursor, limit)

    def _tagged(self, which: ColumnElement[bool]) -> ColumnElement[bool]:
        tagged = select(col(WorkflowTag.workflow_id)).where(
            col(WorkflowTag.organization_id) == self._organization_id, which
        )
        return col(Workflow.id).in_(tagged)

    def add(self, workflow: Workflow) -> Workflow:
        """Keep a new workflow."""
        self._session.add(workflow)
        self._session.flush()
        return workflow

    def remove(self, workflow: Workflow) -> None:
        """Forget a workflow, its versions, edits, pins, tags, uses and subscription; its runs stay as history."""
        for model in (WorkflowVersion, ConnectionUse, Subscription, DraftEdit, PinnedSample, WorkflowTag):
            self._forget(model, workflow.id)
        self._session.delete(workflow)
        self._session.flush()

    def version(self, workflow_id: str, number: int) -> WorkflowVersion | None:
        """Return a published version or None."""
        return self._session.get(WorkflowVersion, (self._organization_id, workflow_id, number))

    def next_number(self, workflow_id: str) -> int:
        """The number of the next version."""
        statement = select(func.max(WorkflowVersion.number)).where(
            col(WorkflowVersion.organization_id) == self._organization_id,
            col(WorkflowVersion.workflow_id) == workflow_id,
        )
        return (self._session.execute(statement).scalar() or 0) + 1

    def add_version(self, version: WorkflowVersion) -> None:
        """Keep a published version."""
        self._session.add(version)
        self._session.flush()

    def set_uses(self, workflow_id: str, connection_ids: Iterable[str], *, live: bool) -> None:
        """Keep which connections the draft or the live version names."""
        statement = delete(ConnectionUse).where(
            col(ConnectionUse.organization_id) == self._organization_id,
            col(ConnectionUse.workflow_id) == workflow_id,
            col(ConnectionUse.live).is_(live),
        )
        self._session.execute(statement)
        for connection_id in sorted(set(connection_ids)):
            use = {"organization_id": self._organization_id, "workflow_id": workflow_id}
            self._session.add(ConnectionUse(**use, connection_id=connection_id, live=live))
        self._session.flush()

    def connections_of(self, workflow_ids: Iterable[str]) -> Mapping[str, tuple[KnownConnection, ...]]:
        """The connections that workflows name, by workflow."""
        statement = (
            select(col(ConnectionUse.workflow_id), Connection)
            .join(
                Connection,
                (col(Connection.organization_id) == col(ConnectionUse.organization_id))
                & (col(Connection.id) == col(ConnectionUse.connection_id)),
            )
            .where(
                col(ConnectionUse.organization_id) == self._organization_id,
                col(ConnectionUse.workflow_id).in_(list(workflow_ids)),
            )
            .order_by(col(Connection.name), col(Connection.id))
        )
        found: dict[str, dict[str, KnownConnection]] = {}
        for workflow_id, connection in self._session.execute(statement):
            found.setdefault(workflow_id, {})[connection.id] = known(connection)
        return {workflow_id: tuple(named.values()) for workflow_id, named in found.items()}

    def trigger_errors(self, workflow_ids: Iterable[str]) -> Mapping[str, str]:
        """Why a live workflow hears nothing, by the last look for news; without those whose connection tells."""
        statement = (
            select(col(Subscription.workflow_id), col(PollState.error_message))
            .join(
                PollState,
                (col(PollState.organization_id) == col(Subscription.organization_id))
                & (col(PollState.endpoint_id) == col(Subscription.endpoint_id)),
            )
            .where(
                col(Subscription.organization_id) == self._organization_id,
                col(Subscription.workflow_id).in_(list(workflow_ids)),
                col(PollState.error_code).not_in(("", *TOLD_BY_CONNECTION)),
            )
        )
        return {row.workflow_id: row.error_message for row in self._session.execute(statement)}

    def subscription(self, workflow_id: str) -> Subscription | None:
        """What the live version listens to, or None."""
        return self._session.get(Subscription, (self._organization_id, workflow_id))

    def set_subscription(self, workflow_id: str, subscription: Subscription | None) -> None:
        """Make the workflow listen to one endpoint, or to none."""
        self._forget(Subscription, workflow_id)
        if subscription is not None:
            self._session.add(subscription)
        self._session.flush()

    def _forget(self, model: Any, workflow_id: str) -> None:
        statement = delete(model).where(
            col(model.organization_id) == self._organization_id, col(model.workflow_id) == workflow_id
        )
        self._session.execute(statement)

    def _mine(self, model: Any) -> Any:
        return select(model).where(col(model.organization_id) == self._organization_id)


class Endpoints:
    """The inbound addresses of one organisation."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint or None."""
        return self._session.get(Endpoint, (self._organization_id, storable_text(endpoint_id)))

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint; raises NotFound."""
        found = self.find(endpoint_id)
        if found is None:
            raise NotFound("There is no such endpoint.")
        return found

    def find_hook(self, connection_id: str, target: str, *, fed: bool = False) -> Endpoint | None:
        """The endpoint the product registered for a connection and what the hook hangs on, or that an app feeds."""
        statement = self._mine().where(col(Endpoint.connection_id) == connection_id, col(Endpoint.target) == target)
        by_app = select(col(AppFeed.endpoint_id)).where(col(AppFeed.organization_id) == self._organization_id)
        which = col(Endpoint.id).in_(by_app)
        statement = statement.where(which if fed else ~which)
        return self._session.scalars(statement.order_by(col(Endpoint.created_at))).first()

    def list_all(self) -> list[Endpoint]:
        """Every endpoint, oldest first."""
        return list(self._session.scalars(self._mine().order_by(col(Endpoint.created_at), col(Endpoint.id))))

    def subscriptions(self, endpoint_id: str) -> list[Subscription]:
        """The live workflows that listen on it."""
        statement = select(Subscription).where(
            col(Subscription.organization_id) == self._organization_id, col(Subscription.endpoint_id) == endpoint_id
        )
        return list(self._session.scalars(statement))

    def poll_state(self, endpoint_id: str) -> PollState | None:
        """Where its polling stands; None for one that hears by itself."""
        return self._session.get(PollState, (self._organization_id, endpoint_id))

    def feed(self, endpoint_id: str) -> AppFeed | None:
        """What the vendor's app feeds it with; None for one that hears otherwise."""
        return self._session.get(AppFeed, (self._organization_id, endpoint_id))

    def end_feed(self, endpoint_id: str) -> None:
        """Let it not be fed by an app any more."""
        mine = (col(AppFeed.organization_id) == self._organization_id, col(AppFeed.endpoint_id) == endpoint_id)
        self._session.execute(delete(AppFeed).where(*mine))

    def add(self, endpoint: Endpoint) -> Endpoint:
        """Keep a new endpoint."""
        self._session.add(endpoint)
        self._session.flush()
        return endpoint

    def remove(self, endpoint: Endpoint) -> None:
        """Forget an endpoint, where its polling stands and what feeds it; its events stay as history."""
        mine = (col(PollState.organization_id) == self._organization_id, col(PollState.endpoint_id) == endpoint.id)
        self._session.execute(delete(PollState).where(*mine))
        self.end_feed(endpoint.id)
        self._session.delete(endpoint)
        self._session.flush()

    def _mine(self) -> Any:
        return select(Endpoint).where(col(Endpoint.organization_id) == self._organization_id)


class Runs:
    """The runs of one organisation."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def find(self, run_id: str) -> Run | None:
        """Return the run or None."""
        return self._session.get(Run, (self._organization_id, storable_text(run_id)))

    def get(self, run_id: str) -> Run:
        """Return the run; raises NotFound."""
        found = self.find(run_id)
        if found is None:
            raise NotFound("There is no such run.")
        return found

    def lock(self, run_id: str) -> Run:
        """Return the newest row, held against other writers until the transaction ends; raises NotFound."""
        statement = self._mine().where(col(Run.id) == storable_text(run_id)).with_for_update()
        found: Run | None = self._session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
        if found is None:
            raise NotFound("There is no such run.")
        return found

    def list_failed(
        self, limit: int, workflow_id: str = "", among: Collection[str] | None = None
    ) -> tuple[list[tuple[str, str, str]], int]:
        """Id, workflow and its name of the newest failed runs that match, and how many there are."""
        which = [col(Run.organization_id) == self._organization_id, col(Run.status) == RunStatus.FAILED.value]
        if workflow_id:
            which.append(col(Run.workflow_id) == storable_text(workflow_id))
        if among is not None:
            which.append(col(Run.id).in_([storable_text(run_id) for run_id in among]))
        columns = (col(Run.id), col(Run.workflow_id), col(Run.workflow_name))
        newest = select(*columns).where(*which).order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)
        count = self._session.execute(select(func.count()).select_from(Run).where(*which)).scalar() or 0
        return [(row[0], row[1], row[2]) for row in self._session.execute(newest)], count

    def find_by_key(self, workflow_id: str, idempotency_key: str) -> Run | None:
        """The run that was started with this key, or None."""
        statement = self._mine().where(col(Run.workflow_id) == workflow_id, col(Run.idempotency_key) == idempotency_key)
        return self._session.scalars(statement).one_or_none()

    def list_page(
        self,
        cursor: str,
        limit: int,
        *,
        workflow_id: str = "",
        status: str = "",
        since: datetime | None = None,
        event_id: str = "",
    ) -> tuple[list[Run], str]:
        """One page, newest first, and the next cursor."""
        statement = self._mine()
        if workflow_id:
            statement = statement.where(col(Run.workflow_id) == storable_text(workflow_id))
        if status:
            statement = statement.where(col(Run.status) == storable_text(status))
        if since is not None:
            statement = statement.where(col(Run.created_at) >= since)
        if event_id:
            statement = statement.where(col(Run.event_id) == storable_text(event_id))
        return page(self._session, statement, Run, cursor, limit)

    def steps(self, run_id: str) -> list[StepRun]:
        """The steps of a run in the order they began."""
        statement = select(StepRun).where(
            col(StepRun.organization_id) == self._organization_id, col(StepRun.run_id) == run_id
        )
        return list(self._session.scalars(statement.order_by(col(StepRun.position), col(StepRun.path))))

    def add(self, run: Run) -> Run:
        """Keep a new run."""
        self._session.add(run)
        self._session.flush()
        return run

    def _mine(self) -> Any:
        return select(Run).where(col(Run.organization_id) == self._organization_id)


def page(
    session: Session, statement: Any, model: type[M], cursor: str, limit: int, by: str = "created_at"
) -> tuple[list[M], str]:
    """One page of rows by a time column, newest first, and the next cursor; InvalidInput for a bad cursor."""
    limit = max(1, min(limit, MAX_LIMIT))
    time, key = col(getattr(model, by)), col(model.id)
    if cursor:
        at, after = _read_cursor(cursor)
        statement = statement.where(or_(time < at, (time == at) & (key < after)))
    rows = list(session.scalars(statement.order_by(time.desc(), key.desc()).limit(limit + 1)))
    if len(rows) <= limit:
        return rows, ""
    last = rows[limit - 1]
    return rows[:limit], f"{getattr(last, by).isoformat()}~{last.id}"


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    at, _, key = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise InvalidInput({"cursor": "is not one of ours"}) from None
    if moment.tzinfo is None:
        raise InvalidInput({"cursor": "is not one of ours"})
    return moment, storable_text(key)


def known(row: Connection) -> KnownConnection:
    """What validation and lists may know of a connection."""
    return KnownConnection(row.id, row.name, row.provider, standing(row).value, tuple(row.scopes))


def known_endpoints(session: Session, organization_id: str) -> list[KnownEndpoint]:
    """What validation may know of the endpoints."""
    rows = Endpoints(session, organization_id).list_all()
    return [KnownEndpoint(row.id, row.name, row.answer_seconds) for row in rows]
