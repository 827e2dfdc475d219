"""A question with buttons: asked once, waited for, answered or not."""

from datetime import timedelta
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected
from integrations_app.providers.slack.actions.asking import SendAndWait, resume
from integrations_app.providers.slack.events import answer
from integrations_app.providers.slack.messages import operation_of
from integrations_app.sdk.triggers import Inbound
from integrations_app.sdk.waiting import Later, Waited

ASK = {"channel": "C0TRIAGE", "text": "Deploy *web*?"}


def last(sandbox: Any, channel: str = "triage") -> dict[str, Any]:
    found: dict[str, Any] = sandbox.get("slack/messages", channel=channel)["messages"][-1]
    return found


async def go_on(connected: Any, left: Later, says: dict[str, str] | None, **params: Any) -> Any:
    return await resume(SendAndWait(**(ASK | params)), Waited(left.state, says), connected.context())


async def test_asks_with_buttons_and_waits(full: Any, sandbox: Any) -> None:
    left = await full.run("send_and_wait", **ASK, timeout_minutes=5, buttons=["Yes", "No", "Yes"])
    assert isinstance(left, Later)
    assert left.state == {"channel": "C0TRIAGE", "ts": last(sandbox)["ts"]}
    assert left.until == full.started + timedelta(minutes=5)
    section, actions = last(sandbox)["blocks"]
    assert section["text"]["text"] == "Deploy *web*?"
    assert [one["value"] for one in actions["elements"]] == ["Yes", "No"]
    assert operation_of(actions["block_id"]) == "run-1:step"


async def test_a_person_can_be_asked(full: Any, sandbox: Any) -> None:
    left = await full.run("send_and_wait", user="U0ADA", text="Deploy?")
    assert last(sandbox, str(left.state["channel"]))["text"] == "Deploy?"


async def test_the_answer_takes_the_buttons_off_however_often(full: Any, sandbox: Any) -> None:
    left = await full.run("send_and_wait", **ASK)
    says = {"choice": "Approve <!here>", "user": "U0ADA", "name": "ada"}
    sandbox.fault(vendor="slack", path=r"chat\.update", effect="lose")
    with pytest.raises(OutcomeUnknown):
        await go_on(full, left, says)
    found = await go_on(full, left, says)
    assert (found.choice, found.user, found.timed_out) == ("Approve <!here>", "U0ADA", False)
    assert found.ts == left.state["ts"]
    blocks = last(sandbox)["blocks"]
    assert [block["type"] for block in blocks] == ["section", "section"]
    assert blocks[1]["text"]["text"] == "*Approve &lt;!here&gt;* · <@U0ADA>"


async def test_nobody_answers(full: Any, sandbox: Any) -> None:
    left = await full.run("send_and_wait", **ASK)
    found = await go_on(full, left, None, on_timeout="continue")
    assert (found.choice, found.user, found.timed_out) == ("", "", True)
    assert "in time" in last(sandbox)["blocks"][1]["text"]["text"]
    with pytest.raises(Rejected) as refused:
        await go_on(full, left, None)
    assert refused.value.code == "timed_out"


async def test_a_question_that_was_deleted_still_has_its_answer(full: Any) -> None:
    left = await full.run("send_and_wait", **ASK)
    await full.run("delete_message", channel="C0TRIAGE", ts=left.state["ts"])
    assert (await go_on(full, left, {"choice": "Approve", "user": "U0ADA"})).choice == "Approve"


async def test_a_lost_answer_is_found_and_nothing_is_asked_twice(full: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="slack", path="postMessage", effect="lose")
    with pytest.raises(OutcomeUnknown):
        await full.run("send_and_wait", **ASK)
    found = await full.find("send_and_wait", **ASK)
    assert found.state["ts"] == last(sandbox)["ts"]
    assert await full.find("send_and_wait", "another", **ASK) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": ""},
        {"user": "U0ADA"},
        {"buttons": []},
        {"buttons": [str(number) for number in range(6)]},
        {"buttons": ["x" * 76]},
        {"text": "x" * 3000},
        {"text": " "},
    ],
)
async def test_what_cannot_be_asked_is_never_sent(full: Any, sandbox: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await full.run("send_and_wait", **(ASK | wrong))
    assert sandbox.requests("chat.postMessage") == []


async def test_its_pickers_are_live(full: Any) -> None:
    assert [c.value for c in (await full.choices(SendAndWait, "user", "lovelace")).choices] == ["U0ADA"]
    assert [c.value for c in (await full.choices(SendAndWait, "channel", "tri")).choices] == ["C0TRIAGE"]


@pytest.mark.parametrize(
    ("kind", "payload", "answers"),
    [
        ("block_actions", {}, True),
        ("view_submission", {}, False),
        ("block_actions", {"actions": [{"block_id": "decision", "value": "x"}]}, False),
        ("block_actions", {"actions": []}, False),
        ("block_actions", {"actions": "x"}, False),
        ("block_actions", {"user": None}, False),
    ],
)
def test_only_presses_of_our_buttons_answer(kind: str, payload: dict[str, Any], answers: bool) -> None:
    whole = {"user": {"id": "U1", "name": "ada"}, "actions": [{"block_id": "integrations_wait:op", "value": "Yes"}]}
    found = answer(Inbound(kind, "1", whole | payload))
    assert (found is not None) is answers
    if found is not None:
        assert (found.operation_id, found.says) == ("op", {"choice": "Yes", "user": "U1", "name": "ada"})
