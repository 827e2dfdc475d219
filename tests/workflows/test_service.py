"""The service's rules: who may do what, stale drafts, publishing, trials, and what the audit says."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections.models import Connection
from integrations_app.errors import (
    Conflict,
    Forbidden,
    IntegrationsError,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.registry import Registry
from integrations_app.workflows import endpoints, events, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import ConnectionUse
from tests.workflows.probe import ACTOR, CONNECTION, ORGANIZATION, Vendor, step, workflow

VIEWER = replace(ACTOR, role="viewer")
STRANGER = Actor("x" * 32, "s" * 32, "stranger@example.org", "owner")


async def acts(hub: Hub) -> list[str]:
    page = await hub.database.read(lambda session: list_events(session, ORGANIZATION, Filters()))
    return [event.name for event in reversed(page.items)]


async def test_a_viewer_sees_and_changes_nothing(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step()))
    assert (await service.get(hub, VIEWER, made.id)).row.name == "Test"
    for act in (
        service.create(hub, VIEWER, "Mine"),
        service.save_draft(hub, VIEWER, made.id, workflow(), 1),
        service.publish(hub, VIEWER, made.id),
        service.start_run(hub, VIEWER, made.id),
        service.delete(hub, VIEWER, made.id),
        service.try_step(hub, VIEWER, made.id, "a"),
        endpoints.create_endpoint(hub, replace(ACTOR, role="editor"), "x", "none"),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_another_organisation_finds_nothing(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step()))
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id)
    for act in (
        service.get(hub, STRANGER, made.id),
        service.publish(hub, STRANGER, made.id),
        service.start_run(hub, STRANGER, made.id),
        service.get_run(hub, STRANGER, run_id),
        service.cancel(hub, STRANGER, run_id),
        service.replay(hub, STRANGER, run_id),
    ):
        with pytest.raises(NotFound):
            await act
    assert (await service.list_runs(hub, STRANGER)).items == ()


async def test_a_stale_draft_is_not_saved_over_a_newer_one(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, "Blank")
    saved = await service.save_draft(hub, ACTOR, made.id, workflow(step()), made.draft_version)
    with pytest.raises(Conflict) as conflict:
        await service.save_draft(hub, ACTOR, made.id, workflow(), made.draft_version)
    assert conflict.value.code == "stale_version"
    assert saved.draft_version == 2


async def test_a_template_that_is_none_is_refused_at_save(hub: Hub) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await service.create(hub, ACTOR, workflow(step(inputs={"text": "{% for x in y %}"})))
    assert refusal.value.code == "template_invalid"
    assert list(refusal.value.fields) == ["steps.0.inputs.text"]


async def test_problems_keep_from_publishing_and_versions_never_change(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step(connection="")))
    with pytest.raises(InvalidInput) as refusal:
        await service.publish(hub, ACTOR, made.id)
    assert refusal.value.fields.keys() == {"steps.0.connection"}
    saved = await service.save_draft(hub, ACTOR, made.id, workflow(step(connection="acme-probe")), made.draft_version)
    assert (await service.publish(hub, ACTOR, made.id)).number == 1
    changed = workflow(step(connection="acme-probe", inputs={"text": "new"}))
    await service.save_draft(hub, ACTOR, made.id, changed, saved.draft_version)
    detail = await service.get(hub, ACTOR, made.id)
    assert detail.live is not None
    assert detail.live["steps"][0]["inputs"] == {"text": "hello"}
    assert detail.live["steps"][0]["connection"] == CONNECTION
    assert (await service.publish(hub, ACTOR, made.id)).number == 2
    assert [one.id for one in detail.row.connections] == [CONNECTION]
    assert [name for name in await acts(hub) if name.startswith("workflow")] == [
        "workflow.created",
        "workflow.saved",
        "workflow.published",
        "workflow.saved",
        "workflow.published",
    ]


async def test_uses_follow_the_draft_and_the_live_version(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step()))
    await service.publish(hub, ACTOR, made.id)

    async def uses() -> list[tuple[str, bool]]:
        statement = select(ConnectionUse).where(col(ConnectionUse.organization_id) == ORGANIZATION)
        rows = await hub.database.read(lambda session: list(session.scalars(statement)))
        return sorted((row.connection_id, row.live) for row in rows)

    assert await uses() == [(CONNECTION, False), (CONNECTION, True)]
    await service.unpublish(hub, ACTOR, made.id)
    assert await uses() == [(CONNECTION, False)]
    await service.delete(hub, ACTOR, made.id)
    assert await uses() == []


async def test_runs_outlive_their_workflow(hub: Hub, engine: EmbeddedEngine) -> None:
    made = await service.create(hub, ACTOR, workflow(step(), {"key": "nap", "type": "delay", "seconds": 60}))
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id)
    await service.delete(hub, ACTOR, made.id)
    found = await service.wait_for_run(hub, ACTOR, run_id, 5)
    assert found.row.status == "cancelled"
    assert found.row.workflow_name == "Test"


@pytest.mark.parametrize("put_aside", [RateLimited("later", 600.0), OutcomeUnknown("lost")], ids=["waits", "held"])
async def test_what_is_cancelled_while_it_is_put_aside_ends(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, put_aside: IntegrationsError
) -> None:
    vendor.gate, vendor.before = asyncio.Event(), [put_aside]
    made = await service.create(hub, ACTOR, workflow(step(kind="fire")))
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id)
    await asyncio.wait_for(vendor.started.wait(), 10)
    await service.delete(hub, ACTOR, made.id)
    vendor.gate.set()
    found = await service.wait_for_run(hub, ACTOR, run_id, 5)
    assert (found.row.status, [one.status for one in found.steps]) == ("cancelled", ["cancelled"])


async def test_only_what_is_published_and_not_paused_starts(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step()))
    codes = []
    for act in (None, service.pause):
        if act is not None:
            await service.publish(hub, ACTOR, made.id)
            await act(hub, ACTOR, made.id)
        with pytest.raises(Conflict) as conflict:
            await service.start_run(hub, ACTOR, made.id)
        codes.append(conflict.value.code)
    assert codes == ["not_published", "workflow_paused"]


async def test_a_draft_runs_without_being_published(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    made = await service.create(hub, ACTOR, workflow(step()))
    run_id = await service.start_run(hub, ACTOR, made.id, draft=True)
    found = await service.wait_for_run(hub, ACTOR, run_id, 5)
    assert (found.row.status, found.row.version) == ("succeeded", None)


@pytest.mark.parametrize(
    ("seconds", "wrong"),
    [(0, False), (366 * 86_400, False), (367 * 86_400, True), (1e9, True), (-1, True), (60, False)],
)
async def test_a_wait_longer_than_a_year_is_a_problem(hub: Hub, seconds: float, wrong: bool) -> None:
    made = await service.create(hub, ACTOR, workflow({"key": "w", "type": "delay", "seconds": seconds}))
    assert [one.code for one in made.problems] == (["invalid_delay"] if wrong else [])


async def test_a_trial_with_a_connection_of_another_service_is_refused(hub: Hub, vendor: Vendor) -> None:
    def move(session: Session) -> None:
        row = session.get(Connection, (ORGANIZATION, CONNECTION))
        assert row is not None
        row.provider = "other"
        session.add(row)

    (known,) = hub.registry
    both = replace(hub, registry=Registry([known, replace(known, key="other", name="Other")]))
    made = await service.create(both, ACTOR, workflow(step()))
    await both.database.write(move)
    tried = await service.try_step(both, ACTOR, made.id, "a")
    assert (tried.ok, tried.fields, vendor.texts) == (False, {"connection": "is one of another service"}, [])


async def test_a_trial_runs_one_step_with_samples(hub: Hub, vendor: Vendor) -> None:
    loop: dict[str, Any] = {"key": "each", "type": "for_each", "items": "{{ trigger.list }}"}
    loop["steps"] = [step("b", inputs={"text": "{{ item }}"})]
    made = await service.create(hub, ACTOR, workflow(step("a", inputs={"text": "{{ trigger.who }}"}), loop))
    tried = await service.try_step(hub, ACTOR, made.id, "a", sample={"who": "Ada"})
    assert (tried.ok, tried.inputs, tried.output["text"]) == (True, {"text": "Ada"}, "Ada")
    inner = await service.try_step(hub, ACTOR, made.id, "b", sample={"list": ["first", "second"]})
    assert inner.inputs == {"text": "first"}
    missing = await service.try_step(hub, ACTOR, made.id, "a")
    assert (missing.ok, missing.error_code, list(missing.fields)) == (False, "mapping_error", ["inputs.text"])
    vendor.before = [Rejected("nope", "No.")]
    refused = await service.try_step(hub, ACTOR, made.id, "a", sample={"who": "Ada"})
    assert (refused.ok, refused.error_code, refused.error_message) == (False, "nope", "No.")
    assert vendor.texts == ["Ada", "first"]
    assert (await acts(hub)).count("step.tested") == 4


async def test_an_endpoint_in_use_is_not_deleted(hub: Hub) -> None:
    endpoint = (await endpoints.create_endpoint(hub, ACTOR, "In", "none")).row.id
    made = await service.create(hub, ACTOR, workflow(step(), trigger={"type": "webhook", "config": {"endpoint": "In"}}))
    assert (await service.publish(hub, ACTOR, made.id)).endpoint_id == endpoint
    with pytest.raises(Conflict) as conflict:
        await endpoints.delete_endpoint(hub, ACTOR, endpoint)
    assert conflict.value.code == "endpoint_in_use"
    await service.unpublish(hub, ACTOR, made.id)
    await endpoints.delete_endpoint(hub, ACTOR, endpoint)
    assert await endpoints.list_endpoints(hub, ACTOR) == ()


async def test_lists_are_paged(hub: Hub) -> None:
    for number in range(7):
        await service.create(hub, ACTOR, f"W{number}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = await service.list_by_organization(hub, ACTOR, cursor=cursor, limit=3)
        seen += [row.name for row in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == [f"W{number}" for number in reversed(range(7))]
    with pytest.raises(InvalidInput):
        await service.list_by_organization(hub, ACTOR, cursor="nonsense")


@pytest.mark.parametrize("strange", ["\x00", "x\x00y", "\ud83d", "x" * 5000, "../..", "' or 1=1"])
async def test_strange_ids_are_not_found(hub: Hub, strange: str) -> None:
    for act in (
        service.get(hub, ACTOR, strange),
        service.pause(hub, ACTOR, strange),
        service.get_run(hub, ACTOR, strange),
        service.cancel(hub, ACTOR, strange),
        events.get_event(hub, ACTOR, strange),
        endpoints.delete_endpoint(hub, ACTOR, strange),
    ):
        with pytest.raises(NotFound):
            await act
    assert (await service.list_runs(hub, ACTOR, workflow_id=strange, status=strange, event_id=strange)).items == ()
    assert (await service.list_by_organization(hub, ACTOR, search=strange)).items == ()


async def test_strange_words_of_a_vendor_are_kept_readable(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [Rejected("nope", "a\x00b\ud83dc" + "x" * 9000)]
    made = await service.create(hub, ACTOR, workflow(step()))
    run_id = await service.start_run(hub, ACTOR, made.id, draft=True)
    found = await service.wait_for_run(hub, ACTOR, run_id, 5)
    assert found.row.status == "failed"
    assert found.steps[0].error_message.startswith("ab?cxxx")
