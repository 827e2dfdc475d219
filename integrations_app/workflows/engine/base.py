"""The interface of an engine: it says when and where runs are executed, never what they do."""

from datetime import datetime
from typing import Protocol

from sqlmodel import Session


class Engine(Protocol):
    """Only ids go in; the truth of a run is its rows."""

    async def start(self) -> None:
        """Begin to execute; every unfinished run is taken up again."""

    def enqueue(self, run_id: str, at: datetime | None = None, session: Session | None = None) -> None:
        """Execute the run as soon as possible, or at a time; callable from any thread.

        With `session` it counts only once that transaction is durable. Twice is as good as once.
        """

    def cancel(self, run_id: str) -> None:
        """The run was marked as cancelled: forget when it was due. Callable from any thread."""

    async def stop(self) -> None:
        """Let the steps under way come to their checkpoint, within a grace, and end."""
