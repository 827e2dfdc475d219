"""How many examples a property is tried with."""

import os


def many(count: int) -> int:
    """So many, the same ones each time; twenty times as many new ones in `make soak`."""
    return count * 20 if os.environ.get("SOAK") else count
