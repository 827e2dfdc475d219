"""Turns: the idempotency keys by which an event starts each workflow once, and once more for each replay."""

FIRST = "0"


def turn_key(event_id: str, turn: str = FIRST) -> str:
    """The idempotency key of a workflow's run for one turn of an event."""
    return f"event:{event_id}:{turn}"
