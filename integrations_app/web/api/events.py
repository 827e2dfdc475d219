"""Calls about inbound events and the endpoints at which they arrive."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from integrations_app.errors import InvalidInput
from integrations_app.kit.jwt import TokenRule
from integrations_app.kit.secret import Secret
from integrations_app.organizations.permissions import Permission
from integrations_app.web.api.answers import EndpointMade, EndpointShown, EventShown, EventWhole, Replayed
from integrations_app.web.api.calls import Call, Caller
from integrations_app.web.api.lists import Asking, Json, Listed, Paging, listed, paged
from integrations_app.workflows import endpoints, events
from integrations_app.workflows.endpoint_terms import (
    MAX_CLAIM,
    MOST_ADDRESSES,
    MOST_ANSWER_SECONDS,
    MOST_PER_MINUTE,
    Terms,
    TokenChange,
)
from integrations_app.workflows.event_replaying import replay_to
from integrations_app.workflows.events import EventRow
from integrations_app.workflows.inbound import NONE

SHOWN_ONCE = "shown once to the program that opened the endpoint, or replaced its secret"
UNSIGNED_UNCONFIRMED = (
    "must be true: whoever learns the address could start the workflows that listen, with any data; or choose a kind "
    "that is signed"
)
MAX_SECRET = 4000
DAY_SECONDS = 24 * 60 * 60


class EventsAsked(Paging):
    """Which events."""

    endpoint_id: str = Field(default="", pattern=r"^([0-9a-f]{32})?$", description="Of this endpoint only.")
    workflow_id: str = Field(
        default="", pattern=r"^([0-9a-f]{32})?$", description="Those that started this workflow only."
    )
    verdict: Literal["", "accepted", "duplicate", "rejected", "ignored"] = Field(
        default="", description="Only these; `duplicate` are those that came more than once."
    )


class ReplayAsked(Asking):
    """What an event is replayed to."""

    workflow_id: str = Field(
        default="", pattern=r"^([0-9a-f]{32})?$", description="This workflow only; left out, all that listen."
    )
    draft: bool = Field(default=False, description="Its draft, not its live version; with `workflow_id`.")


Allowed = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        max_length=MOST_ADDRESSES,
        description="IP addresses and networks (CIDR) that deliveries may come from; none: any. Others get 403.",
    ),
]


AnswerSeconds = Annotated[
    int,
    Field(
        ge=0,
        le=MOST_ANSWER_SECONDS,
        description="How long a delivery waits for what its run answers, then it gets 202; 0: it gets 202 at once.",
    ),
]


PerMinute = Annotated[
    int,
    Field(
        ge=0,
        le=MOST_PER_MINUTE,
        description="The cap: deliveries that each process takes a minute, others get 429; 0: no cap.",
    ),
]
Algorithm = Literal["HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"]
Claim = Annotated[str, Field(max_length=MAX_CLAIM)]


class Token(Asking):
    """What a sender's JSON Web Token must be."""

    algorithm: Algorithm = Field(
        default="HS256", description="Chosen once. RS256, ES256 and EdDSA want the public key (PEM) as `secret`."
    )
    issuer: Claim = Field(default="", description="Its `iss`; empty for any.")
    audience: Claim = Field(default="", description="In its `aud`; empty for any.")

    def rule(self) -> TokenRule:
        """The same for the services."""
        return TokenRule(self.algorithm, self.issuer, self.audience)


class TokenChanged(Asking):
    """What to set of what a sender's JSON Web Token must be; what is left out stays."""

    algorithm: Algorithm | None = Field(default=None, description="The one that was chosen; another is refused.")
    issuer: Claim | None = Field(default=None, description="Its `iss`; null or empty for any.")
    audience: Claim | None = Field(default=None, description="In its `aud`; null or empty for any.")

    def change(self) -> TokenChange:
        """The same for the services."""
        named = {name: getattr(self, name) or "" for name in ("issuer", "audience") if name in self.model_fields_set}
        return TokenChange(self.algorithm, **named)


class NewEndpoint(Asking):
    """An address to open."""

    name: str = Field(max_length=200)
    kind: str = Field(
        max_length=100,
        description="`hmac_sha256`, `standard_webhooks`, `bearer`, `basic`, `api_key`, `jwt`, `none`, "
        "or a provider's key.",
    )
    secret: str | None = Field(
        default=None, min_length=1, max_length=MAX_SECRET, description="The sender's own; left out, we make one."
    )
    confirm_unsigned: bool = Field(
        default=False,
        description="Must be true for `none`: whoever learns the address starts what listens, with any data.",
    )
    allowed_addresses: Allowed = Field(default_factory=list)
    jwt: Token | None = Field(default=None, description="For the kind `jwt`.")
    answer_seconds: AnswerSeconds = 0
    per_minute: PerMinute = 0

    def terms(self) -> Terms:
        """The same for the services."""
        rule = self.jwt.rule() if self.jwt is not None else None
        return Terms(self.allowed_addresses, rule, self.answer_seconds, self.per_minute)


class EndpointChanged(Asking):
    """What to set; what is left out stays."""

    allowed_addresses: Allowed | None = None
    jwt: TokenChanged | None = Field(default=None, description="For the kind `jwt`; the algorithm stays.")
    answer_seconds: AnswerSeconds | None = None
    per_minute: PerMinute | None = None

    def terms(self) -> Terms:
        """The same for the services."""
        change = self.jwt.change() if self.jwt is not None else None
        return Terms(self.allowed_addresses, change, self.answer_seconds, self.per_minute)


class Rotation(Asking):
    """How the secret is replaced."""

    grace_seconds: int = Field(
        default=0,
        ge=0,
        le=7 * DAY_SECONDS,
        description="How long deliveries signed with the present secret are taken too.",
    )
    secret: str | None = Field(
        default=None, min_length=1, max_length=MAX_SECRET, description="The sender's own; left out, we make one."
    )


async def list_events(asked: Caller, ask: Annotated[EventsAsked, Query()]) -> Response:
    """List events.

    Every delivery, newest first. Rejected ones are gathered, at most one a minute and endpoint.
    """
    page = await events.list_events(
        asked.hub,
        asked.actor,
        endpoint_id=ask.endpoint_id,
        workflow_id=ask.workflow_id,
        verdict=ask.verdict,
        cursor=ask.after(),
        limit=ask.limit,
    )
    return listed(map(_listed, page.items), page.next_cursor)


async def get_event(asked: Caller, event_id: str) -> Response:
    """Show an event.

    With its headers (none that authenticates), its body as text, and the runs that it started.
    """
    found = await events.get_event(asked.hub, asked.actor, event_id)
    return Json(asdict(found.row) | {"headers": found.headers, "body": found.body, "cut": found.cut})


async def replay_event(asked: Caller, event_id: str, body: ReplayAsked | None = None) -> Response:
    """Replay an event.

    Every workflow that listens today is started once more with it, or the one that is named; `not_listening` when such
    an event would not start that one.
    """
    given = body or ReplayAsked()
    if given.draft and not given.workflow_id:
        raise InvalidInput({"workflow_id": "is needed for a draft"})
    if given.workflow_id:
        run_id = await replay_to(asked.hub, asked.actor, event_id, given.workflow_id, draft=given.draft)
        return Json({"run_ids": [run_id]}, 202)
    return Json({"run_ids": await events.replay_event(asked.hub, asked.actor, event_id)}, 202)


async def list_endpoints(asked: Caller, paging: Annotated[Paging, Query()]) -> Response:
    """List endpoints, oldest first."""
    rows = await endpoints.list_endpoints(asked.hub, asked.actor)
    return paged(rows, paging, by=lambda one: (one.created_at.isoformat(), one.id), show=lambda one: one.as_dict())


async def create_endpoint(asked: Caller, body: NewEndpoint) -> Response:
    """Open an endpoint.

    An address at which events may arrive. Its signing secret is in this answer only. One that proves nothing about its
    senders is opened only with `confirm_unsigned`.
    """
    if body.kind == NONE and not body.confirm_unsigned:
        raise InvalidInput({"confirm_unsigned": UNSIGNED_UNCONFIRMED})
    secret = Secret(body.secret) if body.secret is not None else None
    made = await endpoints.create_endpoint(asked.hub, asked.actor, body.name, body.kind, secret, body.terms())
    shown = made.secret.reveal(SHOWN_ONCE) if made.secret is not None else None
    return Json(made.row.as_dict() | {"secret": shown}, 201)


async def change_endpoint(asked: Caller, endpoint_id: str, body: EndpointChanged) -> Response:
    """Change an endpoint.

    From the next deliveries on; its secret is replaced by a rotation. `endpoint_managed` where a connection keeps the
    endpoint.
    """
    changed = await endpoints.change_endpoint(asked.hub, asked.actor, endpoint_id, body.terms())
    return Json(changed.as_dict())


async def rotate_endpoint(asked: Caller, endpoint_id: str, body: Rotation | None = None) -> Response:
    """Rotate an endpoint's secret.

    The new one is in this answer only. The one before it is taken too for `grace_seconds`, then erased; `no_secret`
    where nothing is signed, `key_needed` without the new public key, `endpoint_managed` where a connection keeps the
    endpoint.
    """
    given = body or Rotation()
    secret = Secret(given.secret) if given.secret is not None else None
    grace = timedelta(seconds=given.grace_seconds)
    made = await endpoints.rotate_endpoint(asked.hub, asked.actor, endpoint_id, secret, grace)
    return Json(made.row.as_dict() | {"secret": made.secret.reveal(SHOWN_ONCE) if made.secret is not None else None})


async def delete_endpoint(asked: Caller, endpoint_id: str) -> Response:
    """Delete an endpoint.

    The address is closed for good; `endpoint_in_use` while live workflows listen on it.
    """
    await endpoints.delete_endpoint(asked.hub, asked.actor, endpoint_id)
    return Response(status_code=204)


CALLS = (
    Call("GET", "/events", list_events, Permission.VIEW, Listed[EventShown]),
    Call("GET", "/events/{event_id}", get_event, Permission.VIEW, EventWhole, refusals=(409,)),
    Call("POST", "/events/{event_id}/replay", replay_event, Permission.EDIT_WORKFLOWS, Replayed, 202, refusals=(409,)),
    Call("GET", "/endpoints", list_endpoints, Permission.VIEW, Listed[EndpointShown]),
    Call("POST", "/endpoints", create_endpoint, Permission.MANAGE_CONNECTIONS, EndpointMade, 201),
    Call(
        "PATCH",
        "/endpoints/{endpoint_id}",
        change_endpoint,
        Permission.MANAGE_CONNECTIONS,
        EndpointShown,
        refusals=(409,),
    ),
    Call(
        "POST",
        "/endpoints/{endpoint_id}/rotate",
        rotate_endpoint,
        Permission.MANAGE_CONNECTIONS,
        EndpointMade,
        refusals=(409,),
    ),
    Call(
        "DELETE", "/endpoints/{endpoint_id}", delete_endpoint, Permission.MANAGE_CONNECTIONS, None, 204, refusals=(409,)
    ),
)


def _listed(row: EventRow) -> dict[str, Any]:
    """The list does not look up which runs an event started."""
    return {name: value for name, value in asdict(row).items() if name != "run_ids"}
