"""The pickers: teams, and what is inside one."""

from typing import Any

import pytest

from integrations_app.errors import ResponseRefused
from integrations_app.providers.linear.actions import CreateIssue, SearchIssues
from integrations_app.providers.linear.triggers import OnIssue


async def labels(connected: Any, model: Any, name: str, search: str = "", **given: str) -> list[str]:
    page = await connected.choices(model, name, search, **given)
    assert page.cursor is None
    return [choice.label for choice in page.choices]


async def test_teams_and_people(reader: Any) -> None:
    assert await labels(reader, CreateIssue, "team") == ["Engineering", "Operations"]
    assert await labels(reader, OnIssue, "team", "ops") == ["Operations"]
    assert await labels(reader, SearchIssues, "assignee") == ["Ada Byron", "Grace Murray"]


async def test_states_and_labels_of_the_chosen_team(reader: Any, workspace: Any) -> None:
    team = workspace.team("ENG")
    assert await labels(reader, CreateIssue, "state", team=team) == ["Backlog", "Todo", "In Progress", "Done"]
    assert len(await labels(reader, CreateIssue, "state")) == 8
    assert await labels(reader, CreateIssue, "labels", team=team) == ["Bug", "Feature"]
    assert await labels(reader, CreateIssue, "labels", team=workspace.team("OPS")) == ["Bug", "Feature", "Incident"]


async def test_typing_asks_the_vendor_once(reader: Any, workspace: Any) -> None:
    for text in ("", "e", "en"):
        await labels(reader, CreateIssue, "team", text)
    assert len(workspace.calls()) == 1


@pytest.mark.parametrize("body", [{"data": {"teams": None}}, {"data": {"teams": {"nodes": [{}], "pageInfo": {}}}}])
async def test_an_answer_that_cannot_be_read(reader: Any, sandbox: Any, body: Any) -> None:
    sandbox.fault(vendor="linear", path="graphql", status=200, body=body)
    with pytest.raises(ResponseRefused):
        await labels(reader, CreateIssue, "team")
