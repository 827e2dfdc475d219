"""Messages for later: scheduled, found after a lost answer, listed, picked and cancelled."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, ReconnectRequired, Rejected
from integrations_app.providers.slack.actions.scheduled import CancelScheduledMessage, read_time
from tests.providers.slack.test_messages import again


@pytest.fixture
def later() -> int:
    """A time far enough ahead, in Unix seconds."""
    return int(time.time()) + 3600


async def waiting(slack: Any, channel: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await slack.run("list_scheduled_messages", channel=channel)).scheduled_messages
    return found


async def test_a_message_waits_and_can_be_cancelled(full: Any, later: int) -> None:
    when = datetime.fromtimestamp(later, UTC).isoformat()
    made = await full.run("schedule_message", channel="#general", post_at=when, text="later")
    assert (made.channel, made.post_at) == ("C0GENERAL", later)
    [one] = await waiting(full)
    assert (one["id"], one["text"], one["channel_id"]) == (made.scheduled_message_id, "later", "C0GENERAL")
    assert await waiting(full, "C0TRIAGE") == []
    params = {"channel": "C0GENERAL", "scheduled_message_id": made.scheduled_message_id}
    assert not (await full.run("cancel_scheduled_message", **params)).already_cancelled
    assert await waiting(full) == []


async def test_the_picker_offers_what_waits_in_the_channel(full: Any, later: int) -> None:
    first = await full.run("schedule_message", channel="C0GENERAL", post_at=str(later), text="stand-up")
    await full.run("schedule_message", channel="C0TRIAGE", post_at=str(later), text="other")
    page = await full.choices(CancelScheduledMessage, "scheduled_message_id", channel="C0GENERAL")
    assert [(one.value, one.label) for one in page.choices] == [(first.scheduled_message_id, "stand-up")]
    assert page.choices[0].hint.endswith("UTC")


class TestLostAnswers:
    async def test_of_scheduling_is_found(self, full: Any, sandbox: Any, later: int) -> None:
        sandbox.fault(vendor="slack", path="scheduleMessage", effect="lose")
        params = {"channel": "C0GENERAL", "post_at": str(later), "text": "once"}
        with pytest.raises(OutcomeUnknown):
            await full.run("schedule_message", **params)
        found = await full.find("schedule_message", **params)
        assert found.scheduled_message_id == (await waiting(full))[0]["id"]

    async def test_what_never_arrived_may_be_sent_again(self, full: Any, sandbox: Any, later: int) -> None:
        await full.run("schedule_message", channel="C0GENERAL", post_at=str(later + 60), text="another time")
        sandbox.fault(vendor="slack", path="scheduleMessage", effect="drop")
        params = {"channel": "C0GENERAL", "post_at": str(later), "text": "never arrived"}
        with pytest.raises(OutcomeUnknown):
            await full.run("schedule_message", **params)
        assert await full.find("schedule_message", **params) is None

    async def test_two_that_could_be_ours_are_left_to_a_person(self, full: Any, later: int) -> None:
        params = {"channel": "C0GENERAL", "post_at": str(later), "text": "twice"}
        for operation in ("a", "b"):
            await full.run("schedule_message", operation, **params)
        with pytest.raises(Rejected) as refused:
            await full.find("schedule_message", **params)
        assert refused.value.code == "cannot_tell"

    async def test_nor_can_it_be_told_of_another_text_or_a_time_that_is_past(self, full: Any, later: int) -> None:
        await full.run("schedule_message", "a", channel="C0GENERAL", post_at=str(later), text="one")
        for given in ({"post_at": str(later), "text": "two"}, {"post_at": str(int(time.time()) - 5), "text": "one"}):
            with pytest.raises(Rejected) as refused:
                await full.find("schedule_message", channel="C0GENERAL", **given)
            assert refused.value.code == "cannot_tell"

    async def test_of_cancelling_is_success(self, full: Any, sandbox: Any, later: int) -> None:
        made = await full.run("schedule_message", channel="C0GENERAL", post_at=str(later), text="x")
        sandbox.fault(vendor="slack", path="deleteScheduledMessage", effect="lose")
        params = {"channel": "C0GENERAL", "scheduled_message_id": made.scheduled_message_id}
        with pytest.raises(OutcomeUnknown):
            await full.run("cancel_scheduled_message", **params)
        assert (await again(full, "cancel_scheduled_message", **params)).already_cancelled

    async def test_one_that_never_was_is_an_error(self, full: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("cancel_scheduled_message", channel="C0GENERAL", scheduled_message_id="Q0NONE")
        assert refused.value.code == "invalid_scheduled_message_id"


@pytest.mark.parametrize(
    ("post_at", "code"), [("1700000000", "time_in_past"), ("99999999999", "time_too_far"), ("0", "time_in_past")]
)
async def test_times_that_slack_refuses(full: Any, post_at: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        await full.run("schedule_message", channel="C0GENERAL", post_at=post_at, text="x")
    assert refused.value.code == code


def test_times_are_read_with_their_zone() -> None:
    assert read_time("post_at", " 2027-01-31T09:00:00+01:00 ") == read_time("post_at", "2027-01-31T08:00:00Z")
    assert read_time("post_at", "1800000000") == 1800000000
    for wrong in ("tomorrow", "2027-01-31T09:00:00", "1800000000.5", "9" * 40):
        with pytest.raises(InvalidInput, match="post_at"):
            read_time("post_at", wrong)


async def test_what_waits_is_not_shown_without_a_channel_or_a_live_token(full: Any, sandbox: Any) -> None:
    with pytest.raises(Rejected) as refused:
        await full.run("list_scheduled_messages", channel="C0NONE001")
    assert refused.value.code in {"channel_not_found", "invalid_channel"}
    sandbox.post("revoke", vendor="slack", all=True)
    with pytest.raises(ReconnectRequired):
        await full.run("list_scheduled_messages", channel="")
