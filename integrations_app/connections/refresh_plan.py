"""When the credentials of a connection are renewed: lifetimes read from receipt, jitter, backoff."""

from collections.abc import Callable
from datetime import datetime, timedelta

from integrations_app.connections.models import Connection
from integrations_app.sdk.auth import Grant, OAuth2

SHARE = 0.8
"""The part of an access token's life after which it is renewed."""
SPREAD = 0.05
"""The part of its life by which the crowd is spread, earlier."""
IDLE = timedelta(days=1)
"""No refresh token rests longer: some vendors forget those that nobody uses."""
APART = timedelta(seconds=60)
"""Between two renewals, whatever lifetimes the vendor tells."""
SKEW = timedelta(minutes=5)
"""How far the clocks of our processes may differ; a time further ahead is the leftover of one that was set back."""
LONGEST_LIFE = timedelta(days=3650)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)


def is_due(next_refresh_at: datetime | None, refreshed_at: datetime | None, now: datetime) -> bool:
    """Whether credentials are to be renewed: their time has come, or was reckoned by a clock that was set back since.

    Such a time is late by as much as the clock was set back, and the vendor would end the token first.
    """
    if next_refresh_at is None:
        return False
    return next_refresh_at <= now or (refreshed_at is not None and refreshed_at - now > SKEW)


def chance(new_id: Callable[[], str]) -> float:
    """A number in [0, 1) out of a fresh random id."""
    return int(new_id()[:8], 16) / 2**32


def told_life(grant: Grant) -> timedelta | None:
    """How long the access token lives; None when the vendor says nothing usable (none, not positive, absurd)."""
    seconds = grant.expires_in
    return timedelta(seconds=seconds) if seconds is not None and 0 < seconds < LONGEST_LIFE.total_seconds() else None


def expiry(grant: Grant, now: datetime) -> datetime | None:
    """When the access token ends, by our clock from its receipt; None when the vendor does not say."""
    life = told_life(grant)
    return now + life if life is not None else None


def first_refresh(oauth: OAuth2, grant: Grant, now: datetime, random: float) -> datetime:
    """When to renew a grant that came just now: at 80 % of its life, a little spread, and at least daily."""
    life = told_life(grant) or (timedelta(seconds=oauth.usual_life) if oauth.usual_life else IDLE / SHARE)
    return now + min(IDLE, max(APART, life * (SHARE - SPREAD * random)))


def next_try(now: datetime, failures: int, after: float | None, random: float) -> datetime:
    """When to try again after `failures` failures in a row: as the vendor asks, else doubling from 5 s to 1 h."""
    if after is not None and after > 0:
        return now + min(timedelta(seconds=after), LONGEST_PAUSE) * (1 + 0.1 * random)
    pause = FIRST_PAUSE * float(2 ** min(max(failures, 1) - 1, 12))
    return now + min(pause, LONGEST_PAUSE) * (0.75 + 0.5 * random)


def plan_refresh(
    row: Connection, oauth: OAuth2, grant: Grant, now: datetime, random: float, *, renewable: bool
) -> None:
    """Write the life of a grant that came just now into the row, and close whatever was open before it."""
    row.expires_at = expiry(grant, now)
    forget_refresh(row)
    if renewable:
        row.next_refresh_at = first_refresh(oauth, grant, now, random)


def forget_refresh(row: Connection) -> None:
    """Nothing is to be renewed any more: the grant is dead, or there never was a refresh token."""
    row.next_refresh_at = row.refresh_lease_until = None
    row.refresh_attempt = row.refresh_failures = 0
    row.refresh_holder = ""
