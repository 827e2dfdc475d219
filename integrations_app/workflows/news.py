"""News: whether it is time again to write down when something last happened, so that busy things cost few writes."""

import time

NOTED_EVERY = 10.0
"""Seconds between two notes of the same thing."""
MAX_NOTED = 10_000
_noted: dict[str, float] = {}


def is_news(what: str) -> bool:
    """Whether it is time again to write down when `what` last happened; this process decides alone."""
    now = time.monotonic()
    if now - _noted.get(what, -NOTED_EVERY) < NOTED_EVERY:
        return False
    if len(_noted) > MAX_NOTED:  # forgetting only costs a few more notes
        _noted.clear()
    _noted[what] = now
    return True
