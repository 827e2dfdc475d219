"""Audits every call that the egress door refuses: an attempt to reach inside is seen, whichever step made it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from integrations_app.errors import EgressDenied
from integrations_app.kit.db import Database
from integrations_app.organizations.audit import Throttle, record
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.permissions import system_actor

NAME = "egress.denied"


def auditing(
    database: Database, keyring: Keyring, clock: Callable[[], datetime]
) -> Callable[[str, EgressDenied], Awaitable[None]]:
    """What the door tells of refused calls; `pool` is the organisation's id.

    One row per organisation, reason and host in a minute; its `count` says how many calls it stands for. It names
    what was asked for, never the address behind a name.
    """
    throttle = Throttle()

    async def denied(pool: str, error: EgressDenied) -> None:
        now = clock()
        count = throttle.admit(f"{pool} {error.reason} {error.host}", now)
        if not count:
            return
        detail = {"reason": error.reason, "host": error.host, "count": count}
        actor = system_actor(pool)
        await database.write(lambda session: record(session, keyring, actor, NAME, now=now, detail=detail))

    return denied
