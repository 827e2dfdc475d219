"""The words of a rotation: its kinds and its phases, in order."""

from enum import StrEnum


class Kind(StrEnum):
    """What is replaced."""

    DATA = "data"
    """Data keys: every record is encrypted anew."""
    ROOT = "root"
    """The root key: every data key is wrapped anew."""


class Phase(StrEnum):
    """How far a rotation is. Each begins with a committed row, so that any process can go on from there."""

    PREPARED = "prepared"
    """The new key exists and was tried."""
    DISTRIBUTED = "distributed"
    """Every living process has it."""
    PRIMARY = "primary"
    """New values are sealed with it."""
    REWRAPPING = "rewrapping"
    """Old values are moved to it."""
    VERIFIED = "verified"
    """Nothing needs the old key and everything opens."""
    RETIRE_REQUESTED = "retire_requested"
    """A person asked to destroy the old key; processes forget it."""
    RETIRED = "retired"
    """It is destroyed, sealed copies for old backups apart."""


_ORDER = [phase.value for phase in Phase]
MOVING = (Phase.PREPARED, Phase.DISTRIBUTED, Phase.PRIMARY, Phase.REWRAPPING)
"""Phases from which a rotation goes on by itself to `verified`."""
UNDER_WAY = frozenset(phase.value for phase in (*MOVING, Phase.RETIRE_REQUESTED))
"""Phases in which a process has something to do."""


def rank(phase: str) -> int:
    """The place of a phase in the order; -1 for none."""
    return _ORDER.index(phase) if phase in _ORDER else -1
