"""Every Linear action over HTTP against the emulated vendor, with its main refusals."""

from typing import Any

import pytest

from integrations_app.errors import (
    InvalidInput,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.providers.linear import provider
from integrations_app.providers.linear.actions import Graphql, only_reads, own_id
from integrations_app.sdk.actions import Repeat

SAY = "mutation M($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id } } }"


class TestCreateIssue:
    async def test_makes_one_with_everything(self, linear: Any, workspace: Any) -> None:
        team, before = workspace.team("OPS"), len(workspace.issues())
        known = workspace.issue("ENG-1")
        made = await linear.run(
            "create_issue",
            team=team,
            title='Disk is "full" & hot',
            description="See **dashboard**.",
            assignee=known["creator"]["id"],
            priority="urgent",
            due_date="2026-12-01",
        )
        there = workspace.issue(made.identifier)
        assert (there["title"], there["priority"], there["dueDate"]) == ('Disk is "full" & hot', 1, "2026-12-01")
        assert (made.assignee.name, made.team.key, made.state.name) == ("Ada Byron", "OPS", "Backlog")
        assert (made.id, len(workspace.issues())) == (own_id("run-1:step"), before + 1)

    async def test_is_found_again_and_not_made_twice(self, linear: Any, workspace: Any) -> None:
        team = workspace.team("ENG")
        assert await linear.find("create_issue", team=team, title="Once") is None
        made = await linear.run("create_issue", team=team, title="Once")
        assert await linear.find("create_issue", team=team, title="Once") == made
        assert await linear.find("create_issue", "run-2:step", team=team, title="Once") is None
        with pytest.raises(Rejected):
            await linear.run("create_issue", team=team, title="Once")
        assert [one["title"] for one in workspace.issues()].count("Once") == 1

    @pytest.mark.parametrize("change", [{"state": "no"}, {"assignee": "no"}, {"labels": ["no"]}, {"team": "no"}])
    async def test_what_is_not_there_is_refused(self, linear: Any, workspace: Any, change: dict[str, Any]) -> None:
        before = len(workspace.issues())
        with pytest.raises(Rejected) as refused:
            await linear.run("create_issue", **{"team": workspace.team("ENG"), "title": "x"} | change)
        assert refused.value.code == "entity_not_found"
        assert len(workspace.issues()) == before

    async def test_without_the_permission(self, reader: Any, workspace: Any) -> None:
        with pytest.raises(MissingScope) as refused:
            await reader.run("create_issue", team=workspace.team("ENG"), title="x")
        assert refused.value.needed == ("issues:create",)

    @pytest.mark.parametrize("fault", [{"effect": "lose"}, {"effect": "lose", "status": 502}, {"effect": "drop"}])
    async def test_a_lost_answer_leaves_it_open(
        self, linear: Any, sandbox: Any, workspace: Any, fault: dict[str, Any]
    ) -> None:
        team = workspace.team("ENG")
        sandbox.fault(vendor="linear", path="graphql", **fault)
        with pytest.raises(OutcomeUnknown):
            await linear.run("create_issue", team=team, title="Lost")

    @pytest.mark.parametrize("body", ["<html>", "", "[]", {"data": None}, {"data": {}}, {"data": {"issueCreate": {}}}])
    async def test_an_answer_that_says_nothing_leaves_it_open(
        self, linear: Any, sandbox: Any, workspace: Any, body: Any
    ) -> None:
        team = workspace.team("ENG")
        sandbox.fault(vendor="linear", path="graphql", status=200, body=body)
        with pytest.raises(OutcomeUnknown):
            await linear.run("create_issue", team=team, title="Odd")

    @pytest.mark.parametrize(("status", "kind"), [(200, "unknown"), (200, "other"), (500, "odd"), (503, "")])
    async def test_an_error_that_says_nothing_leaves_it_open(
        self, linear: Any, sandbox: Any, workspace: Any, status: int, kind: str
    ) -> None:
        team = workspace.team("ENG")
        body = {"errors": [{"message": "Oops", "extensions": {"type": kind}}]}
        sandbox.fault(vendor="linear", path="graphql", status=status, body=body)
        with pytest.raises(OutcomeUnknown):
            await linear.run("create_issue", team=team, title="Odd")

    async def test_success_that_is_none(self, linear: Any, sandbox: Any, workspace: Any) -> None:
        team = workspace.team("ENG")
        sandbox.fault(vendor="linear", path="graphql", status=200, body={"data": {"issueCreate": {"success": False}}})
        with pytest.raises(Rejected) as refused:
            await linear.run("create_issue", team=team, title="Odd")
        assert refused.value.code == "not_done"


class TestUpdateIssue:
    async def test_changes_what_is_given_and_leaves_the_rest(self, linear: Any, workspace: Any) -> None:
        before = workspace.issue("ENG-1")
        changed = await linear.run("update_issue", issue=" ENG-1 ", title="New", priority="low", labels=[])
        there = workspace.issue("ENG-1")
        assert (changed.title, changed.priority, changed.labels) == ("New", 4, [])
        assert there["state"] == before["state"] and there["id"] == before["id"]

    async def test_moves_to_another_team(self, linear: Any, workspace: Any) -> None:
        moved = await linear.run("update_issue", issue="ENG-2", team=workspace.team("OPS"))
        assert moved.identifier == "OPS-2"

    async def test_nothing_to_change_is_never_sent(self, linear: Any, workspace: Any) -> None:
        with pytest.raises(InvalidInput):
            await linear.run("update_issue", issue="ENG-1")
        assert workspace.calls() == []

    async def test_refusals(self, linear: Any, reader: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await linear.run("update_issue", issue="ENG-99", title="x")
        assert refused.value.code == "entity_not_found"
        with pytest.raises(MissingScope) as missing:
            await reader.run("update_issue", issue="ENG-1", title="x")
        assert missing.value.needed == ("write",)


class TestCommentIssue:
    async def test_says_it_once(self, linear: Any, workspace: Any) -> None:
        assert await linear.find("comment_issue", issue="ENG-1", body="Seen") is None
        made = await linear.run("comment_issue", issue="ENG-1", body="Seen")
        assert await linear.find("comment_issue", issue="ENG-1", body="Seen") == made
        assert [one["body"] for one in workspace.issue("ENG-1")["comments"]] == ["Seen"]
        assert made.issue.identifier == "ENG-1"

    async def test_refusals(self, linear: Any, reader: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await linear.run("comment_issue", issue="NO-1", body="x")
        assert refused.value.code == "entity_not_found"
        with pytest.raises(MissingScope) as missing:
            await reader.run("comment_issue", issue="ENG-1", body="x")
        assert missing.value.needed == ("comments:create",)


class TestReading:
    async def test_an_issue_by_what_people_read(self, reader: Any, workspace: Any) -> None:
        found = await reader.run("get_issue", issue="eng-1")
        assert (found.identifier, found.id) == ("ENG-1", workspace.issue("ENG-1")["id"])
        with pytest.raises(Rejected) as refused:
            await reader.run("get_issue", issue="ENG-99")
        assert refused.value.code == "entity_not_found"

    async def test_issues_by_team_state_and_words(self, reader: Any, workspace: Any) -> None:
        team = workspace.team("ENG")
        found = await reader.run("search_issues", team=team, text="CHANGE")
        assert [one.title for one in found.issues] == ["Write the changelog"]
        todo = workspace.issue("ENG-1")["state"]["id"]
        assert len((await reader.run("search_issues", state=todo)).issues) == 2
        some = await reader.run("search_issues", limit=1)
        assert (len(some.issues), some.more) == (1, True)
        nobody = await reader.run("search_issues", assignee=workspace.issue("ENG-1")["creator"]["id"])
        assert (nobody.issues, nobody.more) == ([], False)

    async def test_a_lost_answer_is_asked_again(self, reader: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="linear", path="graphql", effect="drop")
        with pytest.raises(Unavailable):
            await reader.run("get_issue", issue="ENG-1")

    @pytest.mark.parametrize("body", [{"data": {"issue": {}}}, {"data": {"issue": None}}, "<html>", {"errors": []}])
    async def test_an_answer_that_cannot_be_read(self, reader: Any, sandbox: Any, body: Any) -> None:
        sandbox.fault(vendor="linear", path="graphql", status=200, body=body)
        with pytest.raises(ResponseRefused):
            await reader.run("get_issue", issue="ENG-1")


class TestGraphql:
    async def test_queries_and_mutations(self, linear: Any, workspace: Any) -> None:
        found = await linear.run("graphql", query="{ viewer { name organization { urlKey } } }")
        assert found.data == {"viewer": {"name": "Ada Byron", "organization": {"urlKey": "acme"}}}
        said = await linear.run("graphql", query=SAY, variables={"input": {"issueId": "ENG-1", "body": "x"}})
        assert said.data["commentCreate"]["success"] is True
        assert len(workspace.issue("ENG-1")["comments"]) == 1

    @pytest.mark.parametrize("query", ["{ nobody { id } }", "{", "", "query { issue(id: $x) { id } "])
    async def test_what_cannot_be_read_is_refused(self, linear: Any, query: str) -> None:
        with pytest.raises(Rejected if query else ValueError):
            await linear.run("graphql", query=query)

    async def test_refusals(self, linear: Any, reader: Any) -> None:
        with pytest.raises(MissingScope):
            await reader.run("graphql", query=SAY, variables={"input": {"issueId": "ENG-1", "body": "x"}})
        with pytest.raises(Rejected):
            await linear.run("graphql", query='{ issue(id: "ENG-99") { id } }')

    @pytest.mark.parametrize(
        ("query", "reads"),
        [
            ("{ viewer { id } }", True),
            ("query Q { viewer { id } }", True),
            ('{ issues(filter: {title: {eq: "mutation"}}) { nodes { id } } }', True),
            ("# mutation\n{ viewer { id } }", True),
            (SAY, False),
            ("query Q { viewer { id } } mutation M { x }", False),
            ('{ a(b: """mutation""") }', True),
            ('# "\nmutation M { x }', False),
        ],
    )
    def test_only_what_reads_is_repeated(self, query: str, reads: bool) -> None:
        action = provider.action("graphql")
        assert action is not None
        assert only_reads(query) is reads
        promise = action.repeat_of(Graphql(query=query), None)
        assert promise is (Repeat.IDEMPOTENT if reads else Repeat.UNKNOWABLE)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("update_issue", {"issue": "ENG-1", "title": "x"}),
        ("comment_issue", {"issue": "ENG-1", "body": "x"}),
        ("get_issue", {"issue": "ENG-1"}),
        ("search_issues", {}),
        ("graphql", {"query": "{ viewer { id } }"}),
    ],
)
async def test_dead_tokens_and_limits(linear: Any, sandbox: Any, action: str, params: dict[str, Any]) -> None:
    sandbox.fault(vendor="linear", path="graphql", status=429, headers={"Retry-After": "9"}, body="slow down")
    with pytest.raises(RateLimited) as limited:
        await linear.run(action, **params)
    assert limited.value.after == 9
    sandbox.settings(linear={"request_limit": 0})
    with pytest.raises(RateLimited):
        await linear.run(action, **params)
    sandbox.post("revoke", vendor="linear", all=True)
    with pytest.raises(ReconnectRequired) as dead:
        await linear.run(action, **params)
    assert dead.value.vendor_code == "authentication_error"
