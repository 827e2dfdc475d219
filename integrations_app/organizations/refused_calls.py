"""Audits every call that the egress door refuses: an attempt to reach inside is seen, whichever step made it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from integrations_app.errors import EgressDenied
from integrations_app.kit.db import Database
from integrations_app.organizations.audit import WINDOW, Throttle, record
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.permissions import system_actor

NAME = "egress.denied"
MOST_HOSTS = 20
"""Named per organisation and minute: what a sender puts into an address must not fill a chain that is never deleted."""
MANY = "(many)"


class _Hosts:
    """The hosts that an organisation was refused in the minute under way."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, set[str]]] = {}

    def named(self, pool: str, host: str, now: datetime) -> str:
        """The host, or MANY when there were too many others already."""
        since, seen = self._seen.get(pool, (now, set()))
        if abs(now - since) >= WINDOW:
            since, seen = now, set()
        if host not in seen and len(seen) >= MOST_HOSTS:
            return MANY
        seen.add(host)
        self._seen[pool] = (since, seen)
        return host


def auditing(
    database: Database, keyring: Keyring, clock: Callable[[], datetime]
) -> Callable[[str, EgressDenied], Awaitable[None]]:
    """What the door tells of refused calls; `pool` is the organisation's id.

    One row per organisation, reason and host in a minute, its `count` says how many calls it stands for; hosts beyond
    MOST_HOSTS share rows. It names what was asked for, never the address behind a name.
    """
    throttle, hosts = Throttle(), _Hosts()

    async def denied(pool: str, error: EgressDenied) -> None:
        now = clock()
        host = hosts.named(pool, error.host, now)
        kind = f"{pool} {error.reason} {host}"
        count = throttle.admit(kind, now)
        if not count:
            return
        detail = {"reason": error.reason, "host": host, "count": count}
        actor = system_actor(pool)
        try:
            await database.write(lambda session: record(session, keyring, actor, NAME, now=now, detail=detail))
        except BaseException:
            throttle.take_back(kind, count)
            raise

    return denied
