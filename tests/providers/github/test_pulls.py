"""Pull requests and what is said on them, over HTTP against the emulated vendor."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected

WEB = "acme/web"
ONE: dict[str, Any] = {"repository": WEB, "number": 1}
LINE: dict[str, Any] = {**ONE, "body": "Why?", "path": "src/app.py", "line": 1}


async def branch_with(github: Any, branch: str, path: str, content: str) -> None:
    await github.run("create_branch", repository=WEB, branch=branch)
    place = {"repository": WEB, "path": path, "branch": branch}
    await github.run("create_or_update_file", **place, content=content, message="Change")


class TestCreate:
    NEW: dict[str, Any] = {"repository": WEB, "title": "Docs", "head": "docs", "base": "main"}  # noqa: RUF012

    async def test_opens_one(self, github: Any) -> None:
        await branch_with(github, "docs", "docs/a.md", "a")
        made = await github.run("create_pull_request", **self.NEW, body="Words", draft=True)
        assert (made.head.ref, made.base.ref, made.state, made.draft) == ("docs", "main", "open", True)
        files = await github.run("get_pull_request_files", repository=WEB, number=made.number)
        assert [(one.filename, one.status) for one in files.items] == [("docs/a.md", "added")]

    async def test_a_lost_answer_is_found(self, github: Any, sandbox: Any) -> None:
        await branch_with(github, "docs", "docs/a.md", "a")
        sandbox.fault(vendor="github", method="POST", path="/pulls$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_pull_request", **self.NEW)
        assert (await github.find("create_pull_request", **self.NEW)).title == "Docs"
        assert await github.find("create_pull_request", "another", **self.NEW) is None

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"head": "develop"}, "No commits between main and develop"),
            ({"head": "feature/greeting"}, "already exists"),
            ({"head": "nowhere"}, "head invalid"),
            ({"base": "nowhere", "head": "develop"}, "base invalid"),
        ],
    )
    async def test_refusals(self, github: Any, change: dict[str, Any], words: str) -> None:
        with pytest.raises(Rejected, match=words) as refused:
            await github.run("create_pull_request", **(self.NEW | change))
        assert refused.value.code == "validation_failed"


class TestChange:
    async def test_updates(self, github: Any) -> None:
        made = await github.run("update_pull_request", **ONE, title="Hello", base="develop")
        assert (made.title, made.base.ref, made.body) == ("Hello", "develop", "A friendlier greeting.")
        assert (await github.run("update_pull_request", **ONE, state="closed")).state == "closed"

    async def test_reviewers(self, mona: Any, github: Any) -> None:
        made = await mona.run("request_reviewers", **ONE, reviewers=["octo-hub"])
        assert [one.login for one in made.requested_reviewers] == ["octo-hub"]
        with pytest.raises(Rejected, match="author"):
            await github.run("request_reviewers", **ONE, reviewers=["mona-lisa"])

    async def test_reads(self, github: Any) -> None:
        assert (await github.run("get_pull_request", **ONE)).mergeable is True
        found = await github.run("list_pull_requests", repository=WEB, base="main")
        assert [one.number for one in found.items] == [1]
        assert (await github.run("list_pull_requests", repository=WEB, base="develop")).items == []


class TestMerge:
    async def test_merges(self, github: Any) -> None:
        made = await github.run("merge_pull_request", **ONE, merge_method="squash", commit_title="Greet")
        assert made.merged
        content = await github.run("get_file", repository=WEB, path="src/app.py")
        assert content.content == 'print("hello, world")\n'
        assert (await github.run("get_pull_request", **ONE)).merge_commit_sha == made.sha

    async def test_a_lost_answer_is_found(self, github: Any, sandbox: Any) -> None:
        assert await github.find("merge_pull_request", **ONE) is None
        sandbox.fault(vendor="github", method="PUT", path="/merge$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("merge_pull_request", **ONE)
        found = await github.find("merge_pull_request", **ONE)
        assert (found.merged, bool(found.sha)) == (True, True)

    async def test_a_head_that_moved(self, github: Any) -> None:
        with pytest.raises(Rejected, match="modified") as refused:
            await github.run("merge_pull_request", **ONE, sha="0" * 40)
        assert refused.value.code == "conflict"

    async def test_a_conflict(self, github: Any) -> None:
        place = {"repository": WEB, "path": "src/app.py", "message": "m"}
        await github.run("create_or_update_file", **place, content="other")
        assert (await github.run("get_pull_request", **ONE)).mergeable is False
        with pytest.raises(Rejected, match="not mergeable") as refused:
            await github.run("merge_pull_request", **ONE)
        assert refused.value.code == "not_allowed"

    async def test_an_issue_is_none(self, github: Any) -> None:
        made = await github.run("create_issue", repository=WEB, title="x")
        with pytest.raises(Rejected) as refused:
            await github.run("merge_pull_request", repository=WEB, number=made.number)
        assert refused.value.code == "not_found_or_no_access"


class TestReviews:
    async def test_approves_and_asks_for_changes(self, github: Any) -> None:
        assert (await github.run("create_review", **ONE, event="APPROVE")).state == "APPROVED"
        made = await github.run("create_review", **ONE, event="REQUEST_CHANGES", body="Tests, please.")
        assert made.state == "CHANGES_REQUESTED"

    async def test_nobody_approves_their_own(self, mona: Any) -> None:
        with pytest.raises(Rejected, match="your own"):
            await mona.run("create_review", **ONE, event="APPROVE")

    async def test_words_are_needed(self, github: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="body"):
            await github.run("create_review", **ONE, event="COMMENT", body=" ")
        assert sandbox.requests("/reviews") == []

    async def test_a_lost_answer_is_found(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="POST", path="/reviews$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_review", **ONE, event="APPROVE")
        assert (await github.find("create_review", **ONE, event="APPROVE")).state == "APPROVED"
        assert await github.find("create_review", "another", **ONE, event="APPROVE") is None


class TestLines:
    async def test_comments_and_replies(self, github: Any) -> None:
        made = await github.run("create_review_comment", **LINE)
        assert (made.path, made.line) == ("src/app.py", 1)
        answer = await github.run("reply_review_comment", "op-2", **ONE, comment_id=made.id, body="So.")
        assert answer.in_reply_to_id == made.id
        with pytest.raises(Rejected, match="top-level"):
            await github.run("reply_review_comment", "op-3", **ONE, comment_id=answer.id, body="x")

    @pytest.mark.parametrize("change", [{"line": 99}, {"path": "README.md"}, {"commit_id": "0" * 40}])
    async def test_what_is_not_in_the_diff(self, github: Any, change: dict[str, Any]) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("create_review_comment", **(LINE | change))
        assert refused.value.code == "validation_failed"

    async def test_lost_answers_are_found(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="POST", path="/comments$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_review_comment", **LINE)
        first = await github.find("create_review_comment", **LINE)
        reply = {**ONE, "comment_id": first.id, "body": "So."}
        sandbox.fault(vendor="github", method="POST", path="/replies$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("reply_review_comment", "op-2", **reply)
        assert (await github.find("reply_review_comment", "op-2", **reply)).in_reply_to_id == first.id
        assert await github.find("create_review_comment", "another", **LINE) is None


class TestOneActionForAllComments:
    """`create_pr_comment` with a place, or with the comment that it answers."""

    async def test_at_a_line_and_to_a_comment_there(self, github: Any) -> None:
        made = await github.run("create_pr_comment", **LINE)
        assert (made.path, made.line) == ("src/app.py", 1)
        answer = await github.run("create_pr_comment", "op-2", **ONE, reply_to=made.id, body="So.")
        assert (answer.in_reply_to_id, answer.body.startswith("So.")) == (made.id, True)
        with pytest.raises(Rejected, match="top-level"):
            await github.run("create_pr_comment", "op-3", **ONE, reply_to=answer.id, body="x")

    async def test_lost_answers_are_found_where_they_were_wanted(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="POST", path="/pulls/1/comments$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_pr_comment", **LINE)
        first = await github.find("create_pr_comment", **LINE)
        assert first.line == 1
        reply = {**ONE, "reply_to": first.id, "body": "So."}
        sandbox.fault(vendor="github", method="POST", path="/replies$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_pr_comment", "op-2", **reply)
        assert (await github.find("create_pr_comment", "op-2", **reply)).in_reply_to_id == first.id
        assert len(sandbox.requests("/pulls/1/comments", "POST")) == 2

    @pytest.mark.parametrize("change", [{"line": 99}, {"path": "README.md"}])
    async def test_a_place_outside_the_diff(self, github: Any, change: dict[str, Any]) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("create_pr_comment", **(LINE | change))
        assert refused.value.code == "validation_failed"

    @pytest.mark.parametrize(
        ("more", "field"),
        [
            ({"path": "src/app.py"}, "line"),
            ({"line": 1}, "path"),
            ({"path": "src/app.py", "line": 1, "reply_to": 7}, "reply_to"),
            ({"path": "../x", "line": 1}, "path"),
        ],
    )
    async def test_half_a_place_and_two_places_are_never_sent(
        self, github: Any, sandbox: Any, more: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run("create_pr_comment", **ONE, body="x", **more)
        assert list(refused.value.fields) == [field]
        assert sandbox.requests("github/api") == []
