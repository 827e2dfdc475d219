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

    def prepared(self, vendor: Any) -> dict[str, Any]:
        """Prepare what the call needs, and return its inputs."""
        made = self.before(vendor)
        return dict(self.inputs(made) if callable(self.inputs) else self.inputs)
