"""The bell: one call per connection that died, however many runs wait for it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from integrations_app.connections.models import Connection
from integrations_app.connections.views import view
from integrations_app.ui.attention import Call, connection_call

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = view(Connection(organization_id="o", id="c", provider="probe", name="Acme", created_at=NOW, updated_at=NOW), [])


@pytest.mark.parametrize(
    ("status", "held", "words"),
    [
        ("needs_reauth", 0, "Acme needs a person"),
        ("needs_reauth", 1, "Acme needs a person, 1 run is held"),
        ("error", 7, "Acme needs a person, 7 runs are held"),
        ("disconnected", 2, "Acme is disconnected, 2 runs are held"),
        ("paused", 2, "Acme is paused, 2 runs are held"),
    ],
)
def test_a_connection_calls_once(status: str, held: int, words: str) -> None:
    assert connection_call(replace(ROW, status=status), held) == Call(words, "/integrations/probe")


@pytest.mark.parametrize(("status", "held"), [("connected", 0), ("connected", 3), ("paused", 0), ("disconnected", 0)])
def test_one_that_is_well_or_was_stopped_on_purpose_does_not(status: str, held: int) -> None:
    assert connection_call(replace(ROW, status=status), held) is None
