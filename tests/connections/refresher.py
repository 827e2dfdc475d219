"""A process of its own that uses one connection: `refresher.py DATABASE FOLDER PORT ORGANIZATION CONNECTION POINT`.

For each line of its input, a time, it makes 50 calls at once and prints how they went; with POINT it kills itself
when a renewal comes by there.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from integrations_app.connections.access import use
from integrations_app.connections.refresh import refresh
from integrations_app.connections.refresh_lease import Need
from integrations_app.connections.repository import Connections
from integrations_app.errors import IntegrationsError
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings
from tests.connections.vendors import check

AT_ONCE = 50


class Hands:
    """A clock that is set by whoever writes the input."""

    now = utc_now()

    def __call__(self) -> datetime:
        return self.now


def make_hub(url: str, folder: Path, port: int, clock: Hands) -> Hub:
    """The same installation as the test's, in this process."""
    database = Database(url)
    return Hub(
        settings=Settings(data_dir=folder, port=port, public_url=f"http://localhost:{port}", sandbox=True),
        database=database,
        keyring=open_keyring(database, listed=None, key_file=folder / "keys", clock=clock),
        door=Door(EgressPolicy.parse(own=(f"localhost:{port}", f"127.0.0.1:{port}"))),
        registry=registry(),
        bus=LocalBus(),
        clock=clock,
        new_id=new_id,
    )


def say(line: str) -> None:
    """One line to whoever started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def one(hub: Hub, organization_id: str, connection_id: str) -> str:
    """The code of what went wrong, or `ok`."""
    try:
        await use(hub, organization_id, connection_id, check)
    except IntegrationsError as error:
        return error.code
    return "ok"


async def crash(hub: Hub, organization_id: str, connection_id: str, point: str) -> None:
    """Renew, and die at `point`."""

    def crash_point(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    row = await hub.database.read(lambda session: Connections(session, organization_id).get(connection_id))
    need = Need(row.credential_version, expired=True)
    await refresh(hub, organization_id, connection_id, need, crash_point=crash_point)


async def main(url: str, folder: Path, port: int, organization_id: str, connection_id: str, point: str) -> None:
    clock = Hands()
    hub = make_hub(url, folder, port, clock)
    say("ready")
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        clock.now = datetime.fromisoformat(line)
        if point:
            await crash(hub, organization_id, connection_id, point)
        went = await asyncio.gather(*(one(hub, organization_id, connection_id) for _ in range(AT_ONCE)))
        say(json.dumps(Counter(went)))
    await hub.door.aclose()
    hub.passwords.close()
    hub.database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5], sys.argv[6]))
