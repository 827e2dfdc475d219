"""What a test may change about the emulated Slack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World


@dataclass
class SlackSettings(VendorSettings):
    """`pkce` is refused (the vendor's default for an app), allowed or required; times in seconds."""

    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"pkce": ("refused", "allowed", "required")}
    harsh: ClassVar[Mapping[str, object]] = {"rotation": True}
    life: ClassVar[str] = "token_life"

    rotation: bool = False
    token_life: int = 43200
    pkce: str = "refused"
    rate_limit_per_minute: int = 0
    retry_after: int = 30
    request_url: str = ""
    retry_delays: list[float] = field(default_factory=lambda: [0.0, 60.0, 300.0])
    delivery_timeout: float = 3.0


def slack_settings(world: World) -> SlackSettings:
    """The settings of the emulated Slack."""
    return world.settings.of(SlackSettings)
