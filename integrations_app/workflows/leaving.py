"""Leaving: the ways in which a run gives its worker back, raised by steps and caught by the executor."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Next(StrEnum):
    """What an engine does with a run that was just executed."""

    NOTHING = "nothing"
    """It has ended, or waits for a person."""
    AT = "at"
    """Execute it again at a time."""
    AGAIN = "again"
    """Execute it again as soon as others had their turn."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The executor's answer to its engine."""

    next: Next
    at: datetime | None = None


class Leaving(Exception):
    """Root of the ways out of a run's steps."""


class Waits(Leaving):
    """Sleeps until `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


class Held(Leaving):
    """Waits for a person: `reason` is `needs_reauth`, `paused` or `outcome_unknown`."""

    def __init__(self, reason: str, message: str, connection_id: str | None = None) -> None:
        super().__init__(reason, message, connection_id)
        self.reason, self.message, self.connection_id = reason, message, connection_id


class Failed(Leaving):
    """A step failed and its workflow says stop."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Stopped(Leaving):
    """A stop step was reached."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(outcome, message)
        self.outcome, self.message = outcome, message


class Cancelled(Leaving):
    """Somebody cancelled the run."""


class Moved(Leaving):
    """The run is no longer ours to write: it ended or was held meanwhile."""


class Yields(Leaving):
    """Others wait for a worker, or the process wants to stop; go on later from the last checkpoint."""
