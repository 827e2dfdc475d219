"""Hub: what the services of one process share, put together once at the composition edge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from integrations_app.kit.bus import Bus
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door
from integrations_app.organizations.keys import Keyring
from integrations_app.sdk.registry import Registry
from integrations_app.settings import Settings


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


def organization_topic(organization_id: str) -> str:
    """The bus topic of everything that an open page of the organisation may want to know.

    Messages are `{"kind": "connection" | "workflow" | "run" | "event" | "member" | "session", "id": …}`.
    """
    return f"organization:{organization_id}"
