"""What a test may change about the emulated Linear."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World


@dataclass
class LinearSettings(VendorSettings):
    """`request_limit` is requests per hour and person; times in seconds."""

    lenient: ClassVar[Mapping[str, object]] = {"request_limit": 10**9}
    life: ClassVar[str] = "token_life"

    token_life: int = 86400
    require_pkce: bool = False
    request_limit: int = 5000
    delivery_timeout: float = 5.0


def linear_settings(world: World) -> LinearSettings:
    """The settings of the emulated Linear."""
    return world.settings.of(LinearSettings)
