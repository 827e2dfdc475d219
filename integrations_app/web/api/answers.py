"""What the calls answer, as models: for the description, which the tests hold every answer to."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """Why something was refused."""

    code: str
    """For programs; stable."""
    message: str
    """For people."""
    request_id: str
    fields: dict[str, str] | None = None
    """Path of a field, and what is wrong with it."""


class Refusal(BaseModel):
    """The one shape of every refusal."""

    error: ErrorBody


class Problem(BaseModel):
    """What went wrong with a thing."""

    code: str
    message: str


class SecretShown(BaseModel):
    """One secret that a way to connect asks for."""

    name: str
    title: str
    help: str
    optional: bool


class AuthShown(BaseModel):
    """One way to connect."""

    kind: str
    title: str
    secrets: list[SecretShown]


class ActionShown(BaseModel):
    """One thing a step can do."""

    key: str
    name: str
    description: str
    params: dict[str, Any] = Field(description="JSON schema.")
    result: dict[str, Any] = Field(description="JSON schema.")
    scopes: list[str]
    repeat: Literal["idempotent", "reconcilable", "unknowable"]
    effect: Literal["read", "write", "destructive"]


class TriggerShown(BaseModel):
    """One kind of event that can start a workflow."""

    key: str
    name: str
    description: str
    config: dict[str, Any] = Field(description="JSON schema.")
    scopes: list[str]


class ProviderShown(BaseModel):
    """A vendor."""

    key: str
    name: str
    summary: str
    docs_url: str
    auth: list[AuthShown]
    settings: dict[str, Any] = Field(description="JSON schema.")
    actions: list[ActionShown]
    triggers: list[TriggerShown]


class AccountShown(BaseModel):
    """The account at the vendor."""

    id: str
    name: str


class RateShown(BaseModel):
    """A limit as the vendor last told it."""

    bucket: str
    most: int | None
    remaining: int | None
    resets_at: datetime | None
    waits_until: datetime | None


class ConnectionShown(BaseModel):
    """A connection; never a secret."""

    id: str
    provider: str
    name: str
    status: Literal["pending", "connected", "needs_reauth", "error", "paused", "disconnected"]
    account: AccountShown
    scopes: list[str]
    settings: dict[str, Any]
    secrets_set: list[str]
    secret_fingerprints: dict[str, str]
    sandbox: bool
    default: bool
    last_used_at: datetime | None
    last_checked_at: datetime | None
    last_synced_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    rate: list[RateShown]
    error: Problem | None = None
    authorize_url: str | None = None
    """Where a signed-in person of the organisation goes on, while it is `pending`."""


class TestProblem(Problem):
    """Why a test failed."""

    fix: str


class TestShown(BaseModel):
    """What a test found out."""

    ok: bool
    milliseconds: int
    account: AccountShown
    detail: dict[str, str]
    scopes: list[str]
    missing_scopes: list[str]
    expires_at: datetime | None
    error: TestProblem | None = None


class UseShown(BaseModel):
    """A workflow that names a connection."""

    workflow_id: str
    name: str
    live: bool


class DraftProblem(BaseModel):
    """What keeps a draft from being published, or should be looked at."""

    path: str
    code: str
    message: str
    severity: str


class SavedShown(BaseModel):
    """A saved draft."""

    id: str
    draft_version: int
    problems: list[DraftProblem]


class UsedConnection(BaseModel):
    """A connection that a workflow names."""

    id: str
    name: str
    status: str


class WorkflowShown(BaseModel):
    """A workflow of the list."""

    id: str
    name: str
    trigger_type: str
    state: Literal["draft", "live", "paused"]
    draft_version: int
    published_number: int | None
    tags: list[str]
    connections: list[UsedConnection]
    created_at: datetime
    updated_at: datetime
    last_run_at: datetime | None
    next_run_at: datetime | None


class WorkflowWhole(WorkflowShown):
    """A workflow with its definitions."""

    draft: dict[str, Any]
    live: dict[str, Any] | None
    problems: list[DraftProblem]


class PublishedShown(BaseModel):
    """A version that went live."""

    id: str
    version: int
    endpoint_id: str | None


class RunShown(BaseModel):
    """A run of the list."""

    id: str
    workflow_id: str
    workflow_name: str
    version: int | None
    status: Literal["queued", "running", "waiting", "held", "succeeded", "failed", "cancelled"]
    reason: str
    held_connection_id: str | None
    event_id: str | None
    replay_of: str | None
    cancel_requested: bool
    wake_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    trigger_type: str
    error: Problem | None = None


class StepShown(BaseModel):
    """A step of a run; secrets in its inputs are masked."""

    path: str
    key: str
    name: str
    type: str
    action: str
    connection_id: str | None
    status: Literal["pending", "running", "waiting", "held", "succeeded", "failed", "skipped", "cancelled"]
    attempts: int
    inputs: dict[str, Any]
    output: Any
    wake_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    error: Problem | None = None


class RunWhole(RunShown):
    """A run with everything that happened in it."""

    trigger: dict[str, Any]
    steps: list[StepShown]


class RunStarted(BaseModel):
    """A run that was started; with `wait` the whole run beside its id."""

    run_id: str


class RunReplayed(BaseModel):
    """A run that was made once more."""

    run_id: str
    replay_of: str


class RunRefused(BaseModel):
    """A run that was not replayed."""

    run_id: str
    error: Problem


class RunsReplayed(BaseModel):
    """What replaying many came to."""

    replayed: list[RunReplayed]
    refused: list[RunRefused]


class EventShown(BaseModel):
    """A delivery, or what stands for some that were rejected."""

    id: str
    endpoint_id: str
    endpoint_name: str
    delivery_id: str
    kind: str
    verdict: str
    """`accepted`, `ignored` or `rejected`."""
    reason: str
    """Why it was rejected."""
    times: int
    """How often it came; of rejected ones, how many this stands for."""
    runs: int
    received_at: datetime


class EventWhole(EventShown):
    """A delivery with its headers (none that authenticates), its body as text, and the runs it started."""

    run_ids: list[str]
    headers: dict[str, str]
    body: str
    cut: bool
    """The body is longer than what is shown."""


class Replayed(BaseModel):
    """The runs that a replay started."""

    run_ids: list[str]


class TokenAsked(BaseModel):
    """What a sender's JSON Web Token must be."""

    algorithm: Literal["HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"]
    issuer: str
    """Its `iss`; empty for any."""
    audience: str
    """In its `aud`; empty for any."""


class EndpointShown(BaseModel):
    """An inbound address."""

    id: str
    name: str
    kind: str
    url: str
    enabled: bool
    connection_id: str | None
    target: str
    created_at: datetime
    last_event_at: datetime | None
    former_until: datetime | None
    """Until when the secret before the last rotation is taken too."""
    per_minute: int
    """Deliveries that each process takes a minute; 0 for no cap."""
    limited_at: datetime | None
    """When the cap last turned one away."""
    allowed_addresses: list[str]
    """Addresses and networks that deliveries may come from; none: any."""
    jwt: TokenAsked | None
    """Of the kind `jwt`: what the senders' tokens must be."""
    answer_seconds: int
    """How long a delivery waits for what its run answers; 0: it is answered at once."""


class EndpointMade(EndpointShown):
    """A new or rotated inbound address, with its secret for this one time."""

    secret: str | None


class AuditShown(BaseModel):
    """One act."""

    sequence: int
    at: datetime
    name: str
    actor: str
    actor_id: str
    subject: str
    address: str
    detail: dict[str, Any]


class OrganizationShown(BaseModel):
    """The organisation that the token belongs to."""

    id: str
    name: str


class TokenShown(BaseModel):
    """The token itself."""

    id: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Me(BaseModel):
    """Who the token acts for, and what it may do."""

    user_id: str
    email: str
    role: Literal["viewer", "editor", "admin", "owner"]
    permissions: list[str]
    organization: OrganizationShown
    token: TokenShown
