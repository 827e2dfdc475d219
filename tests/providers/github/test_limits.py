"""What GitHub's headers mean for the calls of a connection."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.kit.rate_budget import Reading
from integrations_app.providers.github.limits import LIMITS
from integrations_app.sdk.limits import Answered

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
API = "https://api.github.com"


def read(status: int, **headers: Any) -> Reading | None:
    url = f"{API}/user"
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return LIMITS.read(Answered("GET", url, LIMITS.bucket("GET", url), status, named, NOW))


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/user", "core"),
        ("/search/issues?q=x", "search"),
        ("/search/code?q=x", "code_search"),
        ("/graphql", "graphql"),
        ("/repos/acme/search", "core"),
    ],
)
def test_calls_are_counted_by_resource(path: str, bucket: str) -> None:
    assert LIMITS.bucket("GET", API + path) == bucket
    assert LIMITS.bucket("GET", "https://ghe.example.com/api/v3" + path) == bucket


def test_every_answer_tells_what_is_left() -> None:
    reset = int(NOW.timestamp()) + 60
    told = {"x_ratelimit_limit": 5000, "x_ratelimit_remaining": 4999, "x_ratelimit_reset": reset}
    found = read(200, x_ratelimit_resource="search", **told)
    assert found == Reading("search", 5000, 4999, NOW + timedelta(seconds=60))
    odd = read(200, x_ratelimit_resource="odd thing", **told)
    assert odd is not None and odd.bucket == "core"
    assert read(200) is None


def test_a_clock_that_is_wrong_does_not_change_how_long_is_waited() -> None:
    theirs = NOW + timedelta(minutes=10)
    found = read(
        403,
        x_ratelimit_remaining=0,
        x_ratelimit_reset=int(theirs.timestamp()) + 90,
        date=theirs.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    )
    assert found is not None and found.refused and found.pause == pytest.approx(90)


@pytest.mark.parametrize("status", [403, 429])
def test_refusals(status: int) -> None:
    secondary = read(status, retry_after=17, x_ratelimit_remaining=40)
    assert secondary == Reading("", refused=True, pause=17.0, spacing=1.0)
    primary = read(status, x_ratelimit_remaining=0, x_ratelimit_reset=int(NOW.timestamp()) + 60)
    assert primary is not None and (primary.bucket, primary.refused, primary.pause) == ("core", True, 60)
    nonsense = read(status, x_ratelimit_remaining=0, x_ratelimit_reset="soon")
    assert nonsense is not None and nonsense.pause == 60


def test_a_refusal_for_another_reason_is_no_limit() -> None:
    found = read(403, x_ratelimit_remaining=4000)
    assert found is not None and not found.refused
    assert read(429) == Reading("", refused=True, pause=60.0, spacing=1.0)
