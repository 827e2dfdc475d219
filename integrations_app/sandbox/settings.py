"""What a test may change about the emulated vendors, checked by name and type."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


class WrongSetting(ValueError):
    """A setting that does not exist, or a value of the wrong type."""


@dataclass
class SlackSettings:
    """Slack: `pkce` is refused (the vendor's default for an app), allowed or required; times in seconds."""

    rotation: bool = False
    token_life: int = 43200
    pkce: str = "refused"
    rate_limit_per_minute: int = 0
    retry_after: int = 30
    request_url: str = ""
    retry_delays: list[float] = field(default_factory=lambda: [0.0, 60.0, 300.0])
    delivery_timeout: float = 3.0


@dataclass
class GitHubSettings:
    """GitHub: limits of 0 are off, except `primary_limit` which is requests per hour and user.

    `app_webhook_url` is where the app hears that a person has revoked it or removed its installation.
    """

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


@dataclass
class SalesforceSettings:
    """Salesforce: sessions end after `session_life` seconds without use; `api_limit` is calls until a reset."""

    require_pkce: bool = False
    rotate_refresh: bool = False
    session_life: int = 7200
    api_limit: int = 15000
    page_size: int = 2000


VENDOR_SETTINGS = (SlackSettings, GitHubSettings, SalesforceSettings)


@dataclass
class Settings:
    """All settings; codes live ten minutes at every vendor."""

    code_life: int = 600
    slack: SlackSettings = field(default_factory=SlackSettings)
    github: GitHubSettings = field(default_factory=GitHubSettings)
    salesforce: SalesforceSettings = field(default_factory=SalesforceSettings)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)

    def change(self, changes: dict[str, Any]) -> None:
        """Merge `changes` (nested like `as_dict`); raises WrongSetting and then changes nothing."""
        _check(self, changes, "")
        _apply(self, changes)


def _check(target: Any, changes: dict[str, Any], path: str) -> None:
    names = {item.name for item in fields(target)}
    for name, value in changes.items():
        where = f"{path}{name}"
        if name not in names:
            raise WrongSetting(f"unknown setting {where}")
        current = getattr(target, name)
        if isinstance(current, VENDOR_SETTINGS):
            if not isinstance(value, dict):
                raise WrongSetting(f"{where} takes an object")
            _check(current, value, f"{where}.")
        elif not _fits(current, value):
            raise WrongSetting(f"{where} takes a {type(current).__name__}")
        elif where == "slack.pkce" and value not in ("refused", "allowed", "required"):
            raise WrongSetting("slack.pkce is refused, allowed or required")


def _fits(current: Any, value: Any) -> bool:
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(current, bool) and isinstance(value, bool)
    if isinstance(current, list):
        return isinstance(value, list) and all(isinstance(item, int | float) for item in value)
    if isinstance(current, float):
        return isinstance(value, int | float)
    return isinstance(value, type(current))


def _apply(target: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        current = getattr(target, name)
        if isinstance(current, VENDOR_SETTINGS):
            _apply(current, value)
        else:
            setattr(target, name, value)
