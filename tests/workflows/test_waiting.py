"""Steps that wait: asleep without a worker, woken once, by the answer or the time, through every kind of crash."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from integrations_app.errors import OutcomeUnknown, Unavailable
from integrations_app.kit.db import Database
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import Registry
from integrations_app.workflows import service
from integrations_app.workflows.app_events import accept_app_event
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.steps import operation_id
from tests.workflows.probe import ACTOR, APP_SECRET, Vendor, make_hub, plant, probe, step, until, workflow
from tests.workflows.test_kill import arrived, victim
from tests.workflows.victim import FileVendor

HOUR = 3600


async def begin(hub: Hub, count: int = HOUR, **inputs: Any) -> str:
    """A run that asks "hello" and tells what was chosen afterwards."""
    steps = (
        step("a", "ask", inputs={"text": "hello", "count": count} | inputs),
        step("b", inputs={"text": "{{ steps.a.output.text }}"}),
    )
    made = await service.create(hub, ACTOR, workflow(*steps))
    await service.publish(hub, ACTOR, made.id)
    return await service.start_run(hub, ACTOR, made.id)


async def choose(told: Hub, run_id: str, choice: str, account: str = "acme", path: str = "a") -> None:
    """Somebody answers: a delivery of the vendor's app."""
    given = {"type": "chosen", "account": account, "operation": operation_id(run_id, path), "choice": choice}
    body = json.dumps(given | {"id": told.new_id()}).encode()
    headers = {"content-type": "application/json", "x-hub-signature-256": sign_hmac_sha256(APP_SECRET, body, "sha256=")}
    await accept_app_event(told, "probe", None, headers, body)


async def status(hub: Hub, run_id: str) -> str:
    return (await service.get_run(hub, ACTOR, run_id)).row.status


async def reaches(hub: Hub, run_id: str, wanted: str) -> None:
    async def is_there() -> bool:
        return await status(hub, run_id) == wanted

    await until(is_there)


async def test_a_waiting_run_takes_no_worker_and_goes_on_with_the_answer(
    told: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    run_id = await begin(told)
    await reaches(told, run_id, "waiting")
    await until(lambda: asyncio.sleep(0, engine.load == (0, 0)))
    await choose(told, run_id, "yes")
    await reaches(told, run_id, "succeeded")
    assert vendor.texts == ["hello", "hello: yes", "hello: yes"]


async def test_the_time_comes_and_later_answers_change_nothing(
    told: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    run_id = await begin(told, count=1)
    await reaches(told, run_id, "succeeded")
    await choose(told, run_id, "yes")
    assert vendor.texts == ["hello", "hello: late", "hello: late"]
    assert await status(told, run_id) == "succeeded"


async def test_many_answers_at_once_and_one_counts(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    run_id = await begin(told)
    await reaches(told, run_id, "waiting")
    await asyncio.gather(*(choose(told, run_id, f"choice {number}") for number in range(20)))
    await reaches(told, run_id, "succeeded")
    _, first, second = vendor.texts
    assert first == second
    assert first.startswith("hello: choice ")


async def test_answers_of_others_are_not_heard(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    run_id, other = await begin(told), await begin(told)
    for each in (run_id, other):
        await reaches(told, each, "waiting")
    await choose(told, run_id, "foreign", account="else")
    await choose(told, run_id, "no such step", path="b")
    await choose(told, told.new_id(), "no such run")
    await choose(told, other, "other's")
    await reaches(told, other, "succeeded")
    assert await status(told, run_id) == "waiting"


async def test_an_answer_that_is_quicker_than_the_call_is_not_lost(
    told: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    vendor.gate = asyncio.Event()
    run_id = await begin(told)
    await asyncio.wait_for(vendor.started.wait(), 10)
    await choose(told, run_id, "quick")
    vendor.gate.set()
    await reaches(told, run_id, "succeeded")
    assert vendor.texts == ["hello", "hello: quick", "hello: quick"]


async def test_an_action_may_ask_again_and_again(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    run_id = await begin(told, count=0, labels=["queued", "in progress", "done"])
    await reaches(told, run_id, "succeeded")
    assert vendor.texts == ["hello", "done: late", "done: late"]


async def test_a_lost_answer_of_the_question_is_looked_for(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.after = [OutcomeUnknown("lost")]
    run_id = await begin(told)
    await until(lambda: asyncio.sleep(0, vendor.looked == 1))
    await reaches(told, run_id, "waiting")
    await choose(told, run_id, "yes")
    await reaches(told, run_id, "succeeded")
    assert vendor.texts.count("hello") == 1


async def test_going_on_is_repeated_when_it_fails_for_now(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [None, Unavailable("away"), OutcomeUnknown("lost"), None]
    run_id = await begin(told)
    await reaches(told, run_id, "waiting")
    await choose(told, run_id, "yes")
    await reaches(told, run_id, "succeeded")
    assert vendor.texts == ["hello", "hello: yes", "hello: yes"]


async def test_going_on_that_always_fails_fails_the_step(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    vendor.before = [None, *(Unavailable("away") for _ in range(9))]
    run_id = await begin(told, count=0)
    await reaches(told, run_id, "failed")
    assert vendor.texts == ["hello"]


async def test_a_cancelled_run_hears_nothing_more(told: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    run_id = await begin(told)
    await reaches(told, run_id, "waiting")
    await service.cancel(told, ACTOR, run_id)
    await choose(told, run_id, "yes")
    assert await status(told, run_id) == "cancelled"
    assert vendor.texts == ["hello"]


async def test_a_trial_does_its_first_half(told: Hub, vendor: Vendor) -> None:
    made = await service.create(told, ACTOR, workflow(step("a", "ask")))
    tried = await service.try_step(told, ACTOR, made.id, "a")
    assert (tried.ok, tried.output) == (True, {"text": "hello"})


# --- kills ------------------------------------------------------------------------------------


class TestKills:
    @pytest.fixture
    async def hub(self, database: Database, tmp_path: Path) -> AsyncIterator[Hub]:
        """A hub without an engine: the victim executes."""
        made = make_hub(database, tmp_path, Registry([probe(FileVendor(tmp_path / "arrived"))]))
        plant(made)
        yield made
        await made.door.aclose()
        await made.bus.close()

    @pytest.mark.parametrize("point", ["before_call", "after_call", "parked", "before_resume"])
    async def test_a_killed_wait_asks_once_and_ends_when_its_time_comes(self, hub: Hub, point: str) -> None:
        run_id = await begin(hub, count=1)
        assert await victim(hub, point) == -signal.SIGKILL
        assert await victim(hub) == 0
        assert await status(hub, run_id) == "succeeded"
        assert Counter(arrived(hub)) == Counter({"hello": 1, "hello: late": 2})

    async def test_what_was_done_before_a_kill_is_done_again_the_same_way(self, hub: Hub) -> None:
        run_id = await begin(hub, count=1)
        assert await victim(hub, "after_resume") == -signal.SIGKILL
        assert await victim(hub) == 0
        assert await status(hub, run_id) == "succeeded"
        assert Counter(arrived(hub)) == Counter({"hello": 1, "hello: late": 3})

    @pytest.mark.parametrize("point", ["after_call", "parked"])
    async def test_an_answer_while_nobody_executes_is_kept(self, told: Hub, point: str) -> None:
        run_id = await begin(told)
        assert await victim(told, point) == -signal.SIGKILL
        await asyncio.gather(*(choose(told, run_id, "yes") for _ in range(5)))
        assert await victim(told) == 0
        assert await status(told, run_id) == "succeeded"
        assert Counter(arrived(told)) == Counter({"hello": 1, "hello: yes": 2})

    async def test_a_kill_after_the_answer_keeps_the_answer(self, told: Hub) -> None:
        run_id = await begin(told)
        assert await victim(told, "parked") == -signal.SIGKILL
        await choose(told, run_id, "yes")
        assert await victim(told, "after_resume") == -signal.SIGKILL
        await choose(told, run_id, "no")
        assert await victim(told) == 0
        assert Counter(arrived(told)) == Counter({"hello": 1, "hello: yes": 3})

    async def test_a_step_that_kills_its_process_going_on_is_given_up(self, hub: Hub) -> None:
        run_id = await begin(hub, count=0)
        for _ in range(3):
            assert await victim(hub, "before_resume") == -signal.SIGKILL
        assert await victim(hub) == 0
        assert await status(hub, run_id) == "failed"
