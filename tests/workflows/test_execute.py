"""A run goes from checkpoint to checkpoint, and every kind of failure leads where its error says."""

import asyncio
from typing import Any

import pytest

from integrations_app.connections.models import Connection
from integrations_app.errors import (
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.workflows.probe import ACTOR, CONNECTION, ORGANIZATION, Vendor, step, until, workflow


async def run(hub: Hub, definition: dict[str, Any], **payload: Any) -> RunDetail:
    """Publish, start, and wait until it ended or is held."""
    made = await service.create(hub, ACTOR, definition)
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id, input=payload)
    return await service.wait_for_run(hub, ACTOR, run_id, 10)


def outcome(found: RunDetail) -> tuple[str, str]:
    return found.row.status, found.row.reason or found.row.error_code


async def test_steps_run_in_order_and_see_each_other(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    found = await run(
        hub,
        workflow(
            step("a", inputs={"text": "{{ trigger.who }}", "count": "{{ trigger.n }}"}),
            step("b", inputs={"text": "{{ steps.a.output.text }}!", "labels": "{{ trigger.tags }}"}),
        ),
        who="Ada",
        n="3",
        tags=["x", "y"],
    )
    assert outcome(found) == ("succeeded", "")
    assert vendor.texts == ["Ada", "Ada!"]
    assert found.steps[0].inputs == {"text": "Ada", "count": 3}
    assert found.steps[1].inputs["labels"] == ["x", "y"]
    assert found.steps[1].output == {"id": "2", "text": "Ada!"}
    assert [one.attempts for one in found.steps] == [1, 1]


async def test_a_missing_variable_fails_by_name_and_calls_nobody(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    found = await run(
        hub, workflow(step("a", inputs={"text": "{{ trigger.gone }}", "count": "{{ trigger.n }}"})), n="x"
    )
    assert outcome(found) == ("failed", "mapping_error")
    assert "inputs.text" in found.row.error_message
    assert "trigger.gone" in found.row.error_message
    assert vendor.arrived == []


async def test_branches_loops_and_skips(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    found = await run(
        hub,
        workflow(
            step("never", when="trigger.on == false", inputs={"text": "never"}),
            {
                "key": "which",
                "type": "condition",
                "branches": [
                    {"when": "steps.never.ok", "steps": [step("no", inputs={"text": "no"})]},
                    {"else": True, "steps": [step("yes", inputs={"text": "yes"})]},
                ],
            },
            {
                "key": "each",
                "type": "for_each",
                "items": "{{ trigger.list }}",
                "steps": [step("one", inputs={"text": "{{ item.name }}"})],
            },
            {"key": "end", "type": "stop", "outcome": "failed", "message": "{{ steps.each.output | size }} done"},
            step("after"),
        ),
        on=True,
        list=[{"name": "i"}, {"name": "j"}],
    )
    assert outcome(found) == ("failed", "stopped")
    assert found.row.error_message == "2 done"
    assert vendor.texts == ["yes", "i", "j"]
    assert {one.path: one.status for one in found.steps} == {
        "never": "skipped",
        "which": "succeeded",
        "yes": "succeeded",
        "each": "succeeded",
        "each/0/one": "succeeded",
        "each/1/one": "succeeded",
        "end": "succeeded",
    }


async def test_a_delay_frees_the_worker_and_goes_on(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    found = await run(hub, workflow({"key": "nap", "type": "delay", "seconds": 0.1}, step("a")))
    assert outcome(found) == ("succeeded", "")
    assert found.steps[0].ended_at is not None
    assert found.steps[0].started_at is not None
    assert 0.1 <= (found.steps[0].ended_at - found.steps[0].started_at).total_seconds() < 2


async def test_certain_failures_are_repeated_with_patience(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [Unavailable("away"), RateLimited("slow down", 0.02), RateLimited("slow down", 0.02), None]
    found = await run(hub, workflow(step("a", "fire", retry={"attempts": 2, "delay_seconds": 0.02})))
    assert outcome(found) == ("succeeded", "")
    assert found.steps[0].attempts == 2
    assert len(vendor.arrived) == 1


async def test_attempts_end(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [Unavailable("away")] * 9
    found = await run(hub, workflow(step("a")))
    assert outcome(found) == ("failed", "unavailable")
    assert found.steps[0].attempts == 3
    assert len(vendor.before) == 6


@pytest.mark.parametrize("error", [Rejected("not_in_channel", "Invite me."), MissingScope(("chat",), ("read",))])
async def test_refusals_fail_at_once(hub: Hub, engine: EmbeddedEngine, vendor: Vendor, error: Exception) -> None:
    vendor.before = [error]
    found = await run(hub, workflow(step("a")))
    assert outcome(found) == ("failed", error.code)  # type: ignore[attr-defined]


async def test_on_error_continue_tells_later_steps(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [Rejected("nope", "No.")]
    found = await run(
        hub,
        workflow(
            step("a", on_error="continue"),
            step("b", inputs={"text": "{{ steps.a.error.code }} {{ steps.a.ok }}"}),
        ),
    )
    assert outcome(found) == ("succeeded", "")
    assert vendor.texts == ["nope false"]


# --- the answer was lost ----------------------------------------------------------------------


async def test_a_lost_answer_of_an_idempotent_action_is_repeated(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    vendor.after = [OutcomeUnknown("lost"), None]
    found = await run(hub, workflow(step("a", "put")))
    assert outcome(found) == ("succeeded", "")
    assert len({operation for operation, _ in vendor.arrived}) == 1
    assert (len(vendor.arrived), vendor.looked) == (2, 0)


async def test_a_lost_answer_of_a_reconcilable_action_is_looked_for(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    vendor.after = [OutcomeUnknown("lost")]
    vendor.look = [Unavailable("away"), None]
    found = await run(hub, workflow(step("a", "tell")))
    assert outcome(found) == ("succeeded", "")
    assert (len(vendor.arrived), vendor.looked) == (1, 2)
    assert found.steps[0].output["id"] == "found"


async def test_a_lost_call_of_a_reconcilable_action_is_made_again(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    vendor.before = [OutcomeUnknown("lost on the way there"), None]
    found = await run(hub, workflow(step("a", "tell")))
    assert outcome(found) == ("succeeded", "")
    assert (len(vendor.arrived), vendor.looked) == (1, 1)


@pytest.mark.parametrize("decision", ["sent", "not_sent"])
async def test_a_lost_answer_of_an_unknowable_action_waits_for_a_person(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, decision: Any
) -> None:
    vendor.after = [OutcomeUnknown("lost"), None]
    found = await run(hub, workflow(step("a", "fire"), step("b", inputs={"text": "after"})))
    assert outcome(found) == ("held", "outcome_unknown")
    assert len(vendor.arrived) == 1
    await service.resolve(hub, ACTOR, found.row.id, "a", decision)
    found = await service.wait_for_run(hub, ACTOR, found.row.id, 10)
    assert outcome(found) == ("succeeded", "")
    assert vendor.texts == (["hello", "after"] if decision == "sent" else ["hello", "hello", "after"])


async def test_at_least_once_repeats_what_nobody_can_know(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.after = [OutcomeUnknown("lost"), None]
    retry = {"attempts": 3, "delay_seconds": 0.01, "at_least_once": True}
    found = await run(hub, workflow(step("a", "fire", retry=retry)))
    assert outcome(found) == ("succeeded", "")
    assert len(vendor.arrived) == 2


async def test_a_timeout_is_a_lost_answer(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.delay = 5
    found = await run(hub, workflow(step("a", "fire", timeout_seconds=0.05)))
    assert outcome(found) == ("held", "outcome_unknown")


async def test_a_step_whose_code_breaks_is_given_up(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [ZeroDivisionError()] * 9
    found = await run(hub, workflow(step("a", "put")))
    assert outcome(found) == ("failed", "crashed")
    assert len(vendor.before) == 6


# --- people are needed ------------------------------------------------------------------------


async def test_dead_credentials_hold_the_run_until_they_are_replaced(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    vendor.before = [ReconnectRequired("revoked", "token_revoked")]
    found = await run(hub, workflow(step("a", "fire")))
    assert outcome(found) == ("held", "needs_reauth")
    assert found.row.held_connection_id == CONNECTION
    second = await service.start_run(hub, ACTOR, found.row.workflow_id)
    assert outcome(await service.wait_for_run(hub, ACTOR, second, 10)) == ("held", "needs_reauth")
    assert vendor.arrived == []
    await set_status(hub, "connected")
    await until(lambda: has_ended(hub, found.row.id))
    await until(lambda: has_ended(hub, second))
    assert len(vendor.arrived) == 2


async def test_a_paused_connection_holds_runs(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    await set_status(hub, "paused")
    found = await run(hub, workflow(step("a")))
    assert outcome(found) == ("held", "paused")
    await set_status(hub, "connected")
    await until(lambda: has_ended(hub, found.row.id))
    assert vendor.texts == ["hello"]


async def test_a_paused_workflow_holds_its_runs(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    made = await service.create(hub, ACTOR, workflow({"key": "nap", "type": "delay", "seconds": 0.2}, step("a")))
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id)
    await service.pause(hub, ACTOR, made.id)
    found = await service.wait_for_run(hub, ACTOR, run_id, 10)
    assert outcome(found) == ("held", "paused")
    await service.resume(hub, ACTOR, made.id)
    await until(lambda: has_ended(hub, run_id))
    assert vendor.texts == ["hello"]


async def test_cancel_ends_between_steps(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.gate = asyncio.Event()
    made = await service.create(hub, ACTOR, workflow(step("a"), step("b")))
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id)
    await asyncio.wait_for(vendor.started.wait(), 10)
    await service.cancel(hub, ACTOR, run_id)
    vendor.gate.set()
    found = await until(lambda: has_ended(hub, run_id))
    assert outcome(found) == ("cancelled", "")
    assert len(vendor.arrived) == 1


async def test_replay_takes_earlier_outputs_over(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [None, Rejected("nope", "No.")]
    found = await run(hub, workflow(step("a"), step("b", inputs={"text": "{{ steps.a.output.text }} again"})))
    assert outcome(found) == ("failed", "nope")
    again = await service.replay(hub, ACTOR, found.row.id, from_step="b")
    second = await service.wait_for_run(hub, ACTOR, again, 10)
    assert outcome(second) == ("succeeded", "")
    assert vendor.texts == ["hello", "hello again"]
    assert second.row.replay_of == found.row.id


async def test_secrets_in_inputs_are_masked_in_the_record(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    found = await run(hub, workflow(step("a", inputs={"text": "{{ trigger.t }}"})), t="CNRY_body_0123456789ab")
    assert vendor.texts == ["CNRY_body_0123456789ab"]
    assert "CNRY" not in str(found.steps[0].inputs)


async def set_status(hub: Hub, status: str) -> None:
    """What the connections' service does to the row and tells."""
    from integrations_app.connections.changes import announce

    def write(session: Any) -> None:
        row = session.get(Connection, (ORGANIZATION, CONNECTION))
        row.status, row.error_code, row.error_message = status, "", ""
        session.add(row)
        announce(hub, session, ORGANIZATION, CONNECTION)

    await hub.database.write(write)


async def has_ended(hub: Hub, run_id: str) -> RunDetail | None:
    found = await service.get_run(hub, ACTOR, run_id)
    return found if found.row.ended_at is not None else None
