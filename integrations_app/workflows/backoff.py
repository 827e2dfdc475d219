"""How long a step waits before it is tried again."""

from datetime import datetime, timedelta

from integrations_app.workflows.definition import Retry

MAX_AFTER_SECONDS = 3600.0
"""No vendor makes us wait longer between two looks."""


def retry_at(now: datetime, retry: Retry, attempt: int, after: float | None, random: float) -> datetime:
    """When to try again after `attempt` failed attempts (from 1); `random` in [0, 1) spreads the crowd.

    The vendor's `after` (seconds) is honoured up to an hour unless the step says otherwise; nonsense counts as not
    given.
    """
    if after is not None and after > 0 and retry.honour_retry_after:
        return now + timedelta(seconds=min(after, MAX_AFTER_SECONDS) + min(1.0, after * 0.1) * random)
    delay = retry.delay_seconds
    if retry.backoff == "exponential":
        delay *= 2 ** min(max(attempt, 1) - 1, 30)
    share = 0.5 + random / 2 if retry.jitter else 1.0
    return now + timedelta(seconds=min(delay, retry.max_delay_seconds) * share)


def patience_at(now: datetime, since: datetime, after: float | None, random: float) -> datetime:
    """When to try again after a rate limit: as asked, else after as long as we already waited, 1 s to 1 h."""
    if after is not None and after > 0:
        return now + timedelta(seconds=min(after, MAX_AFTER_SECONDS) + min(1.0, after * 0.1) * random)
    waited = max(1.0, (now - since).total_seconds())
    return now + timedelta(seconds=min(waited, MAX_AFTER_SECONDS) * (0.5 + random))
