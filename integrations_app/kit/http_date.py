"""Dates as HTTP headers carry them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse_http_date(text: str) -> datetime | None:
    """The moment of a `Date`, `Retry-After` or the like (RFC 9110 section 5.6.7), aware; None when it is nonsense.

    A date without a zone is UTC.
    """
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
