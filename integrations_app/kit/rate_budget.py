"""Rate budget: how many calls may leave towards one account, as its answers tell it, shared by all who call.

A budget has buckets: one per limit that the other side counts apart, and `""` for what limits every call. Pure: the
time comes in, nothing is waited for; `take` says how long to stay away.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

EVERYTHING = ""
SAME_WINDOW = timedelta(seconds=5)
"""Resets that lie closer together are the same: some vendors tell seconds left instead of a time."""
SLOW = timedelta(seconds=60)
"""For so long after a pause the calls go one after another, not all at once."""
SPACING = 0.1
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0
LONGEST_GUESS = 60.0
"""Of a pause that the other side asked for without saying how long."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer says of a bucket. `refused` is a call that was turned away for the limit's sake."""

    bucket: str = EVERYTHING
    most: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    refused: bool = False
    pause: float | None = None
    """Seconds until the next call may leave; None after a refusal that does not tell."""
    spacing: float = SPACING
    """Seconds between two calls in the time after a pause."""


@dataclass(frozen=True, slots=True)
class BucketState:
    """Where a bucket stands: what can be kept and shown."""

    bucket: str
    most: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    blocked_until: datetime | None = None

    def waits_until(self, now: datetime) -> datetime | None:
        """When the next call may leave; None when it may now."""
        if self.blocked_until is not None and self.blocked_until > now:
            return self.blocked_until
        spent = self.remaining is not None and self.remaining <= 0
        return self.resets_at if spent and self.resets_at is not None and self.resets_at > now else None


@dataclass(slots=True)
class _Bucket:
    state: BucketState
    under_way: int = 0
    refusals: int = 0
    spacing: float = SPACING
    next_free: datetime | None = None
    """No call leaves before, while the calls go one after another."""
    promised: datetime | None = None
    """The time the last one who had to stay away was told."""

    def wait(self, now: datetime) -> float:
        """Seconds to stay away, 0 when the call may leave. Everybody who has to wait is told a time of their own."""
        until = replace(self.state, remaining=self._left()).waits_until(now)
        if until is None and self.next_free is not None and now < self.next_free:
            until = self.next_free
        if until is None:
            return 0.0
        step = timedelta(seconds=self.spacing)
        self.promised = until if self.promised is None or self.promised < until else self.promised + step
        return max((self.promised - now).total_seconds(), 0.001)

    def _left(self) -> int | None:
        remaining = self.state.remaining
        return None if remaining is None else remaining - self.under_way

    def leave(self, now: datetime) -> None:
        """A call leaves."""
        self.under_way += 1
        blocked = self.state.blocked_until
        slow = blocked is not None and now < blocked + SLOW
        self.next_free = now + timedelta(seconds=self.spacing) if slow else None

    def apply(self, reading: Reading, now: datetime) -> None:
        """Take over what an answer says."""
        state = self.state
        if reading.remaining is not None:
            state = _counted(state, reading)
        if reading.refused:
            guess = min(FIRST_PAUSE * 2 ** min(self.refusals, 10), LONGEST_GUESS)
            given = reading.pause if reading.pause is not None and reading.pause > 0 else guess
            until = now + timedelta(seconds=min(given, LONGEST_PAUSE))
            self.refusals += 1
            self.spacing = reading.spacing
            blocked = until if state.blocked_until is None else max(until, state.blocked_until)
            state = replace(state, blocked_until=blocked)
        else:
            self.refusals = 0
        self.state = state


def _counted(state: BucketState, reading: Reading) -> BucketState:
    """The count of the answer, unless a later answer has told a lower one of the same window already."""
    old, new = state.resets_at, reading.resets_at
    if old is not None and new is not None and state.remaining is not None and reading.remaining is not None:
        if new < old - SAME_WINDOW:
            return state
        if new <= old + SAME_WINDOW:
            return replace(state, most=reading.most or state.most, remaining=min(state.remaining, reading.remaining))
    return replace(state, most=reading.most or state.most, remaining=reading.remaining, resets_at=new)


@dataclass(slots=True)
class RateBudget:
    """The buckets of one account. Used on one event loop only."""

    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, bucket: str, now: datetime) -> float:
        """Let a call leave (0.0; `give_back` must follow once), or the seconds it has to stay away."""
        held = [self._bucket(name) for name in dict.fromkeys((EVERYTHING, bucket))]
        waits = max(one.wait(now) for one in held)
        if waits > 0:
            return waits
        for one in held:
            one.leave(now)
        return 0.0

    def give_back(self, bucket: str, *, answered: bool = True) -> None:
        """The call that `take` let go has ended; one without an answer was counted at the other side all the same."""
        for name in dict.fromkeys((EVERYTHING, bucket)):
            held = self._bucket(name)
            held.under_way -= 1
            if not answered and held.state.remaining:
                held.state = replace(held.state, remaining=held.state.remaining - 1)

    def tell(self, reading: Reading, now: datetime) -> None:
        """Take over what an answer says."""
        self._bucket(reading.bucket).apply(reading, now)

    def states(self) -> tuple[BucketState, ...]:
        """Every bucket that something is known of, by name."""
        known = (one.state for one in self._buckets.values())
        told = [one for one in known if one.remaining is not None or one.blocked_until is not None]
        return tuple(sorted(told, key=lambda one: one.bucket))

    def restore(self, kept: BucketState) -> None:
        """Take over what another process, or this one before its start, has learnt. The stricter of two wins."""
        held = self._bucket(kept.bucket)
        mine = held.state
        merged = mine
        if kept.remaining is not None:
            told = Reading(kept.bucket, kept.most, kept.remaining, kept.resets_at)
            merged = _counted(mine, told)
        if kept.blocked_until is not None and (mine.blocked_until is None or kept.blocked_until > mine.blocked_until):
            merged = replace(merged, blocked_until=kept.blocked_until)
        held.state = merged

    def _bucket(self, name: str) -> _Bucket:
        return self._buckets.setdefault(name, _Bucket(BucketState(name)))
