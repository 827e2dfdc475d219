"""The sample of every provider with events: its own code takes it, and it stands for one delivery only."""

from datetime import UTC, datetime

import pytest

from integrations_app.kit.secret import Secret
from integrations_app.sdk.registry import registry
from integrations_app.sdk.samples import fill

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = Secret("CNRY_endpoint_0123456789abcdef")


@pytest.mark.parametrize("kind", [kind for kind, _ in registry().senders])
def test_the_sample_is_taken_by_the_code_that_judges_its_sender(kind: str) -> None:
    events = registry().events(kind)
    assert events is not None
    assert events.sample is not None
    found = []
    for delivery_id in ("test-1", "test-2"):
        headers, body = fill(events.sample, SECRET, delivery_id, NOW)
        events.verify(SECRET, headers, body, NOW)
        found.append(events.parse(headers, body).delivery_id)
    assert len(set(found)) == len(found)
