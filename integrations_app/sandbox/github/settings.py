"""What a test may change about the emulated GitHub."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World


@dataclass
class GitHubSettings(VendorSettings):
    """Limits of 0 are off, except `primary_limit` which is requests per hour and user.

    `app_webhook_url` is where an app hears of what concerns it, unless it is registered with an address of its own.
    `storage_base`: the sandbox by another host's name, for files that GitHub keeps elsewhere.
    `github_app`: the apps are GitHub Apps, whose tokens have no scopes and reach what they are installed on.
    """

    harsh: ClassVar[Mapping[str, object]] = {"expiring_tokens": True}
    lenient: ClassVar[Mapping[str, object]] = {"primary_limit": 10**9}
    life: ClassVar[str] = "token_life"

    expiring_tokens: bool = False
    token_life: int = 28800
    refresh_life: int = 15811200
    require_pkce: bool = False
    primary_limit: int = 5000
    secondary_limit_per_minute: int = 0
    limit_status: int = 403
    retry_after: int = 60
    delivery_timeout: float = 10.0
    app_webhook_url: str = ""
    github_app: bool = False
    storage_base: str = ""


def github_settings(world: World) -> GitHubSettings:
    """The settings of the emulated GitHub."""
    return world.settings.of(GitHubSettings)
