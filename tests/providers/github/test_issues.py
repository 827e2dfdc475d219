"""Issues changed, marked, read and searched for, over HTTP against the emulated vendor."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected

WEB = "acme/web"
ONE: dict[str, Any] = {"repository": WEB, "number": 1}


async def opened(github: Any, title: str = "Broken", **more: Any) -> dict[str, Any]:
    made = await github.run("create_issue", f"op-{title}", repository=WEB, title=title, **more)
    return {"repository": WEB, "number": made.number}


class TestComment:
    async def test_comments_with_a_hidden_marker(self, github: Any) -> None:
        made = await github.run("comment_issue", **ONE, body="Nice.")
        assert made.body.startswith("Nice.\n\n<!-- integrations-operation:")
        assert made.user.login == "octo-hub"

    async def test_a_lost_answer_is_found(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="POST", path="/comments$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("comment_issue", **ONE, body="once")
        assert (await github.find("comment_issue", **ONE, body="once")).body.startswith("once")
        assert await github.find("comment_issue", "another", **ONE, body="once") is None

    async def test_a_locked_conversation_takes_none_from_outside(self, github: Any, connect: Any, sandbox: Any) -> None:
        await github.run("lock_issue", **ONE)
        stranger = connect("github", access_token=sandbox.token("github", "mona-lisa", ["repo"]))
        assert (await stranger.run("comment_issue", **ONE, body="I may push.")).id

    async def test_too_long_a_comment_is_never_sent(self, github: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run("comment_issue", **ONE, body="x" * 65_600)
        assert refused.value.code == "input_too_long"
        assert sandbox.requests("/comments") == []


class TestChange:
    async def test_updates_only_what_is_given(self, github: Any) -> None:
        issue = await opened(github, labels=["bug"], body="Old")
        made = await github.run("update_issue", **issue, title="Renamed", milestone=1)
        assert (made.title, made.milestone.title, [one.name for one in made.labels]) == ("Renamed", "Next", ["bug"])
        assert made.body.startswith("Old")
        assert (await github.run("update_issue", **issue, labels=[])).labels == []

    async def test_closes_and_reopens(self, github: Any) -> None:
        issue = await opened(github)
        for _ in range(2):
            made = await github.run("close_issue", **issue, state_reason="not_planned")
            assert (made.state, made.state_reason) == ("closed", "not_planned")
        assert (await github.run("reopen_issue", **issue)).state == "open"

    async def test_what_one_may_not_see(self, mona: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await mona.run("close_issue", repository="octo-hub/notes", number=1)
        assert refused.value.code == "not_found_or_no_access"

    async def test_an_unknown_milestone(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("update_issue", **ONE, milestone=99)
        assert refused.value.code == "validation_failed"

    async def test_a_milestone_on_a_new_issue(self, github: Any) -> None:
        made = await github.run("create_issue", repository=WEB, title="Planned", milestone=1)
        assert made.milestone.number == 1


class TestMarks:
    async def test_labels_come_and_go(self, github: Any) -> None:
        for _ in range(2):
            made = await github.run("add_labels", **ONE, labels=["bug", "brand/new"])
            assert [label.name for label in made.labels] == ["enhancement", "bug", "brand/new"]
        gone = [(await github.run("remove_label", **ONE, label="brand/new")).changed for _ in range(2)]
        assert gone == [True, False]

    async def test_a_label_of_no_issue(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("remove_label", repository=WEB, number=999, label="bug")
        assert refused.value.code == "not_found_or_no_access"

    @pytest.mark.parametrize(("labels", "code"), [([], "invalid_input"), (["x"] * 101, "input_too_long")])
    async def test_bad_lists_are_never_sent(self, github: Any, sandbox: Any, labels: list[str], code: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run("add_labels", **ONE, labels=labels)
        assert refused.value.code == code
        assert sandbox.requests("/labels") == []

    async def test_assignees_come_and_go(self, github: Any) -> None:
        made = await github.run("add_assignees", **ONE, assignees=["mona-lisa", "nobody-here"])
        assert [person.login for person in made.assignees] == ["mona-lisa"]
        for _ in range(2):
            assert (await github.run("remove_assignees", **ONE, assignees=["mona-lisa"])).assignees == []

    async def test_locks_and_unlocks(self, github: Any) -> None:
        for _ in range(2):
            assert (await github.run("lock_issue", **ONE, lock_reason="resolved")).changed
        assert (await github.run("get_issue", **ONE)).locked
        assert (await github.run("unlock_issue", **ONE)).changed
        assert not (await github.run("get_issue", **ONE)).locked


class TestRead:
    async def test_one(self, github: Any) -> None:
        found = await github.run("get_issue", **ONE)
        assert (found.number, found.user.login, found.labels[0].name) == (1, "mona-lisa", "enhancement")

    async def test_many_by_filter(self, github: Any) -> None:
        await opened(github, "First", labels=["bug"])
        await opened(github, "Second", labels=["bug", "urgent"], assignees=["mona-lisa"])
        found = await github.run("list_issues", repository=WEB, labels=["bug"])
        assert [one.title for one in found.items] == ["Second", "First"]
        found = await github.run("list_issues", repository=WEB, assignee="mona-lisa")
        assert [one.title for one in found.items] == ["Second"]

    async def test_pages_are_followed_up_to_the_limit(
        self, github: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("integrations_app.providers.github.rest.PER_PAGE", 2)
        for number in range(4):
            await opened(github, f"Number {number}")
        assert len((await github.run("list_issues", repository=WEB, limit=3)).items) == 3
        assert len(sandbox.requests("/issues", "GET")) == 2

    async def test_searches(self, github: Any) -> None:
        await opened(github, "Needle in the hay")
        found = await github.run("search_issues", query=f"needle repo:{WEB} is:issue")
        assert [one.title for one in found.items] == ["Needle in the hay"]

    async def test_an_unreadable_moment(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("list_issues", repository=WEB, since="yesterday")
        assert refused.value.code == "validation_failed"

    async def test_what_one_may_not_see(self, mona: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await mona.run("list_issues", repository="octo-hub/notes")
        assert refused.value.code == "not_found_or_no_access"
