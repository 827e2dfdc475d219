"""What Linear's headers say of the requests that are left.

Source: linear.app/developers/rate-limiting: a leaky bucket of requests per hour and one of complexity points, told by
`X-RateLimit-Requests-*` and `X-RateLimit-Complexity-*`, resets in milliseconds; a refusal has the kind `RATELIMITED`,
with status 400 or 429.
"""

from http import HTTPStatus

from integrations_app.kit.rate_budget import EVERYTHING, Reading
from integrations_app.sdk.limits import Answered, Limits

REQUESTS, COMPLEXITY = "x-ratelimit-requests", "x-ratelimit-complexity"
MILLISECONDS = 1000
PAUSE = 60.0
"""Seconds to wait after a refusal that names no time."""


def read_limits(answered: Answered) -> Reading | None:
    """Remaining requests; a refusal waits until the bucket that is empty has refilled."""
    remaining = answered.number(f"{REQUESTS}-remaining")
    most, resets_at = answered.number(f"{REQUESTS}-limit"), answered.moment(f"{REQUESTS}-reset", MILLISECONDS)
    if answered.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Reading(EVERYTHING, most, 0, resets_at, refused=True, pause=answered.retry_after)
    if answered.status == HTTPStatus.BAD_REQUEST:
        for bucket in (REQUESTS, COMPLEXITY):
            if answered.number(f"{bucket}-remaining") == 0:
                empty_until = answered.moment(f"{bucket}-reset", MILLISECONDS)
                pause = (empty_until - answered.now).total_seconds() if empty_until else PAUSE
                return Reading(EVERYTHING, most, 0, empty_until, refused=True, pause=max(pause, 1.0))
    return Reading(EVERYTHING, most, remaining, resets_at) if remaining is not None else None


LIMITS = Limits(read=read_limits)
