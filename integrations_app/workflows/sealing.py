"""Where the secrets of endpoints, the bodies of events and pinned samples are sealed to."""

from typing import Literal

from sqlmodel import Session

from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.models import Endpoint, PinnedSample

ENDPOINT, EVENT, SAMPLE = "endpoint", "event", "sample"
EndpointField = Literal["secret", "former_secret"]
"""The columns of an endpoint that hold envelopes."""


def seal_endpoint_secret(
    hub: Hub, session: Session, row: Endpoint, secret: Secret, field: EndpointField = "secret"
) -> bytes:
    """An envelope that opens only for this endpoint and field."""
    return hub.keyring.seal(
        session, row.organization_id, record=row.id, kind=ENDPOINT, field=field, version=1, secret=secret
    )


def open_endpoint_secret(hub: Hub, session: Session, row: Endpoint, field: EndpointField = "secret") -> Secret:
    """The secret, or the former one, of an endpoint that has it; raises CredentialUnreadable, VaultSealed."""
    return hub.keyring.open(
        session,
        row.organization_id,
        record=row.id,
        kind=ENDPOINT,
        field=field,
        version=1,
        envelope=getattr(row, field) or b"",
    )


def seal_body(hub: Hub, session: Session, organization_id: str, event_id: str, body: bytes) -> bytes:
    """An envelope with the raw body of an event."""
    return hub.keyring.seal(
        session, organization_id, record=event_id, kind=EVENT, field="body", version=1, secret=Secret(body)
    )


def open_body(hub: Hub, session: Session, organization_id: str, event_id: str, envelope: bytes) -> bytes:
    """The raw body of an event, to be shown to people of its organisation or parsed again."""
    opened = hub.keyring.open(
        session, organization_id, record=event_id, kind=EVENT, field="body", version=1, envelope=envelope
    )
    return opened.reveal_bytes("show or replay an event")


def seal_answer(hub: Hub, session: Session, organization_id: str, event_id: str, answer: bytes) -> bytes:
    """An envelope with what a run answered to the sender of an event."""
    return hub.keyring.seal(
        session, organization_id, record=event_id, kind=EVENT, field="answer", version=1, secret=Secret(answer)
    )


def open_answer(hub: Hub, session: Session, organization_id: str, event_id: str, envelope: bytes) -> bytes:
    """What a run answered, to be sent; raises CredentialUnreadable, VaultSealed."""
    opened = hub.keyring.open(
        session, organization_id, record=event_id, kind=EVENT, field="answer", version=1, envelope=envelope
    )
    return opened.reveal_bytes("answer the sender of an event")


def seal_sample(hub: Hub, session: Session, row: PinnedSample, value: bytes) -> bytes:
    """An envelope with the JSON of a pinned sample."""
    return hub.keyring.seal(
        session, row.organization_id, record=row.id, kind=SAMPLE, field="value", version=1, secret=Secret(value)
    )


def open_sample(hub: Hub, session: Session, row: PinnedSample) -> bytes:
    """The JSON of a pinned sample; raises CredentialUnreadable, VaultSealed."""
    opened = hub.keyring.open(
        session, row.organization_id, record=row.id, kind=SAMPLE, field="value", version=1, envelope=row.value
    )
    return opened.reveal_bytes("show or use a pinned sample")
