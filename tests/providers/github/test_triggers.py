"""What starts a workflow: matching, examples, and the hooks that bring the deliveries."""

from dataclasses import replace
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, MissingScope, Rejected
from integrations_app.kit.secret import Secret
from integrations_app.providers.github import provider
from integrations_app.providers.github.hooks import HOOKS
from integrations_app.sdk.triggers import HookRequest, Inbound

REPOSITORY = "octo-org/hello-world"
URL = "http://127.0.0.1:9/api/webhooks/e1"


KEYS = [
    *("issues", "push", "pull_request", "issue_comment", "pull_request_review", "pull_request_review_comment"),
    *("release", "workflow_run", "create", "delete", "star", "fork", "deployment_status", "check_run"),
]


def matches(key: str, change: dict[str, Any] | None = None, **config: Any) -> bool:
    trigger = provider.trigger(key)
    assert trigger is not None
    payload = {**trigger.example, **(change or {})}
    return trigger.matches(Inbound(key, "1", payload), trigger.config(**({"repository": REPOSITORY} | config)))


@pytest.mark.parametrize("key", KEYS)
def test_the_example_starts_it_and_another_repository_does_not(key: str) -> None:
    assert matches(key)
    assert matches(key, repository="Octo-Org/Hello-World")
    assert not matches(key, repository="octo-org/other")
    assert not matches(key, {"repository": None})
    assert matches(key, repository=" Octo-Org/* ")
    assert not matches(key, repository="octo/*")
    assert not matches(key, {"repository": None}, repository="octo-org/*")


@pytest.mark.parametrize(
    ("actions", "happened", "starts"),
    [(["opened"], "closed", False), (["opened", "closed"], "closed", True), ([], "labeled", True)],
)
def test_actions_are_chosen(actions: list[str], happened: str, starts: bool) -> None:
    assert matches("issues", {"action": happened}, actions=actions) is starts


@pytest.mark.parametrize(
    ("branches", "ref", "starts"),
    [
        ([], "refs/heads/any", True),
        (["main"], "refs/heads/main", True),
        (["main"], "refs/heads/maintenance", False),
        (["release/*"], "refs/heads/release/1.2", True),
        ([], "refs/tags/v1", False),
    ],
)
def test_branches_are_chosen(branches: list[str], ref: str, starts: bool) -> None:
    assert matches("push", {"ref": ref}, branches=branches) is starts


COMMITS = [{"added": ["docs/a.md"], "modified": [], "removed": []}, {"added": [], "removed": ["src/x.py"]}]


@pytest.mark.parametrize(
    ("paths", "starts"), [([], True), (["docs/*"], True), (["src/x.py", "y"], True), (["tests/*"], False)]
)
def test_paths_are_chosen(paths: list[str], starts: bool) -> None:
    assert matches("push", {"commits": COMMITS}, paths=paths) is starts
    assert not matches("push", {"commits": [None, {"added": None}]}, paths=["*"])


@pytest.mark.parametrize(
    ("body", "command", "starts"),
    [
        ("/deploy staging", "/deploy", True),
        ("  /Deploy\nnow", "/deploy", True),
        ("/deployment", "/deploy", False),
        ("please /deploy", "/deploy", False),
        ("", "/deploy", False),
        ("anything", "", True),
    ],
)
@pytest.mark.parametrize("key", ["issue_comment", "pull_request_review_comment"])
def test_commands_begin_the_comment(key: str, body: str, command: str, starts: bool) -> None:
    assert matches(key, {"comment": {"body": body}}, command=command) is starts


def run(**change: Any) -> dict[str, Any]:
    trigger = provider.trigger("workflow_run")
    assert trigger is not None
    return {"workflow_run": {**trigger.example["workflow_run"], **change}}


@pytest.mark.parametrize(
    ("key", "change", "config", "starts"),
    [
        ("pull_request", {}, {"base_branches": ["main", "master"], "head_branches": ["chang*"]}, True),
        ("pull_request", {}, {"base_branches": ["release/*"]}, False),
        ("pull_request", {}, {"head_branches": ["other"]}, False),
        ("pull_request_review", {}, {"states": ["approved"]}, True),
        ("pull_request_review", {}, {"states": ["changes_requested"]}, False),
        ("release", {"action": "created"}, {}, False),
        ("workflow_run", run(conclusion="failure"), {"conclusions": ["failure", "timed_out"]}, True),
        ("workflow_run", run(conclusion="success"), {"conclusions": ["failure"]}, False),
        ("workflow_run", run(conclusion=None, status="queued"), {"conclusions": ["failure"]}, False),
        ("workflow_run", {"action": "requested"}, {}, False),
        ("workflow_run", {}, {"workflow": "tests.yml"}, True),
        ("workflow_run", {}, {"workflow": "Tests", "branches": ["main"]}, True),
        ("workflow_run", {}, {"workflow": "deploy.yml"}, False),
        ("workflow_run", {}, {"branches": ["develop"]}, False),
        ("create", {}, {"ref_type": "branch", "names": ["simple-*"]}, True),
        ("create", {}, {"ref_type": "tag"}, False),
        ("delete", {}, {"ref_type": "tag"}, True),
        ("delete", {}, {"names": ["v*"]}, False),
        ("star", {"action": "deleted"}, {}, False),
        ("deployment_status", {}, {"states": ["success"], "environments": ["prod*"]}, True),
        ("deployment_status", {}, {"states": ["failure"]}, False),
        ("deployment_status", {}, {"environments": ["staging"]}, False),
        ("check_run", {}, {"conclusions": ["success"]}, True),
        ("check_run", {}, {"conclusions": ["failure"]}, False),
    ],
)
def test_filters(key: str, change: dict[str, Any], config: dict[str, Any], starts: bool) -> None:
    assert matches(key, change, **config) is starts


def test_a_deleted_branch_is_no_push() -> None:
    assert not matches("push", {"deleted": True})


@pytest.fixture
def github(connect: Any, sandbox: Any) -> Any:
    return connect("github", access_token=sandbox.token("github", "octo-hub", ["repo"]))


def request(secret: str = "one", events: tuple[str, ...] = ("issues",), repository: str = "acme/web") -> HookRequest:
    return HookRequest(URL, Secret(secret), {"repository": repository}, events)


async def hooks(github: Any) -> list[Any]:
    found: list[Any] = await github.client.read(
        lambda api: api.requester.requestJsonAndCheck("GET", "/repos/acme/web/hooks")[1]
    )
    return found


async def test_a_hook_is_made_once_and_kept_up_to_date(github: Any) -> None:
    first = await HOOKS.create(request(), github.context())
    assert await HOOKS.create(request(), github.context()) == first
    assert await HOOKS.create(request("two", ("push", "issues")), github.context()) == first
    (there,) = await hooks(github)
    assert str(there["id"]) == first
    assert (sorted(there["events"]), there["active"]) == (["issues", "push"], True)
    assert (there["config"]["content_type"], there["config"]["insecure_ssl"]) == ("json", "0")


@pytest.fixture
def owner(connect: Any, sandbox: Any) -> Any:
    return connect("github", access_token=sandbox.token("github", "octo-hub", ["repo", "admin:org_hook"]))


async def test_a_hook_of_an_organisation_is_made_looked_at_and_removed(owner: Any) -> None:
    wanted, context = request(repository="Acme/*"), owner.context()
    made = await HOOKS.create(wanted, context)
    assert await HOOKS.create(request("two", ("push",), "acme/*"), context) == made
    _, found = await owner.client.read(lambda api: api.requester.requestJsonAndCheck("GET", "/orgs/acme/hooks"))
    assert [(str(one["id"]), one["events"]) for one in found] == [(made, ["push"])]
    assert await hooks(owner) == []
    assert HOOKS.look is not None
    state = await HOOKS.look(made, wanted.config, context)
    assert state is not None
    assert state.active
    for _ in range(2):
        await HOOKS.remove(made, wanted.config, context)
    assert await HOOKS.look(made, wanted.config, context) is None


async def test_a_token_that_lacks_the_scope_is_told_which(github: Any, owner: Any) -> None:
    config = {"repository": "acme/*"}
    made = await HOOKS.create(HookRequest(URL, Secret("one"), config, ("issues",)), owner.context())
    assert HOOKS.look is not None
    for call in (
        HOOKS.create(request(repository="acme/*"), github.context()),
        HOOKS.look(made, config, github.context()),
        HOOKS.remove(made, config, github.context()),
    ):
        with pytest.raises(MissingScope) as refused:
            await call
        assert (refused.value.needed, refused.value.granted) == (("admin:org_hook",), ("repo",))


@pytest.mark.parametrize(("login", "repository"), [("octo-hub", "octo-hub/*"), ("mona-lisa", "acme/*")])
async def test_only_an_owner_can_have_an_organisation_heard(
    connect: Any, sandbox: Any, login: str, repository: str
) -> None:
    github = connect("github", access_token=sandbox.token("github", login))
    with pytest.raises(Rejected, match="choose their repositories one by one") as refused:
        await HOOKS.create(request(repository=repository), github.context())
    assert refused.value.code == "not_found_or_no_access"


async def test_the_secret_signs_the_deliveries(github: Any, sandbox: Any) -> None:
    await HOOKS.create(request("shared"), github.context())
    made = next(entry for entry in sandbox.requests("/hooks", "POST"))
    assert '"secret": "shared"' in made["body"]


async def test_removing_is_repeatable(github: Any) -> None:
    made = await HOOKS.create(request(), github.context())
    for _ in range(2):
        await HOOKS.remove(made, {"repository": "acme/web"}, github.context())
    assert await hooks(github) == []


async def test_only_an_administrator_can(connect: Any, sandbox: Any) -> None:
    mona = connect("github", access_token=sandbox.token("github", "mona-lisa"))
    with pytest.raises(Rejected) as refused:
        await HOOKS.create(request(), mona.context())
    assert refused.value.code == "not_found_or_no_access"


def test_the_target_is_the_repository() -> None:
    assert HOOKS.target({"repository": "Acme/Web"}) == "acme/web"
    assert HOOKS.target({"repository": " Acme/* "}) == "acme/*"
    for wrong in ({}, {"repository": "*/*"}, {"repository": "acme/web*"}):
        with pytest.raises(InvalidInput):
            HOOKS.target(wrong)


def test_a_whole_organisation_takes_a_scope_more() -> None:
    for trigger in provider.triggers:
        assert trigger.scopes_for({"repository": "acme/*"}) == ("repo", "admin:org_hook")
        for config in ({"repository": "acme/web"}, {"repository": None}, {}):
            assert trigger.scopes_for(config) == ("repo",)
        assert trigger.all_scopes == ("repo", "admin:org_hook")


@pytest.mark.parametrize(
    ("url", "reachable"),
    [
        ("https://hub.example/api/webhooks/1", True),
        ("https://8.8.8.8/x", True),
        ("http://localhost:3000/x", False),
        ("http://127.0.0.1:3000/x", False),
        ("http://[::1]/x", False),
        ("http://192.168.1.5/x", False),
        ("http://nas.local/x", False),
        ("http://intranet/x", False),
    ],
)
def test_addresses_that_cannot_be_delivered_to(url: str, reachable: bool) -> None:
    real = provider.base_addresses(lambda _name: None)
    assert (HOOKS.refusal(url, real) is None) is reachable
    assert HOOKS.refusal(url, provider.sandbox_addresses("http://127.0.0.1:3000/sandbox")) is None
    assert HOOKS.refusal(url, {}) is None


def test_every_trigger_brings_its_hook() -> None:
    for trigger in provider.triggers:
        assert trigger.hooks is HOOKS
        assert replace(trigger).kinds == (trigger.key,)


async def test_an_unreachable_address_is_not_even_asked_for(connect: Any, sandbox: Any) -> None:
    real = provider.base_addresses(lambda _name: None)
    github = connect("github", bases=real, access_token="ghp_x")
    with pytest.raises(Rejected) as refused:
        await HOOKS.create(request(), github.context())
    assert refused.value.code == "address_unreachable"


def test_a_repository_written_as_a_web_address_is_the_one_its_hook_hangs_on() -> None:
    found = Inbound("issues", "d1", {"action": "opened", "repository": {"full_name": "Acme/Web"}})
    trigger = provider.trigger("issues")
    assert trigger is not None
    for given in ("https://github.com/acme/web", " https://github.example/acme/web.git ", "acme/web", "acme/*"):
        assert trigger.matches(found, trigger.config.model_validate({"repository": given}))
    for given in ("https://github.com/acme/other", "acme/other", "other/*"):
        assert not trigger.matches(found, trigger.config.model_validate({"repository": given}))
