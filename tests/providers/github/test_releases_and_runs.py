"""Releases, workflow runs, and calls of any kind, over HTTP against the emulated vendor."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, RateLimited, Rejected, Unavailable
from integrations_app.providers.github import provider
from integrations_app.providers.github.actions.awaiting import DispatchAndWait, resume
from integrations_app.providers.github.actions.releases import UpdateRelease
from integrations_app.sdk.actions import Repeat
from integrations_app.sdk.waiting import Later, Waited

WEB = "acme/web"
HERE: dict[str, Any] = {"repository": WEB}
DEPLOY: dict[str, Any] = HERE | {"workflow": "deploy.yml", "ref": "main", "inputs": {"environment": "staging"}}


class TestReleases:
    NEW: dict[str, Any] = HERE | {"tag_name": "v2.0.0", "name": "Two", "body": "New."}

    async def test_makes_one_with_its_tag(self, github: Any) -> None:
        made = await github.run("create_release", **self.NEW, generate_release_notes=True)
        assert (made.tag_name, made.name, made.draft) == ("v2.0.0", "Two", False)
        assert "Full Changelog" in made.body
        assert (await github.run("get_latest_release", **HERE)).id == made.id
        assert (await github.run("get_release", **HERE, tag_name="v2.0.0")).id == made.id
        assert (await github.run("list_commits", **HERE, sha="v2.0.0")).items

    async def test_changes_one_and_leaves_the_rest(self, github: Any) -> None:
        made = await github.run("create_release", **self.NEW)
        changed = await github.run("update_release", **HERE, release_id=made.id, body="Newer.", prerelease="yes")
        assert (changed.id, changed.name, changed.body, changed.prerelease) == (made.id, "Two", "Newer.", True)
        assert not (await github.run("update_release", **HERE, release_id=made.id, prerelease="no")).prerelease

    async def test_publishes_a_draft_and_may_be_repeated(self, github: Any, sandbox: Any) -> None:
        made = await github.run("create_release", **self.NEW, draft=True)
        params = HERE | {"release_id": made.id, "state": "published"}
        sandbox.fault(vendor="github", method="PATCH", path=r"/releases/\d+$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("update_release", **params)
        again = await github.run("update_release", **params)
        assert (again.id, again.draft) == (made.id, False)
        assert (await github.run("get_release", **HERE, tag_name="v2.0.0")).id == made.id

    async def test_the_picker_shows_drafts_too(self, github: Any) -> None:
        made = await github.run("create_release", **self.NEW, draft=True)
        found = await github.choices(UpdateRelease, "release_id", "two", **HERE)
        assert [(one.value, one.label, one.hint) for one in found.choices] == [(str(made.id), "Two", "v2.0.0, a draft")]

    async def test_nothing_to_change_and_no_such_release(self, github: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="nothing to change"):
            await github.run("update_release", **HERE, release_id=1)
        assert sandbox.requests("/releases") == []
        with pytest.raises(Rejected) as refused:
            await github.run("update_release", **HERE, release_id=1, name="x")
        assert refused.value.code == "not_found_or_no_access"

    async def test_there_is_none(self, github: Any) -> None:
        for action, more in (("get_latest_release", {}), ("get_release", {"tag_name": "v9"})):
            with pytest.raises(Rejected) as refused:
                await github.run(action, **HERE, **more)
            assert refused.value.code == "not_found_or_no_access"

    async def test_a_tag_has_one_release(self, github: Any) -> None:
        await github.run("create_release", **self.NEW)
        with pytest.raises(Rejected, match="already_exists"):
            await github.run("create_release", "op-2", **self.NEW)

    @pytest.mark.parametrize("draft", [True, False])
    async def test_a_lost_answer_is_found(self, github: Any, sandbox: Any, draft: bool) -> None:
        sandbox.fault(vendor="github", method="POST", path="/releases$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_release", **self.NEW, draft=draft)
        assert (await github.find("create_release", **self.NEW, draft=draft)).draft is draft
        assert await github.find("create_release", "another", **self.NEW) is None


class TestRuns:
    async def test_lists_and_gets(self, github: Any) -> None:
        made = await github.run("dispatch_workflow", **DEPLOY)
        for more in ({}, {"workflow": "deploy.yml"}, {"event": "workflow_dispatch", "branch": "main"}):
            found = await github.run("list_workflow_runs", **HERE, **more)
            assert [one.id for one in found.items] == [made.workflow_run_id]
        assert (await github.run("list_workflow_runs", **HERE, workflow="tests.yml")).items == []
        one = await github.run("get_workflow_run", **HERE, run_id=made.workflow_run_id)
        assert (one.name, one.run_attempt) == ("Deploy", 1)

    async def test_no_such_run(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("get_workflow_run", **HERE, run_id=9)
        assert refused.value.code == "not_found_or_no_access"

    async def test_cancels_once_and_runs_again(self, github: Any) -> None:
        run = HERE | {"run_id": (await github.run("dispatch_workflow", **DEPLOY)).workflow_run_id}
        assert await github.find("rerun_workflow_run", **run) is None
        with pytest.raises(Rejected, match="already running"):
            await github.run("rerun_workflow_run", **run)
        assert [(await github.run("cancel_workflow_run", **run)).changed for _ in range(2)] == [True, False]
        assert (await github.run("get_workflow_run", **run)).conclusion == "cancelled"
        assert (await github.run("rerun_workflow_run", **run)).run_attempt == 2

    async def test_a_lost_rerun_is_found(self, github: Any, sandbox: Any) -> None:
        run = HERE | {"run_id": (await github.run("dispatch_workflow", **DEPLOY)).workflow_run_id}
        await github.run("cancel_workflow_run", **run)
        sandbox.fault(vendor="github", method="POST", path="/rerun-failed-jobs$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("rerun_workflow_run", **run, only_failed=True)
        assert (await github.find("rerun_workflow_run", **run)).run_attempt == 2

    async def test_events_from_outside(self, github: Any, sandbox: Any) -> None:
        made = await github.run("repository_dispatch", **HERE, event_type="deploy", client_payload={"a": 1})
        assert made.accepted
        payload = {f"k{number}": 1 for number in range(11)}
        with pytest.raises(InvalidInput) as refused:
            await github.run("repository_dispatch", **HERE, event_type="deploy", client_payload=payload)
        assert refused.value.code == "input_too_long"
        assert len(sandbox.requests("/dispatches", "POST")) == 1


class TestGraphQL:
    ASK = (
        "query($owner: String!) "
        '{ repository(owner: $owner, name: "web") { id nameWithOwner issue(number: 1) { title } } }'
    )

    async def test_answers(self, github: Any) -> None:
        made = await github.run("graphql", query=self.ASK, variables={"owner": "acme"})
        found = made.data["repository"]
        assert (found["nameWithOwner"], found["issue"]) == (WEB, {"title": "Greet the world"})
        change = "mutation($id: ID!) { addStar(input: {starrableId: $id}) { starrable { viewerHasStarred } } }"
        made = await github.run("graphql", query=change, variables={"id": found["id"]})
        assert made.data["addStar"]["starrable"] == {"viewerHasStarred": True}

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ('{ repository(owner: "acme", name: "gone") { id } }', "not_found_or_no_access"),
            ("{ nonsense }", "query_failed"),
            ("{ viewer {", "query_failed"),
        ],
    )
    async def test_refusals_in_a_200_answer(self, github: Any, query: str, code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("graphql", query=query)
        assert refused.value.code == code

    async def test_the_limit_comes_in_a_200_answer(self, github: Any, sandbox: Any) -> None:
        said = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
        sandbox.fault(vendor="github", path="/graphql$", status=200, body=said)
        with pytest.raises(RateLimited) as refused:
            await github.run("graphql", query="{ viewer { login } }")
        assert refused.value.after is not None

    async def test_only_a_mutation_may_have_happened(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", path="/graphql$", status=502, count=2)
        with pytest.raises(Unavailable):
            await github.run("graphql", query="{ viewer { login } }")
        with pytest.raises(OutcomeUnknown):
            await github.run("graphql", query='mutation { addStar(input: {starrableId: "x"}) { starrable { id } } }')


class TestApiCall:
    async def test_reads_and_writes(self, github: Any) -> None:
        found = await github.run("api_call", path="/repos/acme/web/labels", query={"per_page": "2"})
        assert len(found.data) == 2
        await github.run("api_call", method="PUT", path="/user/starred/acme/web")
        made = await github.run("api_call", method="POST", path="/repos/acme/web/issues", body={"title": "x"})
        assert made.data["title"] == "x"

    @pytest.mark.parametrize(
        "path",
        [
            "repos/x",
            "//evil.example/x",
            "https://evil.example/",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a b",
            "/a?b=1",
            "/a\\b",
            "/ä",
        ],
    )
    async def test_paths_that_leave_are_never_sent(self, github: Any, sandbox: Any, path: str) -> None:
        with pytest.raises(InvalidInput, match="path"):
            await github.run("api_call", path=path)
        assert sandbox.requests("") == []

    async def test_an_unknown_path(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("api_call", path="/nowhere")
        assert refused.value.code == "not_found_or_no_access"

    @pytest.mark.parametrize(
        ("action", "params", "repeat"),
        [
            ("api_call", {"path": "/x"}, Repeat.IDEMPOTENT),
            ("api_call", {"path": "/x", "method": "DELETE"}, Repeat.UNKNOWABLE),
            ("graphql", {"query": "{ viewer { login } }"}, Repeat.IDEMPOTENT),
            ("graphql", {"query": "mutation { x }"}, Repeat.UNKNOWABLE),
        ],
    )
    def test_only_reading_is_repeated(self, action: str, params: dict[str, Any], repeat: Repeat) -> None:
        found = provider.action(action)
        assert found is not None
        assert found.repeat_of(found.params(**params), None) is repeat


class TestWaitingForARun:
    async def begun(self, github: Any, **more: Any) -> Later:
        left = await github.run("dispatch_and_wait", **DEPLOY, **more)
        assert isinstance(left, Later)
        return left

    async def look(self, github: Any, left: Later, **more: Any) -> Any:
        found = await github.run("get_workflow_run", **HERE, run_id=left.state["run_id"])
        assert found.event == "workflow_dispatch"
        return await resume(DispatchAndWait(**DEPLOY, **more), Waited(left.state, None), github.context())

    def end(self, sandbox: Any, conclusion: str) -> None:
        act = {"user": "octo-hub", "act": f"Finish the newest run: {conclusion}"}
        assert sandbox.http.post(f"{sandbox.base}/github/{WEB}/happen", data=act).status_code == 303

    async def test_sleeps_until_it_has_ended_and_starts_it_once(self, github: Any, sandbox: Any) -> None:
        left = await self.begun(github)
        assert timedelta(seconds=8) < left.until - datetime.now(UTC) < timedelta(seconds=12)
        again = await self.look(github, left)
        assert isinstance(again, Later) and again.state == left.state
        self.end(sandbox, "success")
        found = await self.look(github, again)
        assert (found.id, found.conclusion) == (left.state["run_id"], "success")
        assert len(sandbox.requests("/dispatches", "POST")) == 1

    async def test_a_run_that_fails_fails_the_step_unless_told_otherwise(self, github: Any, sandbox: Any) -> None:
        left = await self.begun(github)
        self.end(sandbox, "failure")
        with pytest.raises(Rejected) as refused:
            await self.look(github, left)
        assert refused.value.code == "run_not_successful"
        assert (await self.look(github, left, on_failure="continue")).conclusion == "failure"

    async def test_nobody_waits_for_ever(self, github: Any) -> None:
        left = await self.begun(github)
        ctx = replace(github.context(), started=datetime.now(UTC) - timedelta(minutes=59, seconds=30))
        soon = await resume(DispatchAndWait(**DEPLOY), Waited(left.state, None), ctx)
        assert isinstance(soon, Later) and soon.until - datetime.now(UTC) <= timedelta(seconds=30)
        ctx = replace(ctx, started=datetime.now(UTC) - timedelta(minutes=61))
        with pytest.raises(Rejected) as refused:
            await resume(DispatchAndWait(**DEPLOY), Waited(left.state, None), ctx)
        assert refused.value.code == "timed_out"

    async def test_a_server_that_does_not_tell_the_run(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", path="/dispatches$", status=204)
        with pytest.raises(Rejected) as refused:
            await github.run("dispatch_and_wait", **DEPLOY)
        assert refused.value.code == "run_not_told"
