"""What Linear's headers mean for the calls of a connection."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations_app.kit.rate_budget import Reading
from integrations_app.providers.linear.limits import LIMITS
from integrations_app.sdk.limits import Answered

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
RESET = NOW + timedelta(minutes=2)
MILLISECONDS = str(int(RESET.timestamp() * 1000))


def read(status: int, **headers: str) -> Reading | None:
    url = "https://api.linear.app/graphql"
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return LIMITS.read(Answered("POST", url, LIMITS.bucket("POST", url), status, told, NOW))


def requests(left: str) -> dict[str, str]:
    return {
        "x_ratelimit_requests_limit": "5000",
        "x_ratelimit_requests_remaining": left,
        "x_ratelimit_requests_reset": MILLISECONDS,
    }


def test_every_answer_tells_what_is_left() -> None:
    assert read(200, **requests("4999")) == Reading("", 5000, 4999, RESET)
    assert read(200) is None
    assert read(400) is None


def test_a_refusal_waits_for_the_bucket_that_is_empty() -> None:
    assert read(400, **requests("0")) == Reading("", 5000, 0, RESET, refused=True, pause=120.0)
    complexity = {"x_ratelimit_complexity_remaining": "0", "x_ratelimit_complexity_reset": MILLISECONDS}
    found = read(400, **requests("10"), **complexity)
    assert found == Reading("", 5000, 0, RESET, refused=True, pause=120.0)
    assert read(400, x_ratelimit_requests_remaining="0") == Reading("", None, 0, None, refused=True, pause=60.0)


@pytest.mark.parametrize(("after", "pause"), [("7", 7.0), ("nonsense", None)])
def test_too_many_requests(after: str, pause: float | None) -> None:
    assert read(429, retry_after=after) == Reading("", None, 0, None, refused=True, pause=pause)
