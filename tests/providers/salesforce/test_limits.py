"""What Salesforce's usage header means for the calls of a connection."""

from datetime import UTC, datetime

import pytest

from integrations_app.kit.rate_budget import Reading
from integrations_app.providers.salesforce.limits import LIMITS
from integrations_app.sdk.limits import Answered

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def read(status: int, usage: str) -> Reading | None:
    url = "https://acme.my.salesforce.com/services/data/v62.0/query"
    return LIMITS.read(Answered("GET", url, LIMITS.bucket("GET", url), status, {"sforce-limit-info": usage}, NOW))


def test_every_answer_tells_what_is_left() -> None:
    assert read(200, "api-usage=18/5000") == Reading("", 5000, 4982)
    assert read(200, "api-bursts=1/750, api-usage=7000/5000") == Reading("", 5000, 0)


@pytest.mark.parametrize("usage", ["", "api-usage=x/y", "api-usage=-1/5", "api-bursts=1/750"])
def test_nonsense_says_nothing(usage: str) -> None:
    assert read(403, usage) is None


def test_a_refusal_with_none_left_is_a_long_pause_and_any_other_is_none() -> None:
    assert read(403, "api-usage=5000/5000") == Reading("", 5000, 0, None, True, 900.0)
    assert read(403, "api-usage=10/5000") == Reading("", 5000, 4990)
