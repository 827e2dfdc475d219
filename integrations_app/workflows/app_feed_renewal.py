"""Feeds of apps are shown anew before what was shown is too old, and at once when the vendor says that they changed."""

import asyncio
import logging

from integrations_app.errors import IntegrationsError, Unavailable
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import app_feeds, hooks

_log = logging.getLogger(__name__)
MOST = 64
"""Feeds that one turn claims; the next turn goes on."""
AT_ONCE = 8
SECONDS = 30.0
"""All calls for one feed together: so the whole turn ends well within the claim."""


async def renew_feeds(hub: Hub) -> int:
    """Renew what is due; how many that was. One that fails tells its workflows, and is tried again."""
    due = await hub.database.write(lambda session: app_feeds.claim_due(session, hub.clock(), MOST))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(organization_id: str, endpoint_id: str) -> None:
        async with gate:
            await _renew(hub, organization_id, endpoint_id)

    await asyncio.gather(*(one(*each) for each in due))
    return len(due)


async def _renew(hub: Hub, organization_id: str, endpoint_id: str) -> None:
    """Renew one. Raises nothing."""
    try:
        async with asyncio.timeout(SECONDS):
            await hooks.renew_feed(hub, organization_id, endpoint_id)
    except TimeoutError:
        await _failed(hub, organization_id, endpoint_id, Unavailable("The service did not answer in time."))
    except IntegrationsError as error:
        await _failed(hub, organization_id, endpoint_id, error)
    except Exception:  # noqa: BLE001 - a provider's own mistake about one feed must not keep the others from renewal
        _log.exception("the feed of an endpoint was not renewed for a fault in its own code")
        unread = IntegrationsError("The answer could not be understood.")
        await _failed(hub, organization_id, endpoint_id, unread)


async def _failed(hub: Hub, organization_id: str, endpoint_id: str, error: IntegrationsError) -> None:
    """Note it, unless the endpoint was closed meanwhile."""
    _log.info("the feed of an endpoint was not renewed: %s", error.code)
    try:
        await hub.database.write(
            lambda session: app_feeds.note_trouble(hub, session, organization_id, endpoint_id, error)
        )
    except Unavailable:
        _log.warning("that a feed was not renewed could not be written down; its claim ends by itself")
