"""Webhook connections to a receiver on loopback."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
def webhook(connect: Any, receiver: Receiver) -> Any:
    """Makes connections below `/v1` of the receiver; takes settings and secrets."""
    from integrations_app.providers.webhook.settings import WebhookSettings

    def make(settings: dict[str, Any] | None = None, **secrets: str) -> Any:
        chosen = WebhookSettings(**{"base_url": f"{receiver.base}/v1", **(settings or {})})
        return connect("webhook", bases={"base": receiver.base}, settings=chosen, **secrets)

    return make
