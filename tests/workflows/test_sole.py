"""One process at a time executes the runs of a database, and the next one may when it has ended."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from integrations_app.errors import StartRefused
from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import Registry
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.engine.sole import Sole, keep, refuse_second, sole
from tests.workflows.probe import ACTOR, Vendor, make_hub, probe, step, until, workflow

HOLDER = """
import sys
from integrations_app.workflows.engine.sole import sole
lock = sole(sys.argv[1])
lock.take()
print("taken", flush=True)
sys.stdin.read()
"""


async def test_a_second_engine_does_not_start_and_sends_nothing_twice(
    hub: Hub, database_url: str, tmp_path: Path, vendor: Vendor
) -> None:
    vendor.gate = asyncio.Event()
    made = await service.create(hub, ACTOR, workflow(step("a", "tell")))
    await service.publish(hub, ACTOR, made.id)
    first = EmbeddedEngine(hub)
    await first.start()
    run_id = await service.start_run(hub, ACTOR, made.id)
    await asyncio.wait_for(vendor.started.wait(), 10)
    beside = Database(database_url)
    other = make_hub(beside, tmp_path, Registry([probe(vendor)]))
    second = EmbeddedEngine(other)
    with pytest.raises(StartRefused) as refused:
        await second.start()
    assert refused.value.code == "already_executing"
    vendor.gate.set()
    found = await service.wait_for_run(hub, ACTOR, run_id, 10)
    await first.stop()
    assert (found.row.status, len(vendor.arrived)) == ("succeeded", 1)
    await second.start()
    await second.stop()
    await other.door.aclose()
    await asyncio.to_thread(beside.close)


async def test_a_killed_process_holds_nothing(database: Database, database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database_url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"taken\n"
    with pytest.raises(StartRefused):
        refuse_second(database_url)
    process.send_signal(signal.SIGKILL)
    await process.wait()

    async def is_free() -> bool:
        try:
            refuse_second(database_url)
        except StartRefused:
            return False
        return True

    await until(is_free)


async def test_a_lock_that_broke_is_taken_again_or_given_up(database: Database, database_url: str) -> None:
    """On PostgreSQL the server may end the connection that holds it; a file's lock cannot break."""
    if database.is_sqlite:
        pytest.skip("a lock on a file ends with its process only")
    lock, rival, lost = sole(database_url), sole(database_url), asyncio.Event()
    lock.take()
    keeping = asyncio.create_task(keep(lock, lost.set, 0.05))
    _break_all(database_url)
    await until(lambda: asyncio.to_thread(lock.holds))
    with pytest.raises(StartRefused):
        rival.take()
    keeping.cancel()
    _break_all(database_url)
    await until(lambda: asyncio.to_thread(_takes, rival))
    keeping = asyncio.create_task(keep(lock, lost.set, 0.05))
    await asyncio.wait_for(lost.wait(), 10)
    rival.release()
    lock.release()


def _takes(lock: Sole) -> bool:
    try:
        lock.take()
    except StartRefused:
        return False
    return True


def _break_all(url: str) -> None:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    with admin.connect() as connection:
        connection.execute(text(held))
    admin.dispose()
