"""Where workflows keep envelopes, for rotation."""

from sqlmodel import col

from integrations_app.organizations.rotation_places import Place
from integrations_app.workflows.models import Endpoint, Event, PinnedSample
from integrations_app.workflows.sealing import ENDPOINT, EVENT, SAMPLE

PLACES = (
    Place(
        name="endpoint.secret",
        table=Endpoint,
        envelope=col(Endpoint.secret),
        kind=ENDPOINT,
        key=(col(Endpoint.id),),
        record=col(Endpoint.id),
        field="secret",
        version=1,
    ),
    Place(
        name="endpoint.former_secret",
        table=Endpoint,
        envelope=col(Endpoint.former_secret),
        kind=ENDPOINT,
        key=(col(Endpoint.id),),
        record=col(Endpoint.id),
        field="former_secret",
        version=1,
    ),
    Place(
        name="event.body",
        table=Event,
        envelope=col(Event.body),
        kind=EVENT,
        key=(col(Event.id),),
        record=col(Event.id),
        field="body",
        version=1,
    ),
    Place(
        name="event.answer",
        table=Event,
        envelope=col(Event.answer),
        kind=EVENT,
        key=(col(Event.id),),
        record=col(Event.id),
        field="answer",
        version=1,
    ),
    Place(
        name="pinned_sample.value",
        table=PinnedSample,
        envelope=col(PinnedSample.value),
        kind=SAMPLE,
        key=(col(PinnedSample.id),),
        record=col(PinnedSample.id),
        field="value",
        version=1,
    ),
)
