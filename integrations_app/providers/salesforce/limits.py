"""What Salesforce says of the calls that are left: how many of the last 24 hours are used, on every answer.

Source: REST API Developer Guide, "Limit Info Header". The limit is the organisation's and rolls on; nothing tells when
calls come back.
"""

import re
from http import HTTPStatus

from integrations_app.kit.rate_budget import EVERYTHING, Reading
from integrations_app.providers.salesforce.errors import LIMIT_WAIT
from integrations_app.sdk.limits import Answered, Limits, pause_when_asked

HEADER = "sforce-limit-info"
_USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")


def read_usage(header: str) -> tuple[int, int] | None:
    """`(calls left, calls allowed)` of the header; None when it says nothing."""
    found = _USAGE.search(header)
    return (max(int(found[2]) - int(found[1]), 0), int(found[2])) if found else None


def read_limits(answered: Answered) -> Reading | None:
    """Remaining calls; a refusal with none left is looked at again after a quarter of an hour."""
    if answered.status == HTTPStatus.TOO_MANY_REQUESTS:
        return pause_when_asked(answered)
    usage = read_usage(answered.headers.get(HEADER, ""))
    if usage is None:
        return None
    remaining, most = usage
    refused = answered.status == HTTPStatus.FORBIDDEN and remaining == 0
    return Reading(EVERYTHING, most, remaining, None, refused, LIMIT_WAIT if refused else None)


LIMITS = Limits(read=read_limits)
