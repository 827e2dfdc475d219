"""The address of a message that was just posted: asked for when there is time, never worth a failure."""

import asyncio

from integrations_app.errors import IntegrationsError
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.messages import Posted

PATIENCE = 2.0
"""Seconds for the whole question, the wait for its turn in the connection's rate budget included."""


async def linked(client: SlackClient, posted: Posted) -> Posted:
    """The same with its permalink, or without one when Slack does not tell it soon: the message stands anyhow."""
    try:
        async with asyncio.timeout(PATIENCE):
            call = client.web.chat_getPermalink(channel=posted.channel, message_ts=posted.ts)
            answer = await client.read(call)
    except (IntegrationsError, TimeoutError):
        return posted
    found = answer.get("permalink")
    return posted.model_copy(update={"permalink": found}) if isinstance(found, str) else posted
