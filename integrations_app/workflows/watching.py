"""Watching: waiting for something of an organisation without asking for it again and again."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from integrations_app.kit.bus import RESYNC
from integrations_app.organizations.hub import Hub, organization_topic

QUEUE = 4096
T = TypeVar("T")


async def watch(
    hub: Hub,
    organization_id: str,
    ids: Collection[str],
    look: Callable[[], Awaitable[T]],
    rests: Callable[[T], bool],
    seconds: float,
) -> T:
    """What `look` finds as soon as it `rests`, or as it stands after `seconds`.

    It is looked at once, and again when the bus has news of one of `ids`, from whichever process they come.
    """
    with hub.bus.subscribe(organization_topic(organization_id), limit=QUEUE) as news:
        found = await look()
        try:
            async with asyncio.timeout(seconds):
                while not rests(found):
                    one = await anext(news)
                    if one.topic == RESYNC or one.message.get("id") in ids:
                        found = await look()
        except (TimeoutError, StopAsyncIteration):  # the time is over, or the process ends
            found = await look()
    return found
