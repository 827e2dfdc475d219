"""A process that executes runs and kills itself at a named place: `victim.py DATABASE FOLDER POINT TIMES SECONDS`."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.kit.db import Database
from integrations_app.kit.tenancy import across_organizations
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import FINISHED, Run, RunStatus
from tests.workflows.probe import Post, Posted, Vendor, make_hub, probe


class FileVendor(Vendor):
    """A vendor that outlives the process: what arrived stands in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        written = path.read_text().splitlines() if path.exists() else []
        self.arrived = [(operation, text) for operation, _, text in (line.partition(" ") for line in written)]

    async def post(self, params: Post, context: ActionContext[Any]) -> Posted:
        answer = await super().post(params, context)
        with self._path.open("a") as file:
            file.write(f"{context.operation_id} {params.text}\n")
            file.flush()
            os.fsync(file.fileno())
        return answer


def resting(session: Session) -> bool:
    still = {*(status.value for status in FINISHED), RunStatus.HELD.value}
    with across_organizations("a test asks whether all runs rest"):
        return set(session.execute(select(col(Run.status))).scalars()) <= still


async def main(url: str, folder: Path, point: str, times: int, seconds: float) -> None:
    left = times

    def crash_point(name: str) -> None:
        nonlocal left
        left -= name == point
        if name == point and left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    database = Database(url)
    hub = make_hub(database, folder, Registry([probe(FileVendor(folder / "arrived"))]))
    engine = EmbeddedEngine(hub, random=lambda: 0.0, crash_point=crash_point)
    await engine.start()
    async with asyncio.timeout(seconds):
        while not await database.read(resting):  # noqa: ASYNC110 - the rows are in a database
            await asyncio.sleep(0.02)
    await engine.stop()
    await hub.door.aclose()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
