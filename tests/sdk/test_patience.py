"""Reading how long to wait."""

from datetime import UTC, datetime

import pytest

from integrations_app.sdk.patience import parse_retry_after

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("99999999", 3600),
        ("9" * 400, 3600),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 3600),
        ("Mon, 23 Nov 2026 13:01:30 +0100", 90),
        ("Mon, 23 Nov 2026 11:59:00 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_seconds_dates_and_nonsense(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds
