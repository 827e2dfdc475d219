"""Webhook connections to a receiver on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from integrations_app.kit.egress import Passport
from tests.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


class Webhooks:
    """Makes connections; takes settings and secrets."""

    def __init__(self, connect: Any, base: str) -> None:
        self._connect, self._base = connect, base

    def __call__(self, settings: dict[str, Any] | None = None, **secrets: str) -> Any:
        """A connection below `/v1` of the receiver."""
        return self._made(f"{self._base}/v1", settings, (self._base,), secrets)

    def to(self, base: str, settings: dict[str, Any] | None = None, *more: str, **secrets: str) -> Any:
        """A connection to `base`; the door lets it through to there and to `more`."""
        return self._made(base, settings, (base, *more), secrets)

    def _made(
        self, base: str, settings: dict[str, Any] | None, origins: tuple[str, ...], secrets: dict[str, str]
    ) -> Any:
        from integrations_app.providers.webhook.settings import WebhookSettings

        chosen = WebhookSettings(**{"base_url": base, **(settings or {})})
        made = self._connect("webhook", bases={"base": base}, settings=chosen, **secrets)
        return replace(made, access=replace(made.access, passport=Passport(origins=origins)))


@pytest.fixture
def webhook(connect: Any, receiver: Receiver) -> Webhooks:
    return Webhooks(connect, receiver.base)
