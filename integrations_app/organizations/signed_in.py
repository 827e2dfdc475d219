"""Who is signed in: what a request learns from its session, and a cache of it that lives for seconds."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations_app.organizations.permissions import Actor

CACHE_SECONDS = timedelta(seconds=5)
MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session: the person, the organisation's name, and when it was last used."""

    actor: Actor
    organization_name: str
    last_seen_at: datetime


class SignedInCache:
    """Sessions looked up within the last seconds; whoever ends a session forgets it here."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, tuple[SignedIn, datetime]] = OrderedDict()
        self._lock = threading.Lock()
        self._forgotten = 0

    def get(self, token_hash: str, now: datetime) -> SignedIn | None:
        """The session, when it was looked up at most CACHE_SECONDS ago."""
        with self._lock:
            found = self._entries.get(token_hash)
        if found is None or not timedelta(0) <= now - found[1] < CACHE_SECONDS:
            return None
        return found[0]

    def generation(self) -> int:
        """A number to take before a look-up and to hand to `put`."""
        return self._forgotten

    def put(self, signed_in: SignedIn, now: datetime, generation: int) -> None:
        """Keep a session, unless something was forgotten since `generation`: the look-up may be older than that."""
        with self._lock:
            if generation != self._forgotten:
                return
            self._entries[signed_in.actor.session_hash] = (signed_in, now)
            self._entries.move_to_end(signed_in.actor.session_hash)
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)

    def forget_user(self, user_id: str) -> None:
        """Drop every session of a person."""
        with self._lock:
            self._forgotten += 1
            gone = [key for key, (kept, _) in self._entries.items() if kept.actor.user_id == user_id]
            for key in gone:
                del self._entries[key]
