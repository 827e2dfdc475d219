"""What is asked for at the vendor: the usual, what workflows need, what was chosen and what was granted, no more."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from integrations_app.connections import apps
from integrations_app.connections import service as connections
from integrations_app.connections.diagnosis import Remedy, Verdict
from integrations_app.connections.models import Connection
from integrations_app.errors import InvalidInput, NotFound
from integrations_app.kit.secret import Secret
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import Registry, registry
from integrations_app.workflows import service
from integrations_app.workflows.diagnosis import diagnose
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.problems import Lack, Severity
from tests.connections.conftest import sandbox_url, vendor, world  # noqa: F401 - fixtures
from tests.workflows.probe import step, workflow

USUAL = ("chat:write", "users:read")
TEAM, PERSON = "T0ACME001", "U0ADA"


@pytest.fixture
def providers() -> Registry:
    return modest_providers()


def modest_providers() -> Registry:
    """The real providers, but for one that asks for little at first."""
    return Registry([_modest(one) if one.key == "slack" else one for one in registry()])


def _modest(provider: Provider) -> Provider:
    assert provider.oauth is not None
    first = provider.oauth.default_scopes
    rest = {scope: "Needed by some steps." for scope in first if scope not in USUAL}
    less = replace(provider.oauth, default_scopes=USUAL, optional_scopes={**rest, **provider.oauth.optional_scopes})
    return replace(provider, auth=(less, *provider.auth[1:]))


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    made = EmbeddedEngine(world.hub, random=lambda: 0.0)
    await made.start()
    yield made
    await made.stop()


def greet(connection: str = "") -> dict[str, Any]:
    """A step that needs a permission beyond the usual ones."""
    inputs = {"user": PERSON, "text": "Hello"}
    return step("greet", action="slack.send_dm", connection=connection, inputs=inputs)


def react(connection: str = "") -> dict[str, Any]:
    """Another one that needs another."""
    inputs = {"channel": "C0TRIAGE", "timestamp": "1.2", "emoji": "eyes"}
    return step("react", action="slack.add_reaction", connection=connection, inputs=inputs)


def within(*steps: dict[str, Any]) -> dict[str, Any]:
    """Steps in a branch of a loop."""
    branch = {"else": True, "steps": list(steps)}
    condition = {"key": "choose", "type": "condition", "branches": [branch]}
    return {"key": "each", "type": "for_each", "items": "{{ trigger.people }}", "steps": [condition]}


def scopes_in(url: str) -> list[str]:
    """What an authorize URL of that provider asks for, in its order."""
    return parse_qs(urlsplit(url).query)["scope"][0].split(",")


async def asked(world: Any, connection_id: str | None = None, scopes: tuple[str, ...] = ()) -> list[str]:
    """The scopes in the authorize URL, as the route makes it."""
    needed = await service.needed_scopes(world.hub, world.owner, "slack", connection_id)
    url = await world.begin("slack", connection_id=connection_id, needed=needed, scopes=scopes)
    return scopes_in(url)


async def connect(world: Any, **ask: Any) -> str:
    return str((await world.connect("slack", TEAM, **ask)).connection_id)


async def publish(world: Any, *steps: dict[str, Any], name: str = "Test") -> str:
    made = await service.create(world.hub, world.owner, workflow(*steps, name=name))
    await service.publish(world.hub, world.owner, made.id)
    return made.id


def forget_scopes(world: Any) -> None:
    """As with a service that does not say what it granted."""
    statement = update(Connection).where(col(Connection.organization_id) == world.owner.organization_id)

    def write(session: Session) -> None:
        session.execute(statement.values(scopes=[]))

    world.hub.database.write_now(write)


async def test_without_workflows_only_the_usual_is_asked(world: Any) -> None:
    assert await asked(world) == list(USUAL)


async def test_a_chosen_scope_is_asked_beside_the_usual(world: Any) -> None:
    assert await asked(world, scopes=("chat:write.public", "chat:write")) == [*USUAL, "chat:write.public"]


async def test_an_app_is_registered_for_everything_that_may_be_asked(world: Any) -> None:
    described = await apps.describe_app(world.hub, world.owner, "slack")
    provider = world.hub.registry.get("slack")
    needed = {scope for one in (*provider.actions, *provider.triggers) for scope in one.scopes}
    assert described.scopes[: len(USUAL)] == tuple(USUAL)
    assert set(described.scopes) == {*USUAL, *needed}
    assert ",".join(described.scopes) in described.help


async def test_steps_without_a_connection_count_for_a_new_one(world: Any) -> None:
    await service.create(world.hub, world.owner, workflow(within(greet())))
    await service.create(world.hub, world.other, workflow(react()))
    assert await asked(world) == [*USUAL, "im:write"]


async def test_steps_whose_connection_works_do_not(world: Any) -> None:
    made = await connect(world, needed=("im:write",))
    await service.create(world.hub, world.owner, workflow(greet(made)))
    assert await asked(world) == list(USUAL)
    await connections.disconnect(world.hub, world.owner, made)
    assert await asked(world) == [*USUAL, "im:write"]


async def test_the_trigger_counts_for_its_provider(world: Any) -> None:
    trigger = {"type": "github.push", "connection": "", "config": {"repository": "acme/web"}}
    await service.create(world.hub, world.owner, workflow(greet(), trigger=trigger))
    assert await service.needed_scopes(world.hub, world.owner, "github") == ("repo",)


async def test_a_reconnect_asks_what_its_drafts_and_live_versions_need_and_keeps_what_was_granted(world: Any) -> None:
    made = await connect(world, needed=("im:write",), scopes=("chat:write.public",))
    live = await publish(world, greet(made))
    detail = await service.get(world.hub, world.owner, live)
    await service.save_draft(world.hub, world.owner, live, workflow(), detail.row.draft_version)
    await service.create(world.hub, world.owner, workflow(react(made), greet(made)))
    await service.create(world.hub, world.owner, workflow(step("read", action="slack.post_to_thread", connection="")))
    assert set(await asked(world, made)) == {*USUAL, "chat:write.public", "im:write", "reactions:write"}
    row = world.connection(made)
    assert set(row.scopes) == {*USUAL, "chat:write.public", "im:write"}


async def test_a_connection_tells_what_is_granted_needed_and_missing(world: Any) -> None:
    made = await connect(world, needed=("im:write",))
    await publish(world, greet(made), name="Morning")
    await service.create(world.hub, world.owner, workflow(react(made), within(greet(made)), name="Evening"))
    found = await service.consent_of(world.hub, replace(world.owner, role="viewer"), made)
    assert set(found.granted) == {*USUAL, "im:write"}
    needed = {one.scope: [(use.name, use.live) for use in one.workflows] for one in found.needed}
    assert needed["im:write"] == [("Evening", False), ("Morning", True)]
    assert needed["reactions:write"] == [("Evening", False)]
    assert found.missing == ("reactions:write",)
    with pytest.raises(NotFound):
        await service.consent_of(world.hub, world.other, made)


async def test_the_doctor_names_what_workflows_need(world: Any) -> None:
    made = await connect(world)
    await service.create(world.hub, world.owner, workflow(greet(made)))
    found = {one.key: one for one in await diagnose(world.hub, world.owner, made)}["scopes"]
    assert (found.verdict, found.remedy) == (Verdict.PROBLEM, Remedy.ALLOW)
    assert "im:write" in found.message


async def test_a_missing_scope_keeps_from_publishing_until_it_is_allowed(world: Any) -> None:
    made = await connect(world)
    saved = await service.create(world.hub, world.owner, workflow(greet(made)))
    [problem] = saved.problems
    assert (problem.path, problem.code, problem.severity) == ("steps.0.connection", "missing_scope", Severity.ERROR)
    assert problem.message == f"{world.connection(made).name} needs the permission im:write for this step."
    assert problem.lack == Lack(made, ("im:write",))
    with pytest.raises(InvalidInput) as refusal:
        await service.publish(world.hub, world.owner, saved.id)
    assert refusal.value.code == "not_publishable"
    await connect(world, connection_id=made, needed=("im:write",))
    assert (await service.get(world.hub, world.owner, saved.id)).problems == ()
    assert (await service.publish(world.hub, world.owner, saved.id)).number == 1


async def test_what_was_granted_and_is_not_known_is_no_problem(world: Any) -> None:
    made = await connect(world)
    forget_scopes(world)
    assert (await service.create(world.hub, world.owner, workflow(greet(made)))).problems == ()
    assert (await service.consent_of(world.hub, world.owner, made)).missing == ()


async def test_a_pasted_token_lacks_scopes_too(world: Any) -> None:
    token = Secret(world.vendor.token("slack", TEAM, list(USUAL)))
    made = await connections.create(
        world.hub, world.owner, "slack", secrets={"access_token": token}, auth_kind="access_token", sandbox=True
    )
    [problem] = (await service.create(world.hub, world.owner, workflow(greet(made.id)))).problems
    assert problem.lack == Lack(made.id, ("im:write",))


async def test_another_account_cannot_bring_the_scope(world: Any) -> None:
    made = await connect(world)
    await service.create(world.hub, world.owner, workflow(greet(made)))
    before = world.frozen()
    url = await world.begin("slack", connection_id=made, needed=("im:write",))
    outcome = await world.complete(world.vendor.consent(url, "T0GLOBEX1"), "slack")
    assert (outcome.ok, outcome.code) == (False, "account_mismatch")
    assert world.frozen() == before


async def test_a_run_that_failed_for_a_scope_is_replayed_when_it_is_there(world: Any, engine: EmbeddedEngine) -> None:
    made = await connect(world)
    forget_scopes(world)
    key = await publish(world, greet(made))
    run_id = await service.start_run(world.hub, world.owner, key)
    failed = await service.wait_for_run(world.hub, world.owner, run_id, 10)
    assert (failed.row.status, failed.row.error_code) == ("failed", "missing_scope")
    assert world.connection(made).error_code == "missing_scope"
    await connect(world, connection_id=made, needed=await service.needed_scopes(world.hub, world.owner, "slack", made))
    row = world.connection(made)
    assert (row.status, row.error_code) == ("connected", "") and "im:write" in row.scopes
    again = await service.replay(world.hub, world.owner, run_id, from_step="greet")
    assert (await service.wait_for_run(world.hub, world.owner, again, 10)).row.status == "succeeded"
