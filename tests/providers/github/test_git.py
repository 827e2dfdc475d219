"""Files, commits, branches and tags, over HTTP against the emulated vendor."""

import base64
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected

WEB = "acme/web"
HERE: dict[str, Any] = {"repository": WEB}


class TestFiles:
    async def test_reads_a_text(self, github: Any) -> None:
        found = await github.run("get_file", **HERE, path="src/app.py", ref="feature/greeting")
        assert (found.content, found.content_base64, found.size) == ('print("hello, world")\n', None, 22)

    async def test_reads_what_is_no_text(self, github: Any) -> None:
        raw = base64.b64encode(b"\xff\x00").decode()
        await github.run("create_or_update_file", **HERE, path="x.bin", message="m", content=raw, encoding="base64")
        found = await github.run("get_file", **HERE, path="x.bin")
        assert (found.content, found.content_base64) == (None, raw)

    @pytest.mark.parametrize(("path", "code"), [("none.txt", "not_found_or_no_access"), ("src", "not_a_file")])
    async def test_reads_nothing(self, github: Any, path: str, code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("get_file", **HERE, path=path)
        assert refused.value.code == code

    async def test_a_large_file_is_refused(self, github: Any, sandbox: Any) -> None:
        large = {"type": "file", "sha": "1", "path": "x", "encoding": "none", "content": "", "size": 2_000_000}
        sandbox.fault(vendor="github", path="/contents/", status=200, body=large)
        with pytest.raises(Rejected) as refused:
            await github.run("get_file", **HERE, path="x")
        assert refused.value.code == "too_large"

    async def test_deletes_and_it_stays_deleted(self, github: Any) -> None:
        gone = [await github.run("delete_file", **HERE, path="src/app.py", message="Away") for _ in range(2)]
        assert [one.changed for one in gone] == [True, False]

    async def test_a_lost_deletion_can_be_repeated(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="DELETE", path="/contents/", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("delete_file", **HERE, path="src/app.py", message="Away")
        assert not (await github.run("delete_file", **HERE, path="src/app.py", message="Away")).changed

    @pytest.mark.parametrize("change", [{"branch": "nowhere"}, {"repository": "acme/gone"}])
    async def test_a_place_that_is_not_there_is_no_success(self, github: Any, change: dict[str, Any]) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("delete_file", **(HERE | {"path": "x", "message": "m"} | change))
        assert refused.value.code == "not_found_or_no_access"

    async def test_a_version_that_moved_is_read_again(self, github: Any, sandbox: Any) -> None:
        moved = {"message": "does not match"}
        sandbox.fault(vendor="github", method="DELETE", path="/contents/", status=409, body=moved)
        assert (await github.run("delete_file", **HERE, path="src/app.py", message="Away")).changed

    async def test_lists(self, github: Any) -> None:
        found = await github.run("list_tree", **HERE)
        assert {"README.md", "src", "src/app.py"} <= {entry.path for entry in found.tree}
        below = await github.run("list_tree", **HERE, ref="v1.0.0", path="src/", limit=1)
        assert [(entry.path, entry.type) for entry in below.tree] == [("src/app.py", "blob")]
        cut = await github.run("list_tree", **HERE, limit=1)
        assert (len(cut.tree), cut.truncated) == (1, True)
        with pytest.raises(Rejected):
            await github.run("list_tree", **HERE, ref="nowhere")


class TestCommitFiles:
    FILES: dict[str, Any] = {"files": {"a.txt": "a", "b/c.txt": "c"}, "deleted": ["src/app.py"], "message": "All"}  # noqa: RUF012

    async def test_writes_all_in_one_commit(self, github: Any) -> None:
        made = await github.run("commit_files", **HERE, **self.FILES)
        assert (made.branch, made.changed) == ("main", True)
        commits = await github.run("list_commits", **HERE)
        assert (commits.items[0].sha, commits.items[0].commit.message) == (made.sha, "All")
        assert len(commits.items) == 2
        paths = {entry.path for entry in (await github.run("list_tree", **HERE)).tree}
        assert {"a.txt", "b/c.txt"} <= paths
        assert "src/app.py" not in paths

    async def test_a_lost_answer_can_be_repeated(self, github: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="github", method="PATCH", path="/git/refs/", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("commit_files", **HERE, **self.FILES)
        assert not (await github.run("commit_files", **HERE, **self.FILES)).changed
        assert len((await github.run("list_commits", **HERE)).items) == 2

    async def test_nothing_left_to_delete(self, github: Any) -> None:
        made = await github.run("commit_files", **HERE, message="m", deleted=["none.txt"])
        assert not made.changed

    async def test_a_list_that_was_cut_hides_no_deletion(self, github: Any, sandbox: Any) -> None:
        cut = {"sha": "0", "tree": [], "truncated": True}
        sandbox.fault(vendor="github", method="GET", path="/git/trees/", status=200, body=cut)
        assert (await github.run("commit_files", **HERE, message="m", deleted=["src/app.py"])).changed
        assert "src/app.py" not in {entry.path for entry in (await github.run("list_tree", **HERE)).tree}

    async def test_a_branch_that_moved_is_read_again(self, github: Any, sandbox: Any) -> None:
        said = {"message": "Update is not a fast forward"}
        sandbox.fault(vendor="github", method="PATCH", path="/git/refs/", status=422, body=said)
        assert (await github.run("commit_files", **HERE, **self.FILES, branch="develop")).changed
        assert len(sandbox.requests("/git/refs/", "PATCH")) == 2

    async def test_an_unknown_branch(self, github: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await github.run("commit_files", **HERE, **self.FILES, branch="nowhere")
        assert refused.value.code == "not_found_or_no_access"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"files": {}, "deleted": []}, "invalid_input"),
            ({"files": {"../x": "a"}}, "invalid_input"),
            ({"files": {"x": "a" * 1_000_001}}, "input_too_long"),
            ({"files": {f"f{number}": "" for number in range(101)}}, "input_too_long"),
        ],
    )
    async def test_bad_values_are_never_sent(
        self, github: Any, sandbox: Any, change: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run("commit_files", **HERE, **(self.FILES | change))
        assert refused.value.code == code
        assert sandbox.requests("github/api") == []


class TestCommits:
    async def test_lists_by_path(self, github: Any) -> None:
        found = await github.run("list_commits", **HERE, sha="feature/greeting", path="src/app.py")
        assert [one.commit.message for one in found.items] == ["Greet the world", "Begin"]

    async def test_compares(self, github: Any) -> None:
        found = await github.run("compare", **HERE, base="main", head="feature/greeting")
        assert (found.status, found.ahead_by, found.behind_by) == ("ahead", 1, 0)
        assert [(one.filename, one.status) for one in found.files] == [("src/app.py", "modified")]
        with pytest.raises(Rejected):
            await github.run("compare", **HERE, base="main", head="nowhere")

    async def test_sets_a_status(self, github: Any) -> None:
        made = await github.run("set_commit_status", **HERE, sha="main", state="success", context="ci/x")
        assert (made.state, made.context) == ("success", "ci/x")
        with pytest.raises(Rejected):
            await github.run("set_commit_status", **HERE, sha="nowhere", state="success")
        with pytest.raises(InvalidInput):
            await github.run("set_commit_status", **HERE, sha="main", state="error", description="x" * 141)

    async def test_finds_the_status_that_it_has_set(self, github: Any) -> None:
        status = HERE | {"sha": "main", "state": "pending", "context": "ci/x", "description": "Waits"}
        assert await github.find("set_commit_status", **status) is None
        made = await github.run("set_commit_status", **status)
        assert (await github.find("set_commit_status", **status)).id == made.id
        for other in ({"context": "ci/y"}, {"state": "success"}, {"description": ""}, {"target_url": "https://x.y"}):
            assert await github.find("set_commit_status", **(status | other)) is None

    async def test_a_status_that_was_followed_by_another_is_for_a_person(self, github: Any) -> None:
        status = HERE | {"sha": "main", "state": "pending", "context": "ci/x"}
        await github.run("set_commit_status", **status)
        await github.run("set_commit_status", **(status | {"state": "success"}))
        with pytest.raises(Rejected) as refused:
            await github.find("set_commit_status", **status)
        assert refused.value.code == "cannot_tell"


class TestRefs:
    async def test_makes_and_deletes_a_branch(self, github: Any) -> None:
        made = await github.run("create_branch", **HERE, branch="fix/one", source="v1.0.0")
        assert (made.ref, made.name) == ("refs/heads/fix/one", "fix/one")
        assert [(await github.run("delete_branch", **HERE, branch="fix/one")).changed for _ in range(2)] == [
            True,
            False,
        ]

    async def test_refusals(self, github: Any) -> None:
        with pytest.raises(Rejected, match="already exists"):
            await github.run("create_branch", **HERE, branch="develop")
        with pytest.raises(Rejected, match="No commit found"):
            await github.run("create_branch", **HERE, branch="new", source="nowhere")
        with pytest.raises(Rejected, match="default branch"):
            await github.run("delete_branch", **HERE, branch="main")

    @pytest.mark.parametrize("name", ["a..b", "/a", "a b", "a?x=1", "x.lock", "../../hooks/1", "a//b", "a~1"])
    async def test_names_that_are_none_are_never_sent(self, github: Any, sandbox: Any, name: str) -> None:
        for action in ("create_branch", "delete_branch"):
            with pytest.raises(InvalidInput, match="branch"):
                await github.run(action, **HERE, branch=name)
        assert sandbox.requests("github/api") == []

    async def test_a_lost_branch_is_found(self, github: Any, sandbox: Any) -> None:
        new = HERE | {"branch": "fix/two"}
        assert await github.find("create_branch", **new) is None
        sandbox.fault(vendor="github", method="POST", path="/git/refs$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_branch", **new)
        assert (await github.find("create_branch", **new)).name == "fix/two"
        with pytest.raises(Rejected, match="not where"):
            await github.find("create_branch", **new, source="feature/greeting")
        with pytest.raises(Rejected):
            await github.find("create_branch", repository="acme/gone", branch="x")

    @pytest.mark.parametrize("message", ["", "Version two"])
    async def test_tags_light_and_annotated(self, github: Any, sandbox: Any, message: str) -> None:
        new = HERE | {"tag": "v2.0.0", "target": "develop", "message": message}
        sandbox.fault(vendor="github", method="POST", path="/git/refs$", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await github.run("create_tag", **new)
        found = await github.find("create_tag", **new)
        again = await github.run("create_tag", **(new | {"tag": "v2.0.1"}))
        assert (found.ref, again.ref, found.sha) == ("refs/tags/v2.0.0", "refs/tags/v2.0.1", again.sha)
