"""Watch: who is asked before a call of the surrounding block leaves, and told of each answer's status and headers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Watch(Protocol):
    """Looks on while calls leave. Called on the event loop; must not block."""

    async def before(self, method: str, url: str) -> object:
        """Let the call leave, at once or after a moment, or raise one of our errors to keep it.

        What it returns is handed to `after`.
        """

    def after(self, ticket: object, status: int | None, headers: Mapping[str, str]) -> None:
        """The answer of that call; names of `headers` in lower case. `status` is None when none came."""

    def turned_away(self, after: float | None) -> None:
        """The work ended because the other side asked for patience, `after` seconds of it when it said so."""


WATCH: ContextVar[Watch | None] = ContextVar("egress_watch", default=None)


@contextmanager
def watched_by(watch: Watch | None) -> Iterator[None]:
    """Let `watch` look on at every call of the block; None for nobody."""
    token = WATCH.set(watch)
    try:
        yield
    finally:
        WATCH.reset(token)
