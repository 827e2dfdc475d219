"""Actions that finish later: what they leave behind, and what they go on with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Later:
    """Returned instead of a result: the run sleeps, no worker is taken, and `resume` is called afterwards.

    It sleeps until an event answers the operation (`Events.answer`), at the latest until `until`; an action that asks
    again and again gives a near time each time. `state` is small JSON: all that `resume` gets beside the parameters.
    """

    state: Mapping[str, Any]
    until: datetime


@dataclass(frozen=True, slots=True)
class Waited:
    """What `resume` goes on with: the state that was left, and the answer; None when the time came first."""

    state: Mapping[str, Any]
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An inbound event that answers an operation: its id, which the action sent along, and what it says (small)."""

    operation_id: str
    says: Mapping[str, Any] = field(default_factory=dict)
