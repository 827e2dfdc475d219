"""The inputs of a workflow: suggested from its file, and compared with it before anything is started."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, Rejected, Unavailable
from integrations_app.providers.github.actions.runs import DispatchWorkflow
from integrations_app.providers.github.workflow_inputs import FILE_LIMIT, Declared, parse_inputs

WEB = {"repository": "acme/web"}
DEPLOY = WEB | {"workflow": "deploy.yml", "ref": "main"}
STAGING = {"environment": "staging"}


async def workflow_file(connect: Any, sandbox: Any, text: str, branch: str = "main") -> None:
    """Write a workflow `by-hand.yml`, which needs a permission of its own."""
    able = connect("github", access_token=sandbox.token("github", "octo-hub", ["repo", "workflow"]))
    file = {"path": ".github/workflows/by-hand.yml", "content": text, "branch": branch, "message": "m"}
    await able.run("create_or_update_file", **WEB, **file)


class TestComparing:
    @pytest.mark.parametrize("action", ["dispatch_workflow", "dispatch_and_wait"])
    @pytest.mark.parametrize(
        ("inputs", "field", "words"),
        [
            ({}, "inputs.environment", "is missing"),
            ({"environment": ""}, "inputs.environment", "is missing"),
            ({"environment": "moon"}, "inputs.environment", "none of staging, production"),
            (STAGING | {"dry_run": "perhaps"}, "inputs.dry_run", "neither true nor false"),
            (STAGING | {"colour": "red"}, "inputs.colour", "not declared by the workflow file: environment, version"),
        ],
    )
    async def test_what_the_file_does_not_take_is_named_and_starts_nothing(
        self, github: Any, sandbox: Any, action: str, inputs: dict[str, str], field: str, words: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run(action, **DEPLOY, inputs=inputs)
        assert list(refused.value.fields) == [field]
        assert words in refused.value.fields[field]
        assert sandbox.requests("/dispatches") == []

    async def test_each_wrong_input_is_named_at_once(self, github: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            await github.run("dispatch_workflow", **DEPLOY, inputs={"dry_run": "no", "colour": "red"})
        assert set(refused.value.fields) == {"inputs.environment", "inputs.dry_run", "inputs.colour"}

    async def test_the_case_of_a_name_is_left_to_github(self, github: Any, sandbox: Any) -> None:
        with pytest.raises(Rejected, match="Unexpected inputs"):
            await github.run("dispatch_workflow", **DEPLOY, inputs={"Environment": "staging"})
        assert len(sandbox.requests("/dispatches")) == 1

    async def test_defaults_and_every_kind_of_value_are_taken(self, github: Any) -> None:
        for more in ({}, {"version": "1.2"}, {"dry_run": "true"}):
            assert (await github.run("dispatch_workflow", **DEPLOY, inputs=STAGING | more)).accepted

    async def test_the_file_of_the_branch_counts(self, github: Any, connect: Any, sandbox: Any) -> None:
        text = "on:\n  workflow_dispatch:\n    inputs:\n      {}: {{required: true, type: number}}\njobs: {{}}\n"
        await workflow_file(connect, sandbox, text.format("size"))
        await workflow_file(connect, sandbox, text.format("weight"), "develop")
        there = WEB | {"workflow": "by-hand.yml"}
        assert (await github.run("dispatch_workflow", **there, ref="develop", inputs={"weight": "7.5"})).accepted
        with pytest.raises(InvalidInput) as refused:
            await github.run("dispatch_workflow", **there, ref="main", inputs={"size": "large"})
        assert refused.value.fields == {"inputs.size": "is no number"}

    async def test_a_workflow_named_by_its_number(self, github: Any, sandbox: Any) -> None:
        path = "/repos/acme/web/actions/workflows/deploy.yml"
        found = await github.client.read(lambda api: api.requester.requestJsonAndCheck("GET", path)[1])
        params = DEPLOY | {"workflow": str(found["id"])}
        assert (await github.run("dispatch_workflow", **params, inputs=STAGING)).accepted
        with pytest.raises(InvalidInput, match=r"inputs\.environment"):
            await github.run("dispatch_workflow", **params)
        assert len(sandbox.requests("/dispatches")) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 403, "body": {"message": "Resource not accessible by personal access token"}},
            {"status": 404, "body": {"message": "Not Found"}},
            {"status": 200, "body": [{"type": "file"}]},
            {"status": 200, "body": {"content": "%%%"}},
            {"status": 200, "body": {"content": "YTogJmIgMQo="}},
        ],
    )
    async def test_a_file_that_cannot_be_read_leaves_the_judgement_to_github(
        self, github: Any, sandbox: Any, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(vendor="github", method="GET", path="/contents/", count=0, **fault)
        assert (await github.run("dispatch_workflow", **DEPLOY, inputs=STAGING)).accepted
        with pytest.raises(Rejected) as refused:
            await github.run("dispatch_workflow", **DEPLOY, inputs={"environment": "moon"})
        assert (refused.value.code, "moon" in refused.value.message) == ("validation_failed", True)

    async def test_a_lost_answer_to_the_look_starts_nothing_and_may_be_asked_again(
        self, github: Any, sandbox: Any
    ) -> None:
        sandbox.fault(vendor="github", method="GET", path="/contents/", effect="drop", count=2)
        with pytest.raises(Unavailable):
            await github.run("dispatch_workflow", **DEPLOY, inputs=STAGING)
        assert sandbox.requests("/dispatches") == []


class TestSuggesting:
    async def test_names_come_with_what_each_takes(self, github: Any) -> None:
        found = await github.choices(DispatchWorkflow, "inputs", **DEPLOY)
        assert {choice.value: choice.hint for choice in found.choices} == {
            "environment": "one of staging, production; required; Where to deploy",
            "version": "string; latest when not given; What to deploy",
            "dry_run": "boolean; false when not given; Only say what would happen",
        }
        assert [one.value for one in (await github.choices(DispatchWorkflow, "inputs", "dry", **DEPLOY)).choices] == [
            "dry_run"
        ]

    async def test_a_workflow_that_is_not_started_by_hand_has_none(self, github: Any) -> None:
        assert (await github.choices(DispatchWorkflow, "inputs", **(DEPLOY | {"workflow": "tests.yml"}))).choices == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: workflow_dispatch", []),
        ("on: [push, workflow_dispatch]", []),
        ("on:\n  workflow_dispatch:", []),
        ("on:\n  workflow_dispatch:\n    inputs:\n      a:", [Declared("a")]),
        (
            "on: {workflow_dispatch: {inputs: {a: {type: environment, required: true}}}}",
            [Declared("a", "environment", required=True)],
        ),
        (
            "on: {workflow_dispatch: {inputs: {a: {type: choice, options: [1, true, x], default: 1}}}}",
            [Declared("a", "choice", default="1", options=("1", "true", "x"))],
        ),
        ("on: {workflow_dispatch: {inputs: [a]}}", []),
        ("on: push", None),
        ("on: 1", None),
        ("jobs: {}", None),
        ("- on", None),
        ("on: [", None),
        ("on: &a workflow_dispatch\nb: *a", None),
        ("on: !!python/object/apply:os.getcwd []", None),
        ("on: workflow_dispatch\n#" + "x" * FILE_LIMIT, None),
    ],
)
def test_what_a_file_declares(text: str, expected: list[Declared] | None) -> None:
    assert parse_inputs(text.encode()) == expected
