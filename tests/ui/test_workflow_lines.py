"""Rows of the workflows page: what keeps a workflow from running is said in words."""

from datetime import UTC, datetime

import pytest

from integrations_app.sdk.registry import registry
from integrations_app.ui.pages.workflows_state import workflow_line
from integrations_app.workflows.problems import KnownConnection
from integrations_app.workflows.views import WorkflowRow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "failed", "trouble"),
    [
        ("connected", "", ""),
        ("needs_reauth", "", "acme: Needs reconnecting"),
        ("connected", "Too busy.", "the last look for news failed: Too busy."),
        ("paused", "Too busy.", "acme: Paused, the last look for news failed: Too busy."),
    ],
)
def test_trouble_of_connections_and_of_the_trigger(status: str, failed: str, trouble: str) -> None:
    named = (KnownConnection("c", "acme", "salesforce", status, ()),)
    row = WorkflowRow("w", "Watch", "salesforce.record_created", "live", 1, 1, named, NOW, NOW, None, None, failed)
    line = workflow_line(row, registry())
    assert (line.trouble, row.needs_attention) == (trouble, bool(trouble))
