"""Feeds of apps are shown anew before what was shown is too old, and at once when the vendor says that they changed."""

import logging

from integrations_app.errors import IntegrationsError, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import app_feeds, hooks

_log = logging.getLogger(__name__)
AT_ONCE = 100
"""Feeds that one turn renews, one after another; the next turn goes on."""


async def renew_feeds(hub: Hub) -> int:
    """Renew what is due; how many that was. One that fails tells its workflows, and is tried again."""
    due = await hub.database.write(lambda session: app_feeds.claim_due(session, hub.clock(), AT_ONCE))
    for organization_id, endpoint_id in due:
        await _renew(hub, organization_id, endpoint_id)
    return len(due)


async def _renew(hub: Hub, organization_id: str, endpoint_id: str) -> None:
    try:
        await hooks.renew_feed(hub, organization_id, endpoint_id)
    except NotFound:
        return  # the endpoint was closed meanwhile
    except IntegrationsError as error:
        _log.info("the feed of an endpoint was not renewed: %s", error.code)
        reason = error
        await hub.database.write(
            lambda session: app_feeds.note_trouble(hub, session, organization_id, endpoint_id, reason)
        )
