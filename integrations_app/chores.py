"""What a serving process does by itself from time to time, beside answering and executing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from integrations_app.connections.attempts import expire_attempts
from integrations_app.connections.checking import check_idle
from integrations_app.connections.forgetting import forget_disconnected
from integrations_app.connections.refresh import refresh_due
from integrations_app.errors import IntegrationsError
from integrations_app.organizations.heads import write_heads
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.app_feed_renewal import renew_feeds
from integrations_app.workflows.former_secrets import erase_former_secrets
from integrations_app.workflows.retention import delete_old

_log = logging.getLogger(__name__)
ATTEMPT_SECONDS = 30.0
REFRESH_SECONDS = 30.0
CHECK_SECONDS = 60.0
FORGET_SECONDS = 3600.0
FEED_SECONDS = 30.0
FORMER_SECONDS = 60.0
RETENTION_SECONDS = 600.0
HEAD_SECONDS = 3600.0
HEADS_FILE = "audit.heads"

Chore = Callable[[Hub], Awaitable[object]]


async def keep_audit_heads(hub: Hub) -> None:
    """Write the ends of the audit chains beside the database, so that a cut tail can be found."""
    if hub.keyring.sealed:
        return
    path = hub.settings.data_dir / HEADS_FILE
    await hub.database.write(lambda session: write_heads(session, hub.keyring, path, hub.clock()))


CHORES: tuple[tuple[float, Chore], ...] = (
    (ATTEMPT_SECONDS, expire_attempts),  # so that no card says Connecting for ever
    (REFRESH_SECONDS, refresh_due),  # also for connections that nobody uses
    (CHECK_SECONDS, check_idle),  # so that a card tells the truth before a run finds out
    (FORGET_SECONDS, forget_disconnected),  # thirty days after
    (FEED_SECONDS, renew_feeds),  # so that nobody hears for long of what was taken from them
    (FORMER_SECONDS, erase_former_secrets),  # refused from their time on in any case
    (RETENTION_SECONDS, delete_old),  # what an organisation wants to keep no longer
    (HEAD_SECONDS, keep_audit_heads),
)


async def do_chores(hub: Hub) -> None:
    """Do every chore at its pace until cancelled; one that fails is logged and comes again."""
    async with asyncio.TaskGroup() as group:
        for seconds, chore in CHORES:
            group.create_task(_repeat(hub, seconds, chore))


async def _repeat(hub: Hub, seconds: float, chore: Chore) -> None:
    name = getattr(chore, "__name__", "a chore")
    while True:
        try:
            await chore(hub)
        except IntegrationsError as error:
            _log.warning("%s failed and will be tried again: %s", name, error.code)
        except Exception:  # noqa: BLE001 - a full disk, a fault of ours: the other chores, and this one later, must go on
            _log.exception("%s broke and will be tried again", name)
        await asyncio.sleep(seconds)
