"""Dates of HTTP headers: three spellings that RFC 9110 knows, and nonsense."""

from datetime import UTC, datetime

import pytest

from integrations_app.kit.http_date import parse_http_date


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ],
)
def test_reads_every_spelling_as_an_aware_moment(text: str) -> None:
    assert parse_http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", " ", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "17", "\x00"])
def test_nonsense_is_no_date(text: str) -> None:
    assert parse_http_date(text) is None
