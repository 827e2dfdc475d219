"""Several processes that need one expired rotating token, and one that is killed with its answer in hand."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations_app.errors import ReconnectRequired
from tests.connections.refresher import AT_ONCE
from tests.connections.vendors import RENEWABLE, Case, connected_case

ROOT = Path(__file__).parents[2]
SOAK = os.environ.get("SOAK") == "1"
ROUNDS = 200 if SOAK else 1
SECONDS = 30.0
Process = asyncio.subprocess.Process
Start = Callable[..., Awaitable[Process]]


@pytest.fixture(params=RENEWABLE)
async def case(world: Any, request: pytest.FixtureRequest) -> Case:
    return await connected_case(world, request.param)


@pytest.fixture
async def start(case: Case) -> AsyncIterator[Start]:
    """Start another process on the same installation; none outlives the test."""
    started: list[Process] = []

    async def begin(point: str = "") -> Process:
        settings, url = case.world.hub.settings, case.world.hub.database.url
        given = [url.render_as_string(hide_password=False), str(settings.data_dir), str(settings.port)]
        given += [case.organization_id, case.connection_id, point]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.connections.refresher",
            *given,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        started.append(process)
        assert await line(process) == "ready"
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), SECONDS)).decode().strip()


def tell(process: Process, case: Case) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{case.world.hub.clock().isoformat()}\n".encode())


async def test_e04_a_hundred_calls_in_two_processes_make_one_renewal(case: Case, start: Start, clock: Any) -> None:
    processes = [await start(), await start()]
    for number in range(1, ROUNDS + 1):
        clock.advance(timedelta(minutes=2))
        case.world.vendor.http.delete(f"{case.world.vendor.url}/_control/journal")
        case.expire()
        for process in processes:
            tell(process, case)
        went = [json.loads(await line(process)) for process in processes]
        assert went == [{"ok": AT_ONCE}, {"ok": AT_ONCE}]
        assert len(case.renewals()) == 1
        assert (case.row.status, case.row.credential_version) == ("connected", number + 1)
    clock.advance(timedelta(minutes=2))
    case.expire()
    assert (await case.use()).id == case.row.account_id  # the family lives


async def test_killed_between_the_answer_and_the_commit(case: Case, start: Start, clock: Any) -> None:
    case.expire()
    old = case.secrets()
    victim = await start("after_answer")
    tell(victim, case)
    assert await asyncio.wait_for(victim.wait(), SECONDS) == -signal.SIGKILL
    assert (case.row.status, case.row.refresh_attempt, case.secrets()) == ("connected", 1, old)
    clock.advance(timedelta(seconds=31))
    with pytest.raises(ReconnectRequired):
        await case.use()  # asked once more; the vendor took the old refresh token back when it answered
    assert (case.row.status, case.row.error_code) == ("needs_reauth", "refresh_outcome_unknown")
    assert case.secrets() == old
    [audit] = case.world.audits("connection.needs_reauth")
    assert audit.detail["reason"] == "refresh_outcome_unknown"
    await case.connect()
    assert (await case.use()).id and (case.row.status, case.row.refresh_attempt) == ("connected", 0)


async def test_killed_after_the_commit_nothing_is_missing(case: Case, start: Start) -> None:
    case.expire()
    victim = await start("after_commit")
    tell(victim, case)
    assert await asyncio.wait_for(victim.wait(), SECONDS) == -signal.SIGKILL
    assert (case.row.status, case.row.refresh_attempt, case.row.credential_version) == ("connected", 0, 2)
    assert (await case.use()).id and len(case.renewals()) == 1
