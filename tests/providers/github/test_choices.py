"""The pickers: repositories, and what is inside one."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.github import GitHubSettings, choices
from integrations_app.providers.github.actions.files import CreateOrUpdateFile
from integrations_app.providers.github.actions.issues import CloseIssue, CreateIssue
from integrations_app.providers.github.actions.releases import GetRelease
from integrations_app.providers.github.actions.reviews import CreatePrComment
from integrations_app.providers.github.actions.runs import DispatchWorkflow
from integrations_app.providers.github.triggers import OnIssues, OnPush

WEB = "acme/web"


@pytest.fixture
def github(connect: Any, sandbox: Any) -> Any:
    return connect("github", access_token=sandbox.token("github", "octo-hub", ["repo"]))


async def values(github: Any, model: Any, name: str, search: str = "") -> list[str]:
    page = await github.choices(model, name, search, repository=WEB)
    return [choice.value for choice in page.choices]


async def test_repositories(github: Any) -> None:
    page = await github.choices(CreateIssue, "repository")
    assert {choice.value: choice.hint for choice in page.choices} == {
        "acme/web": "",
        "acme/api": "private",
        "octo-hub/notes": "private",
    }


@pytest.mark.parametrize("scopes", [["repo"], ["repo", "read:org"], []])
async def test_a_trigger_may_listen_to_a_whole_organisation(connect: Any, sandbox: Any, scopes: list[str]) -> None:
    github = connect("github", access_token=sandbox.token("github", "octo-hub", scopes or None))
    page = await github.choices(OnIssues, "repository")
    assert (page.choices[0].value, page.choices[0].label) == ("acme/*", "All repositories of acme")
    assert [choice.value for choice in page.choices[1:]] == await values(github, CreateIssue, "repository")
    assert await values(github, OnIssues, "repository", "all REPO") == ["acme/*"]
    assert await values(github, OnIssues, "repository", "notes") == ["octo-hub/notes"]
    assert len(sandbox.requests("/user/orgs")) == 1


async def test_inside_a_whole_organisation_names_are_typed(github: Any) -> None:
    assert (await github.choices(OnPush, "branches", repository="acme/*")).choices == ()


async def test_repositories_are_searched_by_name(github: Any) -> None:
    assert await values(github, CreateIssue, "repository", "API") == ["acme/api"]


@pytest.mark.parametrize(("model", "name"), [(CreateOrUpdateFile, "branch"), (OnPush, "branches")])
async def test_branches(github: Any, model: Any, name: str) -> None:
    assert sorted(await values(github, model, name)) == ["develop", "feature/greeting", "main"]


async def test_open_pull_requests_show_their_titles(github: Any) -> None:
    page = await github.choices(CreatePrComment, "number", "greet", repository=WEB)
    assert [(c.value, c.label, c.hint) for c in page.choices] == [("1", "#1 Greet the world", "by mona-lisa")]


async def test_workflows_are_named_by_their_file(github: Any) -> None:
    assert await values(github, DispatchWorkflow, "workflow") == ["deploy.yml", "tests.yml"]


async def test_labels_and_assignees(github: Any) -> None:
    assert "bug" in await values(github, CreateIssue, "labels")
    assert set(await values(github, CreateIssue, "assignees")) == {"octo-hub", "mona-lisa"}


async def test_issues_milestones_and_tags(github: Any) -> None:
    assert await values(github, CloseIssue, "number") == ["1"]
    page = await github.choices(CreateIssue, "milestone", repository=WEB)
    assert [(choice.value, choice.label) for choice in page.choices] == [("1", "Next")]
    assert await values(github, GetRelease, "tag_name") == ["v1.0.0"]


async def test_the_default_repository_is_looked_into(connect: Any, sandbox: Any) -> None:
    settings = GitHubSettings(default_repository=WEB)
    github = connect("github", settings=settings, access_token=sandbox.token("github", "octo-hub"))
    page = await github.choices(CreateOrUpdateFile, "branch")
    assert len(page.choices) == 3


async def test_without_a_repository_it_says_so(github: Any) -> None:
    with pytest.raises(InvalidInput, match="repository"):
        await github.choices(CreateOrUpdateFile, "branch")


async def test_a_repository_one_may_not_see(github: Any) -> None:
    with pytest.raises(Rejected):
        await github.choices(CreateOrUpdateFile, "branch", repository="acme/gone")


async def test_typing_asks_the_vendor_once(github: Any, sandbox: Any) -> None:
    for text in ("m", "ma", "mai"):
        await values(github, CreateOrUpdateFile, "branch", text)
    assert len(sandbox.requests("/branches")) == 1


async def test_pages_are_followed(github: Any, monkeypatch: pytest.MonkeyPatch, sandbox: Any) -> None:
    monkeypatch.setattr(choices, "PER_PAGE", 2)
    monkeypatch.setattr("integrations_app.providers.github.client.PER_PAGE", 2)
    assert len(await values(github, CreateIssue, "labels")) == 5
    assert len(sandbox.requests("/labels")) == 3
