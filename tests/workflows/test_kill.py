"""A process killed with SIGKILL anywhere loses no run and repeats nothing blindly (E09, E12, P01)."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import Registry
from integrations_app.workflows import endpoints, events, service
from tests.workflows.probe import ACTOR, make_hub, plant, probe, step, workflow
from tests.workflows.victim import FileVendor

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def hub(database: Database, tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub without an engine: the victim executes."""
    made = make_hub(database, tmp_path, Registry([probe(FileVendor(tmp_path / "arrived"))]))
    plant(made)
    yield made
    await made.door.aclose()


async def start_victim(hub: Hub, point: str = "", times: int = 1, seconds: float = 30) -> asyncio.subprocess.Process:
    url = hub.database.url.render_as_string(hide_password=False)
    given = [url, str(hub.settings.data_dir), point, str(times), str(seconds)]
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.workflows.victim", *given, cwd=ROOT)


async def victim(hub: Hub, point: str = "", times: int = 1) -> int:
    process = await start_victim(hub, point, times)
    return await asyncio.wait_for(process.wait(), 40)


def arrived(hub: Hub) -> list[str]:
    path = hub.settings.data_dir / "arrived"
    return [line.partition(" ")[2] for line in path.read_text().splitlines()] if path.exists() else []


async def begin(hub: Hub, *steps: dict[str, object]) -> str:
    made = await service.create(hub, ACTOR, workflow(*steps))
    await service.publish(hub, ACTOR, made.id)
    return await service.start_run(hub, ACTOR, made.id)


@pytest.mark.parametrize(
    ("kind", "point", "calls", "ends"),
    [
        ("put", "before_call", 1, "succeeded"),
        ("put", "after_call", 2, "succeeded"),
        ("tell", "before_call", 1, "succeeded"),
        ("tell", "after_call", 1, "succeeded"),
        ("fire", "before_call", 0, "held"),
        ("fire", "after_call", 1, "held"),
        ("fire", "after_checkpoint", 1, "succeeded"),
    ],
)
async def test_a_killed_step_is_repeated_looked_for_or_held(
    hub: Hub, kind: str, point: str, calls: int, ends: str
) -> None:
    run_id = await begin(hub, step("a", kind), step("b", inputs={"text": "after"}))
    assert await victim(hub, point) == -signal.SIGKILL
    assert await victim(hub) == 0
    found = await service.get_run(hub, ACTOR, run_id)
    assert found.row.status == ends
    assert Counter(arrived(hub)) == Counter({"hello": calls, "after": int(ends == "succeeded")}) + Counter()
    if ends == "held":
        assert found.row.reason == "outcome_unknown"


async def test_a_step_that_kills_its_process_is_given_up(hub: Hub) -> None:
    deadly = await begin(hub, step("a", inputs={"text": "deadly"}))
    for _ in range(3):
        assert await victim(hub, "before_call") == -signal.SIGKILL
    assert await victim(hub, "before_call") == 0
    found = await service.get_run(hub, ACTOR, deadly)
    assert (found.row.status, found.row.error_code) == ("failed", "crashed")
    assert arrived(hub) == []


async def test_kills_at_random_lose_no_accepted_delivery(hub: Hub) -> None:
    made = await endpoints.create_endpoint(hub, ACTOR, "In", "none")
    trigger = {"type": "webhook", "config": {"endpoint": made.row.id}}
    created = await service.create(
        hub, ACTOR, workflow(step("a", "tell", inputs={"text": "{{ trigger.n }}"}), step("b"), trigger=trigger)
    )
    await service.publish(hub, ACTOR, created.id)
    chance, number = random.Random(7), 0  # noqa: S311 - a repeatable test
    for _ in range(3):
        process = await start_victim(hub, "after_call", chance.randint(1, 12))
        for _ in range(20):
            answer = await events.accept(hub, made.row.id, {"idempotency-key": str(number)}, b'{"n": %d}' % number)
            assert isinstance(answer, events.Accepted)
            number += 1
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert await victim(hub) == 0
    page = await service.list_runs(hub, ACTOR, limit=200)
    assert len(page.items) == number
    assert {run.status for run in page.items} == {"succeeded"}
    told = Counter(text for text in arrived(hub) if text != "hello")
    assert told == Counter(str(each) for each in range(number))
