"""What Slack's refusals mean for the calls of a connection."""

from datetime import UTC, datetime

import pytest

from integrations_app.kit.rate_budget import Reading
from integrations_app.providers.slack.limits import LIMITS
from integrations_app.sdk.limits import Answered

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def read(method: str, status: int, **headers: str) -> Reading | None:
    url = f"https://slack.com/api/{method}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return LIMITS.read(Answered("POST", url, LIMITS.bucket("POST", url), status, named, NOW))


@pytest.mark.parametrize(
    ("method", "spacing"), [("chat.postMessage", 1.0), ("conversations.list", 3.0), ("reactions.add", 1.2)]
)
def test_a_refusal_holds_its_method_at_the_pace_of_its_tier(method: str, spacing: float) -> None:
    assert read(method, 429, retry_after="30") == Reading(method, refused=True, pause=30.0, spacing=spacing)
    assert read(method, 429, retry_after="abc") == Reading(method, refused=True, pause=None, spacing=spacing)


def test_anything_else_says_nothing() -> None:
    assert read("auth.test", 200) is None
    assert read("auth.test", 503, retry_after="30") is None
