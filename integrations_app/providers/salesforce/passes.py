"""How far the looking through an object has come: passes in the order of time and id, each an overlap before the last.

Pure. A record is seen up to LATE after the moment its stamp tells, in any order, and a pass may be interrupted between
any two of its pages for any time. So what tells where the next pass begins is when the first page of this one was
asked: whatever was not to be seen then has a stamp that is younger than LATE before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

LATE = timedelta(minutes=5)
"""How long a transaction may take to commit after it has stamped its records."""
ANSWERING = timedelta(minutes=1)
"""How much younger the time of an answer may be than what it tells."""

Key = tuple[str, str]
"""A record's stamp as Salesforce writes it, and its id; an empty id comes before every other."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the looking stands."""

    at: Key
    """The next page begins behind it."""
    floor: Key
    """No pass begins before it: what lies there was there before anybody asked."""
    known: frozenset[str]
    """Delivery ids between the floor and the beginning, which are not to be told."""
    until: str
    """The youngest stamp among the known."""
    following: Key | None = None
    """Where the next pass begins; None before the first page of a pass."""

    @classmethod
    def begun(cls, since: str, there: Sequence[tuple[Key, str]], *, whole: bool) -> "Progress":
        """Begin behind what is `there` since then, the youngest first, by key and delivery id.

        When it is not the `whole` of it, the looking never goes back before the oldest.
        """
        floor = (since, "") if whole or not there else there[-1][0]
        return cls(floor, floor, frozenset(name for _, name in there), there[0][0][0] if there else "")

    @classmethod
    def read(cls, cursor: Mapping[str, Any]) -> "Progress":
        """Read what `written` wrote."""
        return cls(
            _key(cursor["at"]),
            _key(cursor["floor"]),
            frozenset(cursor["known"]),
            str(cursor["until"]),
            _key(cursor["following"]) if cursor["following"] else None,
        )

    def written(self) -> dict[str, Any]:
        """As small JSON."""
        return {
            "at": list(self.at),
            "floor": list(self.floor),
            "known": sorted(self.known),
            "until": self.until,
            "following": list(self.following) if self.following else None,
        }

    def behind(self, page: Sequence[Key], asked_at: datetime, *, more: bool) -> "Progress":
        """Where it stands behind a page that was asked at that moment of the vendor's clock."""
        following = self.following or max((overlapped(asked_at), ""), self.floor)
        at = page[-1] if more else following
        known = self.known if min(at, following)[0] <= self.until else frozenset[str]()
        return replace(self, at=at, known=known, following=following if more else None)


def overlapped(moment: datetime) -> str:
    """The moment by the overlap earlier, written as Salesforce writes it."""
    at = (moment - LATE - ANSWERING).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def _key(pair: Sequence[Any]) -> Key:
    return str(pair[0]), str(pair[1])
