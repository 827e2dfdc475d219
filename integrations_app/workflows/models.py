"""Tables of workflows, versions, endpoints, events, runs and step runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from integrations_app.kit.columns import Timestamp


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    HELD = "held"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """Where one step of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    HELD = "held"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


SCHEDULE_KEY = "schedule:"
"""How the idempotency keys of runs begin that a schedule started."""
FINISHED = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})


class Workflow(SQLModel, table=True):
    """A workflow: its draft lives here, its published versions beside it."""

    __tablename__ = "workflow"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    id: str = Field(primary_key=True, unique=True)
    name: str
    draft: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    draft_version: int = 1
    published_number: int | None = None
    """The live version; None when it never was published or was unpublished."""
    paused: bool = False
    trigger_type: str = "manual"
    """Of the published version, for look-ups."""
    created_by: str = ""
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)
    last_run_at: datetime | None = Field(default=None, sa_type=Timestamp)
    next_run_at: datetime | None = Field(default=None, sa_type=Timestamp, index=True)
    """When a live schedule starts it next."""


class WorkflowTag(SQLModel, table=True):
    """A word that people sort workflows by."""

    __tablename__ = "workflow_tag"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "workflow_id"], ["workflow.organization_id", "workflow.id"]),
        Index("ix_tag", "organization_id", "tag"),
    )

    organization_id: str = Field(primary_key=True)
    workflow_id: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)


class DraftEdit(SQLModel, table=True):
    """One person's edit of a draft, with what undoes it; the newest few are kept."""

    __tablename__ = "draft_edit"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "workflow_id"], ["workflow.organization_id", "workflow.id"]),
    )

    organization_id: str = Field(primary_key=True)
    workflow_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """Counts within the workflow."""
    user_id: str
    words: str
    """What was done, for people."""
    command: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    inverse: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    undone: bool = False
    made_at: datetime = Field(sa_type=Timestamp)


class PinnedSample(SQLModel, table=True):
    """Sample data that somebody fixed for a step of a draft, or for its trigger; no part of the definition."""

    __tablename__ = "pinned_sample"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "workflow_id"], ["workflow.organization_id", "workflow.id"]),
    )

    organization_id: str = Field(primary_key=True)
    workflow_id: str = Field(primary_key=True)
    step_key: str = Field(primary_key=True)
    """Or `trigger`."""
    id: str = Field(unique=True)
    value: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Envelope of the JSON."""
    pinned_by: str
    pinned_at: datetime = Field(sa_type=Timestamp)


class WorkflowVersion(SQLModel, table=True):
    """A published definition; never changed again."""

    __tablename__ = "workflow_version"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "workflow_id"], ["workflow.organization_id", "workflow.id"]),
    )

    organization_id: str = Field(primary_key=True)
    workflow_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    definition: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    published_by: str = ""
    published_at: datetime = Field(sa_type=Timestamp)


class ConnectionUse(SQLModel, table=True):
    """Which connections a workflow's draft and live version name; kept with every save and publish."""

    __tablename__ = "connection_use"
    __table_args__ = (Index("ix_use_connection", "organization_id", "connection_id"),)

    organization_id: str = Field(primary_key=True)
    workflow_id: str = Field(primary_key=True)
    connection_id: str = Field(primary_key=True)
    live: bool = Field(primary_key=True)


class Endpoint(SQLModel, table=True):
    """One of our inbound addresses. Looked up by id before an organisation is known."""

    __tablename__ = "endpoint"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    id: str = Field(primary_key=True, unique=True)
    name: str
    kind: str
    """`hmac_sha256`, `standard_webhooks`, `bearer`, `basic`, `api_key`, `jwt`, `none`, or a provider's key."""
    secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Envelope."""
    former_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Envelope of the secret before the last rotation, taken too until `former_until`."""
    former_until: datetime | None = Field(default=None, sa_type=Timestamp)
    per_minute: int = 0
    """Deliveries that each process takes a minute; 0 for no cap."""
    limited_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When the cap last turned one away, to the minute."""
    allowed_addresses: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Addresses and networks that deliveries may come from; none: any."""
    jwt: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What the senders' tokens must be, of the kind `jwt`: algorithm, issuer, audience."""
    answer_seconds: int = 0
    """How long a delivery waits for what its run answers; 0: it is answered at once."""
    enabled: bool = True
    connection_id: str | None = None
    """For hooks the product registered itself: the connection, what it hangs on, and the vendor's id."""
    target: str = ""
    hook_id: str = ""
    config: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=Timestamp)
    last_event_at: datetime | None = Field(default=None, sa_type=Timestamp)


class PollState(SQLModel, table=True):
    """Where the polling of one endpoint stands. The row is the claim: one process at a time looks."""

    __tablename__ = "poll_state"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "endpoint_id"], ["endpoint.organization_id", "endpoint.id"]),
        Index("ix_poll_due", "next_at"),
    )

    organization_id: str = Field(primary_key=True)
    endpoint_id: str = Field(primary_key=True)
    trigger_type: str
    cursor: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    next_at: datetime = Field(sa_type=Timestamp)
    fence: int = 0
    """Counts the claims: whoever comes back late changes nothing."""
    polled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When a look last succeeded."""
    failures: int = 0
    error_code: str = ""
    error_message: str = ""


class AppFeed(SQLModel, table=True):
    """That the events of an endpoint come from the vendor's app, as the vendor has shown for its connection.

    An endpoint with this row has no hook, and one with a hook has no such row.
    """

    __tablename__ = "app_feed"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "endpoint_id"], ["endpoint.organization_id", "endpoint.id"]),
        Index("ix_app_feed_source", "provider", "source"),
        Index("ix_app_feed_due", "next_at"),
    )

    organization_id: str = Field(primary_key=True)
    endpoint_id: str = Field(primary_key=True)
    provider: str
    source: str
    """Where the app is installed."""
    places: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What the connection reads there; nothing else is delivered. Empty once that was withdrawn."""
    account_id: str
    """Whose reading was shown, and below by which app: another's must be shown anew."""
    app_kind: str
    app_id: str | None = None
    proved_at: datetime = Field(sa_type=Timestamp)
    next_at: datetime = Field(sa_type=Timestamp)
    """When to ask the vendor again."""
    fence: int = 0
    """Counts what the vendor told meanwhile: an answer from before changes nothing."""
    error_code: str = ""
    error_message: str = ""
    """Why nothing is heard any more."""


class Subscription(SQLModel, table=True):
    """A live workflow listening on an endpoint: the fan-out table."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_endpoint", "organization_id", "endpoint_id"),)

    organization_id: str = Field(primary_key=True)
    workflow_id: str = Field(primary_key=True)
    endpoint_id: str
    trigger_type: str
    config: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Event(SQLModel, table=True):
    """One inbound delivery, stored before it is answered."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("organization_id", "endpoint_id", "delivery_id", name="uq_event_delivery"),
        Index("ix_event_time", "organization_id", "received_at"),
        Index("ix_event_endpoint", "organization_id", "endpoint_id", "received_at"),
    )

    organization_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    endpoint_id: str
    delivery_id: str
    kind: str = ""
    digest: str
    """SHA-256 of the raw body."""
    verdict: str
    """`accepted`, `ignored` (a handshake), `rejected`."""
    reason: str = ""
    """Why it was rejected."""
    times: int = 1
    """How often it came; of rejected ones, how many the row stands for."""
    headers: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Without those that authenticate."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Envelope of the raw body."""
    answer_until: datetime | None = Field(default=None, sa_type=Timestamp)
    """Until when the request that brought it waits for an answer; None: it was answered at once."""
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Envelope of what a run answered."""
    answered_by: str | None = None
    """The operation that answered: one step of one run."""
    received_at: datetime = Field(sa_type=Timestamp)


class Run(SQLModel, table=True):
    """One execution of one version. These rows, and those of its steps, are the truth of a run."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("organization_id", "workflow_id", "idempotency_key", name="uq_run_idempotency"),
        Index("ix_run_time", "organization_id", "created_at"),
        Index("ix_run_workflow", "organization_id", "workflow_id", "created_at"),
        Index("ix_run_status", "status", "wake_at"),
        Index("ix_run_event", "organization_id", "event_id"),
    )

    organization_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True, unique=True)
    workflow_id: str
    workflow_name: str = ""
    version: int | None = None
    """None: a run of the draft, whose definition is kept in `definition`."""
    definition: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    status: str = RunStatus.QUEUED.value
    reason: str = ""
    """Why it is held: `needs_reauth`, `paused`, `outcome_unknown`."""
    held_connection_id: str | None = None
    error_code: str = ""
    error_message: str = ""
    event_id: str | None = None
    trigger_payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    idempotency_key: str | None = None
    replay_of: str | None = None
    cancel_requested: bool = False
    wake_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp)
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)


class StepRun(SQLModel, table=True):
    """One step of one run; `path` tells loop iterations apart (`each/3/tell`)."""

    __tablename__ = "step_run"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "run_id"], ["run.organization_id", "run.id"]),
        Index("ix_step_awaits", "organization_id", "awaits"),
    )

    organization_id: str = Field(primary_key=True)
    run_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    step_key: str
    position: int
    name: str = ""
    type: str = "action"
    action: str = ""
    connection_id: str | None = None
    status: str = StepStatus.PENDING.value
    attempt: int = 0
    crashes: int = 0
    """How often the process, or the action's own code, broke in the middle of this step."""
    intent_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """Written before the call leaves; cleared by the checkpoint. Set after a crash: the outcome is unknown."""
    inputs: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Masked."""
    output: Any = Field(default=None, sa_column=Column(JSON))
    error_code: str = ""
    error_message: str = ""
    wake_at: datetime | None = Field(default=None, sa_type=Timestamp)
    waits: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What an action that finishes later left behind, and until when it waits."""
    awaits: str | None = None
    """The operation that an event may answer; whoever clears it has decided: the answer or the time."""
    heard: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The answer that came first; written by its delivery alone."""
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)


class RetentionRow(SQLModel, table=True):
    """For how many days an organisation keeps its runs and events; 0: for ever, as without a row."""

    __tablename__ = "retention"

    organization_id: str = Field(primary_key=True)
    run_days: int = 0
    event_days: int = 0
