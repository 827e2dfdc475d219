"""What a test may change about the emulated vendors, checked by name and type."""

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

from integrations_app.sandbox.control_calls import WrongCall

CODE_LIFE = "code_life"

S = TypeVar("S", bound="VendorSettings")


class WrongSetting(WrongCall):
    """A setting that does not exist, or a value of the wrong type."""


@dataclass
class VendorSettings:
    """What may be changed about one vendor; each has a dataclass of its own."""

    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The values that a text may have."""
    harsh: ClassVar[Mapping[str, object]] = {}
    """Changes after which access tokens end and a refresh token is good for one use."""
    lenient: ClassVar[Mapping[str, object]] = {}
    """Changes after which no limit on calls is met."""
    life: ClassVar[str] = ""
    """Which of them is how long an access token lives, in seconds."""


class Settings:
    """All settings; codes live ten minutes at every vendor."""

    def __init__(self, vendors: Mapping[str, VendorSettings]) -> None:
        self.code_life = 600
        self.vendors = dict(vendors)

    def of(self, kind: type[S]) -> S:
        """The settings of the vendor that keeps them in this type. Raises LookupError."""
        for one in self.vendors.values():
            if isinstance(one, kind):
                return one
        raise LookupError(kind.__name__)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return {CODE_LIFE: self.code_life} | {key: asdict(one) for key, one in self.vendors.items()}

    def change(self, changes: dict[str, Any]) -> dict[str, VendorSettings]:
        """Merge `changes` (nested like `as_dict`); raises WrongSetting and then changes nothing.

        Returns what the settings of each vendor named there were before.
        """
        for name, value in changes.items():
            if name == CODE_LIFE:
                _require_fitting(name, self.code_life, value)
            elif name not in self.vendors:
                raise WrongSetting(f"unknown setting {name}")
            elif not isinstance(value, dict):
                raise WrongSetting(f"{name} takes an object")
            else:
                _check(self.vendors[name], value, name)
        self.code_life = changes.get(CODE_LIFE, self.code_life)
        named = {key: self.vendors[key] for key in changes if key != CODE_LIFE}
        before = {key: copy.copy(one) for key, one in named.items()}
        for key, one in named.items():
            for name, value in changes[key].items():
                setattr(one, name, value)
        return before


def _check(target: VendorSettings, changes: dict[str, Any], vendor: str) -> None:
    names = {item.name for item in fields(target)}
    for name, value in changes.items():
        where = f"{vendor}.{name}"
        if name not in names:
            raise WrongSetting(f"unknown setting {where}")
        _require_fitting(where, getattr(target, name), value)
        allowed = target.choices.get(name)
        if allowed and value not in allowed:
            raise WrongSetting(f"{where} is {', '.join(allowed[:-1])} or {allowed[-1]}")


def _require_fitting(where: str, current: Any, value: Any) -> None:
    if not _fits(current, value):
        raise WrongSetting(f"{where} takes a {type(current).__name__}")


def _fits(current: Any, value: Any) -> bool:
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(current, bool) and isinstance(value, bool)
    if isinstance(current, list):
        return isinstance(value, list) and all(isinstance(item, int | float) for item in value)
    if isinstance(current, float):
        return isinstance(value, int | float)
    return isinstance(value, type(current))
