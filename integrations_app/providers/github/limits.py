"""What GitHub's headers say of the calls that are left.

Source: "Rate limits for the REST API": one primary limit per resource, and secondary ones that hold for every call.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from integrations_app.kit.rate_budget import EVERYTHING, Reading
from integrations_app.sdk.limits import Answered, Limits

SECONDARY_WAIT = 60.0
ONE_AFTER_ANOTHER = 1.0
"""Seconds between two calls after a secondary limit ("Best practices": pause between requests that change)."""
RESOURCES = frozenset({"core", "search", "code_search", "graphql"})


def bucket_of(_method: str, url: str) -> str:
    """The resource that GitHub will count the call under, as far as its address tells."""
    path = urlsplit(url).path
    if path.endswith("/graphql"):
        return "graphql"
    if "/search/code" in path:
        return "code_search"
    return "search" if "/search/" in path else "core"


def read_limits(answered: Answered) -> Reading | None:
    """Remaining calls of the resource; a refusal with `Retry-After` is a pause for every call."""
    told = answered.headers.get("x-ratelimit-resource", "")
    bucket = told if told in RESOURCES else answered.bucket
    most, remaining = answered.number("x-ratelimit-limit"), answered.number("x-ratelimit-remaining")
    resets_at = answered.moment("x-ratelimit-reset")
    if answered.status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        if answered.retry_after is not None:
            return Reading(EVERYTHING, refused=True, pause=answered.retry_after, spacing=ONE_AFTER_ANOTHER)
        if remaining == 0:
            until = (resets_at - answered.now).total_seconds() if resets_at else SECONDARY_WAIT
            return Reading(bucket, most, 0, resets_at, refused=True, pause=max(until, 1.0))
        if answered.status == HTTPStatus.TOO_MANY_REQUESTS:
            return Reading(EVERYTHING, refused=True, pause=SECONDARY_WAIT, spacing=ONE_AFTER_ANOTHER)
    return Reading(bucket, most, remaining, resets_at) if remaining is not None else None


LIMITS = Limits(read=read_limits, bucket=bucket_of)
