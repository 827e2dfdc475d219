"""The record of every request the emulated vendors received."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 2000


@dataclass
class Entry:
    """One request: `path` is relative to the mount, long bodies are cut; `status` 0: the connection was broken."""

    at: float
    vendor: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int = 0
    fault: str = ""


class Journal:
    """The newest requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, entry: Entry) -> None:
        """Keep one more entry."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def as_list(self, vendor: str = "", path: str = "") -> list[dict[str, Any]]:
        """Entries as JSON values, of one vendor and with `path` inside their path when given."""
        return [asdict(e) for e in self._entries if (not vendor or e.vendor == vendor) and path in e.path]
