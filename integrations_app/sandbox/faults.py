"""Faults that a test plants: which requests they meet, and what happens to those."""

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from integrations_app.sandbox.control_calls import WrongCall

EFFECTS = ("answer", "delay", "drop", "lose", "huge", "drip")


class WrongFault(WrongCall):
    """A fault that cannot be understood."""


@dataclass
class Fault:
    r"""One fault; all given filters must match.

    `vendor`, `method`, `path` (a regular expression searched in the path below the mount, such as
    `/slack/api/chat\.postMessage`) and `asks` (one searched in the request's body) filter; the first `skip`
    matching requests pass, then `count` requests are met (0 means every one). Effects:
    `answer` (status, headers, body instead of acting) · `delay` (only wait `delay` seconds, then act) ·
    `drop` (no action, broken connection) · `lose` (do the action, then break the connection, or answer
    `status` when given) · `huge` (`size` bytes of body) · `drip` (act, then one byte every `interval` s).
    `delay` may be combined with every effect.
    """

    effect: str = "answer"
    vendor: str = ""
    method: str = ""
    path: str = ""
    asks: str = ""
    count: int = 1
    skip: int = 0
    delay: float = 0.0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = ""
    size: int = 64 * 1024 * 1024
    interval: float = 1.0
    met: int = 0

    def matches(self, vendor: str, method: str, path: str, asked: str) -> bool:
        """Whether the filters name this request (counting not included)."""
        if self.vendor and self.vendor != vendor:
            return False
        if self.method and self.method.upper() != method:
            return False
        return re.search(self.path, path) is not None and re.search(self.asks, asked) is not None


class Faults:
    """The planted faults, in the order they were planted; the first that matches wins."""

    def __init__(self) -> None:
        self._planted: list[Fault] = []

    def plant(self, values: dict[str, Any]) -> Fault:
        """Add a fault from JSON values; raises WrongFault."""
        known = {item.name for item in fields(Fault)} - {"met"}
        unknown = set(values) - known
        if unknown:
            raise WrongFault(f"unknown: {', '.join(sorted(unknown))}")
        fault = Fault(**values)
        if "effect" not in values:
            fault.effect = "answer" if fault.status else "delay"
        if fault.effect not in EFFECTS:
            raise WrongFault(f"effect is one of {', '.join(EFFECTS)}")
        for name in ("path", "asks"):
            try:
                re.compile(getattr(fault, name))
            except re.error as error:
                raise WrongFault(f"{name}: {error}") from error
        self._planted.append(fault)
        return fault

    def take(self, vendor: str, method: str, path: str, asked: str) -> Fault | None:
        """The fault that meets this request, now counted as met; None when there is none."""
        for fault in self._planted:
            if not fault.matches(vendor, method, path, asked):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.count and fault.met >= fault.count:
                continue
            fault.met += 1
            return fault
        return None

    def clear(self) -> None:
        """Remove every fault."""
        self._planted.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """Every fault as JSON values, with how many requests it met."""
        return [asdict(fault) for fault in self._planted]
