"""Reads how long a vendor asks us to wait."""

from datetime import datetime

from integrations_app.kit.http_date import parse_http_date

LONGEST = 3600.0


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds to wait after a `Retry-After` of seconds or an HTTP date (RFC 9110 section 10.2.3), at most one hour.

    None when it is absent, negative, in the past or nonsense: the caller then backs off by its own rule.
    """
    value = (text or "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST)
    date = parse_http_date(value)
    if date is None:
        return None
    left = (date - now).total_seconds()
    return min(left, LONGEST) if left > 0 else None
