"""Hub: what the services of one process share, put together once at the composition edge."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations_app.kit.bus import Bus
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door
from integrations_app.organizations.audit import Throttle
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.limits import Limits
from integrations_app.organizations.passwords import Passwords
from integrations_app.organizations.signed_in import SignedInCache
from integrations_app.sdk.registry import Registry
from integrations_app.settings import Settings

ORGANIZATIONS = "organization"
"""Subscribe to it for the messages of every organisation."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Passed as the first argument to every service function that leaves a transaction."""

    settings: Settings
    database: Database
    keyring: Keyring
    door: Door
    registry: Registry
    bus: Bus
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    passwords: Passwords = field(default_factory=Passwords)
    limits: Limits = field(default_factory=Limits)
    signed_in: SignedInCache = field(default_factory=SignedInCache)
    throttle: Throttle = field(default_factory=Throttle)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """Writes that nobody waits for; await them before the database closes."""
    under_way: dict[tuple[object, ...], asyncio.Task[Any]] = field(default_factory=dict)
    """Work that everybody who wants it at the same time waits for together, by what it is."""


def organization_topic(organization_id: str) -> str:
    """The bus topic of everything that an open page of the organisation may want to know.

    Messages are `{"kind": "connection" | "workflow" | "run" | "event" | "member" | "token" | "session", "id": …}`.
    """
    return f"{ORGANIZATIONS}.{organization_id}"
