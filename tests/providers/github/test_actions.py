"""Every GitHub action over HTTP against the emulated vendor, with its main refusals."""

import base64
from typing import Any, ClassVar

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, RateLimited, ReconnectRequired, Rejected, Unavailable
from integrations_app.providers.github import GitHubSettings
from integrations_app.providers.github.find import marker

WEB = "acme/web"


@pytest.fixture
def github(connect: Any, sandbox: Any) -> Any:
    """A connection with no more than the default scopes."""
    return connect("github", access_token=sandbox.token("github", "octo-hub", ["repo"]))


def issues(sandbox: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.get("github/issues", repository=WEB)["issues"]
    return found


async def several(github: Any) -> None:
    """Three calls, as the minute or the hour may turn between two of them."""
    for _ in range(3):
        await github.run("create_issue", repository=WEB, title="x")


class TestCreateIssue:
    async def test_opens_one_with_labels_and_a_hidden_marker(self, github: Any, sandbox: Any) -> None:
        made = await github.run(
            "create_issue", repository=WEB, title="Broken", body="It is.", labels=["bug"], assignees=["mona-lisa"]
        )
        there = next(item for item in issues(sandbox) if item["number"] == made.number)
        assert (there["title"], there["html_url"], made.state) == ("Broken", made.html_url, "open")
        assert there["body"] == f"It is.\n\n{marker('run-1:step')}"
        assert [label["name"] for label in there["labels"]] == ["bug"]
        assert [user["login"] for user in there["assignees"]] == ["mona-lisa"]
        assert len(sandbox.requests("github/api")) == 1

    async def test_the_default_repository_stands_in(self, connect: Any, sandbox: Any) -> None:
        settings = GitHubSettings(default_repository=WEB)
        github = connect("github", settings=settings, access_token=sandbox.token("github", "octo-hub"))
        made = await github.run("create_issue", title="By default")
        assert "/acme/web/" in made.html_url

    @pytest.mark.parametrize("name", ["", "web", "acme/..", "acme/web/x", "acme/we b", "../x"])
    async def test_names_that_are_none_are_never_sent(self, github: Any, sandbox: Any, name: str) -> None:
        with pytest.raises(InvalidInput, match="repository"):
            await github.run("create_issue", repository=name, title="x")
        assert sandbox.requests("github/api") == []

    async def test_what_one_may_not_see_is_not_there(self, connect: Any, sandbox: Any) -> None:
        github = connect("github", access_token=sandbox.token("github", "mona-lisa"))
        with pytest.raises(Rejected) as refused:
            await github.run("create_issue", repository="octo-hub/notes", title="x")
        assert refused.value.code == "not_found_or_no_access"

    async def test_values_it_does_not_accept(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("create_issue", repository=WEB, title="x", assignees=["nobody-here"])
        assert refused.value.code == "validation_failed"
        assert "nobody-here cannot be assigned" in refused.value.message

    @pytest.mark.parametrize(("field", "size"), [("body", 300_000), ("title", 257)])
    async def test_too_long_texts_are_never_sent(self, github: Any, sandbox: Any, field: str, size: int) -> None:
        params = {"repository": WEB, "title": "x", field: "x" * size}
        with pytest.raises(InvalidInput) as refused:
            await github.run("create_issue", **params)
        assert (refused.value.code, list(refused.value.fields)) == ("input_too_long", [field])
        assert sandbox.requests("github/api") == []

    @pytest.mark.parametrize("status", [0, 500, 502, 504])
    async def test_a_lost_answer_is_found_and_nothing_is_made_twice(
        self, github: Any, sandbox: Any, status: int
    ) -> None:
        sandbox.fault(vendor="github", method="POST", path="/issues$", effect="lose", status=status)
        params = {"repository": WEB, "title": "only once"}
        with pytest.raises(OutcomeUnknown):
            await github.run("create_issue", **params)
        found = await github.find("create_issue", **params)
        assert [item["number"] for item in issues(sandbox) if item["title"] == "only once"] == [found.number]
        assert len(sandbox.requests("/issues", "POST")) == 1

    @pytest.mark.parametrize("fault", [{"effect": "drip"}, {"delay": 5}, {"effect": "huge"}])
    async def test_an_answer_that_does_not_end_leaves_it_open(
        self, github: Any, sandbox: Any, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(vendor="github", method="POST", path="/issues$", **fault)
        with pytest.raises(OutcomeUnknown):
            await github.within(0.5).run("create_issue", repository=WEB, title="x")

    async def test_a_read_that_does_not_end_may_be_asked_again(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", path="/user$", effect="drip")
        with pytest.raises(Unavailable):
            await github.provider.check(github.within(0.5).client)

    async def test_what_never_arrived_is_not_found(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="POST", path="/issues$", effect="drop")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_issue", repository=WEB, title="x")
        assert await github.find("create_issue", repository=WEB, title="x") is None

    async def test_another_operation_is_not_taken_for_ours(self, github: Any) -> None:
        await github.run("create_issue", "other", repository=WEB, title="x")
        assert await github.find("create_issue", "mine", repository=WEB, title="x") is None

    async def test_looking_where_one_may_not_leaves_it_open(self, github: Any) -> None:
        with pytest.raises(Rejected):
            await github.find("create_issue", repository="acme/gone", title="x")

    async def test_more_issues_than_are_read_leave_it_open(self, github: Any, sandbox: Any) -> None:
        one = {"number": 1, "body": "", "created_at": "2999-01-01T00:00:00Z"}
        sandbox.fault(vendor="github", method="GET", path="/issues$", status=200, count=0, body=[one] * 100)
        with pytest.raises(Rejected, match="Too much"):
            await github.find("create_issue", repository=WEB, title="x")
        assert len(sandbox.requests("/issues", "GET")) == 5


class TestDeadGrantsAndLimits:
    async def test_a_revoked_token_asks_for_a_person(self, github: Any, sandbox: Any) -> None:
        sandbox.post("revoke", vendor="github", all=True)
        with pytest.raises(ReconnectRequired) as refused:
            await github.run("create_issue", repository=WEB, title="x")
        assert refused.value.vendor_code in github.provider.expired_codes

    @pytest.mark.parametrize("status", [403, 429])
    async def test_the_secondary_limit_says_how_long(self, github: Any, sandbox: Any, status: int) -> None:
        sandbox.settings(github={"secondary_limit_per_minute": 1, "limit_status": status, "retry_after": 17})
        with pytest.raises(RateLimited) as refused:
            await several(github)
        assert refused.value.after == 17

    @pytest.mark.parametrize("status", [403, 429])
    async def test_the_hourly_limit_waits_for_its_reset(self, github: Any, sandbox: Any, status: int) -> None:
        sandbox.settings(github={"primary_limit": 1, "limit_status": status})
        with pytest.raises(RateLimited) as refused:
            await several(github)
        assert refused.value.after is not None
        assert 1 <= refused.value.after <= 3600

    async def test_nothing_is_sent_twice_by_the_library(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", path="/issues$", status=502, count=0)
        with pytest.raises(OutcomeUnknown):
            await github.run("create_issue", repository=WEB, title="x")
        assert len(sandbox.requests("/issues")) == 1

    async def test_single_sign_on_shows_the_link(self, github: Any, sandbox: Any) -> None:
        link = "https://github.com/orgs/acme/sso?authorization_request=abc"
        sandbox.fault(
            vendor="github",
            path="/issues$",
            status=403,
            headers={"X-GitHub-SSO": f"required; url={link}"},
            body={"message": "Resource protected by organization SAML enforcement."},
        )
        with pytest.raises(Rejected, match="single sign-on") as refused:
            await github.run("create_issue", repository=WEB, title="x")
        assert refused.value.code == "sso_required"
        assert link in refused.value.message


class TestCreatePrComment:
    async def test_comments(self, github: Any, sandbox: Any) -> None:
        made = await github.run("create_pr_comment", repository=WEB, number=1, body="Nice.")
        assert "#issuecomment-" in made.html_url
        assert issues(sandbox)[0]["comment_bodies"][0].startswith("Nice.")

    async def test_no_such_pull_request(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("create_pr_comment", repository=WEB, number=999, body="x")
        assert refused.value.code == "not_found_or_no_access"

    async def test_a_lost_answer_is_found(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="POST", path="/comments$", effect="lose")
        params = {"repository": WEB, "number": 1, "body": "once"}
        with pytest.raises(OutcomeUnknown):
            await github.run("create_pr_comment", **params)
        found = await github.find("create_pr_comment", **params)
        assert str(found.id) in found.html_url
        assert len(issues(sandbox)[0]["comment_bodies"]) == 1
        assert await github.find("create_pr_comment", "another", **params) is None


class TestDispatchWorkflow:
    STAGING: ClassVar = {"environment": "staging"}

    async def test_starts_a_run_and_names_it(self, github: Any) -> None:
        made = await github.run(
            "dispatch_workflow", repository=WEB, workflow="deploy.yml", ref="main", inputs=self.STAGING
        )
        assert made.accepted
        assert made.workflow_run_id
        assert made.html_url

    async def test_an_answer_without_details_is_accepted(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", path="/dispatches$", status=204)
        made = await github.run(
            "dispatch_workflow", repository=WEB, workflow="deploy.yml", ref="main", inputs=self.STAGING
        )
        assert (made.accepted, made.workflow_run_id) == (True, None)

    async def test_an_old_server_is_asked_without_details(self, github: Any, sandbox: Any) -> None:
        refusal = {"message": 'Invalid request.\n\n"return_run_details" is not a permitted key.'}
        sandbox.fault(vendor="github", path="/dispatches$", status=422, body=refusal)
        made = await github.run(
            "dispatch_workflow", repository=WEB, workflow="deploy.yml", ref="main", inputs=self.STAGING
        )
        assert (made.accepted, made.workflow_run_id) == (True, None)
        assert len(sandbox.requests("/dispatches")) == 2

    @pytest.mark.parametrize(
        ("change", "code", "words"),
        [
            ({"ref": "nowhere"}, "validation_failed", "No ref found"),
            ({"workflow": "tests.yml", "inputs": {}}, "validation_failed", "workflow_dispatch"),
            ({"workflow": "none.yml"}, "not_found_or_no_access", ""),
        ],
    )
    async def test_refusals(self, github: Any, change: dict[str, Any], code: str, words: str) -> None:
        params = {"repository": WEB, "workflow": "deploy.yml", "ref": "main", "inputs": self.STAGING} | change
        with pytest.raises(Rejected) as refused:
            await github.run("dispatch_workflow", **params)
        assert refused.value.code == code
        assert words in refused.value.message

    async def test_a_lost_answer_is_never_repeated(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", path="/dispatches$", effect="lose", status=502)
        with pytest.raises(OutcomeUnknown):
            await github.run(
                "dispatch_workflow", repository=WEB, workflow="deploy.yml", ref="main", inputs=self.STAGING
            )
        assert len(sandbox.requests("/dispatches")) == 1

    async def test_too_many_inputs_are_never_sent(self, github: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run(
                "dispatch_workflow",
                repository=WEB,
                workflow="deploy.yml",
                ref="main",
                inputs={f"i{number}": "x" for number in range(26)},
            )
        assert refused.value.code == "input_too_long"
        assert sandbox.requests("/dispatches") == []


class TestCreateOrUpdateFile:
    PLACE: ClassVar = {"repository": WEB, "path": "docs/status.md", "message": "Say how it is"}

    async def content(self, github: Any, path: str) -> bytes:
        url = f"/repos/{WEB}/contents/{path}"
        found = await github.client.read(lambda api: api.requester.requestJsonAndCheck("GET", url)[1])
        return base64.b64decode(found["content"])

    async def test_creates_updates_and_leaves_alone(self, github: Any, sandbox: Any) -> None:
        first = await github.run("create_or_update_file", **self.PLACE, content="öne")
        second = await github.run("create_or_update_file", **self.PLACE, content="two")
        third = await github.run("create_or_update_file", **self.PLACE, content="two")
        assert [(made.created, made.changed) for made in (first, second, third)] == [
            (True, True),
            (False, True),
            (False, False),
        ]
        assert second.sha == third.sha != first.sha
        assert await self.content(github, "docs/status.md") == b"two"
        assert len(sandbox.requests("/contents/", "PUT")) == 2

    async def test_takes_bytes_and_a_branch(self, github: Any) -> None:
        made = await github.run(
            "create_or_update_file",
            repository=WEB,
            path="/bin/zero",
            message="m",
            content="AP8A",
            encoding="base64",
            branch="develop",
        )
        assert (made.path, made.created) == ("bin/zero", True)
        with pytest.raises(Rejected):
            await self.content(github, "bin/zero")  # not on the default branch

    async def test_somebody_else_can_be_the_author(self, github: Any) -> None:
        author = {"author_name": " Ada ", "author_email": "ada@acme.example"}
        made = await github.run("create_or_update_file", **self.PLACE, content="x", **author)
        newest = (await github.run("list_commits", repository=WEB, limit=1)).items[0]
        assert newest.sha == made.commit_sha
        assert (newest.commit.author.name, newest.commit.author.email) == ("Ada", "ada@acme.example")
        await github.run("create_or_update_file", **self.PLACE, content="y")
        own = (await github.run("list_commits", repository=WEB, limit=1)).items[0].commit.author
        assert own.email == "octo-hub@sandbox.example"

    async def test_a_version_that_moved_is_read_again(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="PUT", path="/contents/", status=409, body={"message": "does not match"})
        made = await github.run("create_or_update_file", **self.PLACE, content="x")
        assert made.changed
        assert len(sandbox.requests("/contents/", "PUT")) == 2

    async def test_a_file_made_meanwhile_is_read_again(self, github: Any, sandbox: Any) -> None:
        await github.run("create_or_update_file", **self.PLACE, content="theirs")
        sandbox.fault(vendor="github", method="GET", path="/contents/", status=404, body={"message": "Not Found"})
        made = await github.run("create_or_update_file", **self.PLACE, content="ours")
        assert (made.created, await self.content(github, "docs/status.md")) == (False, b"ours")

    async def test_one_that_keeps_moving_is_a_conflict(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(
            vendor="github", method="PUT", path="/contents/", status=409, count=0, body={"message": "does not match"}
        )
        with pytest.raises(Rejected) as refused:
            await github.run("create_or_update_file", **self.PLACE, content="x")
        assert refused.value.code == "conflict"
        assert len(sandbox.requests("/contents/", "PUT")) == 4

    async def test_a_lost_answer_can_be_repeated(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="PUT", path="/contents/", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_or_update_file", **self.PLACE, content="x")
        again = await github.run("create_or_update_file", **self.PLACE, content="x")
        assert (again.created, again.changed) == (False, False)
        assert len(sandbox.requests("/contents/", "PUT")) == 1

    async def test_workflow_files_need_their_own_permission(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run(
                "create_or_update_file", repository=WEB, path=".github/workflows/x.yml", message="m", content="on: push"
            )
        assert refused.value.code == "not_found_or_no_access"

    @pytest.mark.parametrize(
        ("change", "code"), [({"branch": "nowhere"}, "not_found_or_no_access"), ({"path": "src"}, "not_a_file")]
    )
    async def test_refusals(self, github: Any, change: dict[str, Any], code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("create_or_update_file", **(self.PLACE | change), content="x")
        assert refused.value.code == code

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"path": "a/../../b"}, "invalid_input"),
            ({"path": "a//b"}, "invalid_input"),
            ({"content": "%%%", "encoding": "base64"}, "invalid_input"),
            ({"content": "x" * 1_000_001}, "input_too_long"),
            ({"author_name": "Ada"}, "invalid_input"),
            ({"author_email": "ada@acme.example"}, "invalid_input"),
            ({"author_name": "Ada", "author_email": "ada"}, "invalid_input"),
        ],
    )
    async def test_bad_values_are_never_sent(
        self, github: Any, sandbox: Any, change: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run("create_or_update_file", **({**self.PLACE, "content": "x"} | change))
        assert refused.value.code == code
        assert sandbox.requests("/contents/") == []
