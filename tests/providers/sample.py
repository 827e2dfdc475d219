"""What a walk over the registry must know of an action that writes: one good call, and the request that does it.

The samples of a provider stand beside its tests, in `samples.py`, by the key of the action.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """`inputs` may be made from what `before` has prepared at the vendor."""

    method: str
    path: str
    """A regular expression, searched in the path of the request that takes effect."""
    inputs: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]
    before: Callable[[Any], Any] = field(default=lambda _vendor: None)
    asks: str = ""
    """A regular expression, searched in the body of that request, for a vendor with one path for everything."""

    @property
    def where(self) -> dict[str, str]:
        """The request as a fault of the sandbox names it, but for the vendor."""
        return {"method": self.method, "path": self.path, "asks": self.asks}

    def prepared(self, vendor: Any) -> dict[str, Any]:
        """Prepare what the call needs, and return its inputs."""
        made = self.before(vendor)
        return dict(self.inputs(made) if callable(self.inputs) else self.inputs)
