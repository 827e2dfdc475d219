"""Which session a tab belongs to, and who acts in it: known to the server only, never part of a pickled state."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations_app.organizations.permissions import Actor

LIFETIME = timedelta(days=14)
MAX_TABS = 20_000
BURST = 120.0
PER_SECOND = 20.0
MAX_BUCKETS = 20_000


@dataclass(slots=True)
class _Tab:
    session_hash: str
    seen_at: datetime
    actor: Actor


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


@dataclass
class Tabs:
    """Client tokens bound to the first session that uses them, and a bucket of events per session."""

    _tabs: OrderedDict[str, _Tab] = field(default_factory=OrderedDict)
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bind(self, token: str, actor: Actor, now: datetime) -> bool:
        """Let `actor` act in the tab; False when the tab belongs to another session."""
        with self._lock:
            tab = self._tabs.get(token)
            if tab is not None and tab.session_hash != actor.session_hash and now - tab.seen_at < LIFETIME:
                return False
            self._tabs[token] = _Tab(actor.session_hash, now, actor)
            self._tabs.move_to_end(token)
            while len(self._tabs) > MAX_TABS:
                self._tabs.popitem(last=False)
            return True

    def actor(self, token: str) -> Actor | None:
        """Who acted last in the tab; None before its first event and after `leave`."""
        with self._lock:
            tab = self._tabs.get(token)
            return tab.actor if tab else None

    def leave(self, token: str, session_hash: str) -> None:
        """The session of the tab has ended: nobody acts there any more. A tab of another session is not touched."""
        with self._lock:
            tab = self._tabs.get(token)
            if tab is not None and tab.session_hash == session_hash:
                del self._tabs[token]

    def admit(self, session_hash: str, now: datetime) -> bool:
        """Take one event out of the session's bucket; False when it is empty."""
        with self._lock:
            bucket = self._buckets.setdefault(session_hash, _Bucket(BURST, now))
            passed = max(0.0, (now - bucket.at).total_seconds())
            bucket.left = min(BURST, bucket.left + passed * PER_SECOND)
            bucket.at = now
            self._buckets.move_to_end(session_hash)
            while len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
            if bucket.left < 1.0:
                return False
            bucket.left -= 1.0
            return True


TABS = Tabs()
"""The tabs of this process."""
