"""Publish and subscribe: within the process, or between processes by PostgreSQL's LISTEN and NOTIFY."""

from integrations_app.kit.bus.local import (
    MAX_MESSAGE_BYTES,
    QUEUE_LIMIT,
    RESYNC,
    Bus,
    Event,
    LocalBus,
    Subscription,
    decode,
    encode,
)
from integrations_app.kit.bus.postgres import PostgresBus

__all__ = [
    "MAX_MESSAGE_BYTES",
    "QUEUE_LIMIT",
    "RESYNC",
    "Bus",
    "Event",
    "LocalBus",
    "PostgresBus",
    "Subscription",
    "decode",
    "encode",
]
