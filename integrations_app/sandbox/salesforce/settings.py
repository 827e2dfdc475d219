"""What a test may change about the emulated Salesforce."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World


@dataclass
class SalesforceSettings(VendorSettings):
    """Sessions end after `session_life` seconds without use; `api_limit` is calls until a reset."""

    harsh: ClassVar[Mapping[str, object]] = {"rotate_refresh": True}
    lenient: ClassVar[Mapping[str, object]] = {"api_limit": 10**9}
    life: ClassVar[str] = "session_life"

    require_pkce: bool = False
    rotate_refresh: bool = False
    session_life: int = 7200
    api_limit: int = 15000
    page_size: int = 2000


def salesforce_settings(world: World) -> SalesforceSettings:
    """The settings of the emulated Salesforce."""
    return world.settings.of(SalesforceSettings)
