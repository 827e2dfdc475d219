"""Slack's events: signed, repeated with retry headers, pushed when a grant ends."""

import json
import time
from typing import Any

import httpx
from slack_sdk.signature import SignatureVerifier

from integrations_app.sandbox import create_app
from integrations_app.sandbox.slack.seed import SIGNING_SECRET

ACME = "T0ACME001"


def bodies(receiver: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.received]


def listen(sandbox: Any, receiver: Any) -> None:
    sandbox.settings(slack={"request_url": receiver.url, "retry_delays": [0, 0.01, 0.01]})
    sandbox.control("settle")
    assert bodies(receiver)[0]["type"] == "url_verification"
    receiver.received.clear()


def test_a_message_of_a_person_is_delivered_signed(sandbox: Any, receiver: Any) -> None:
    sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    sandbox.control("slack/messages", channel="triage", user="U0GRACE", text="help")
    sandbox.control("settle")
    [(headers, body)] = receiver.received
    assert SignatureVerifier(SIGNING_SECRET).is_valid_request(body, headers)
    assert not SignatureVerifier("other").is_valid_request(body, headers)
    envelope = json.loads(body)
    assert (envelope["type"], envelope["team_id"], envelope["api_app_id"]) == ("event_callback", ACME, "A0PASTED1")
    event = envelope["event"]
    assert (event["type"], event["channel"], event["user"], event["text"]) == ("message", "C0TRIAGE", "U0GRACE", "help")


def test_a_channel_without_the_bot_says_nothing(sandbox: Any, receiver: Any) -> None:
    sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    sandbox.control("slack/messages", channel="ops", text="secret")
    sandbox.control("settle")
    assert receiver.received == []


def test_a_mention_is_an_event_of_its_own(sandbox: Any, receiver: Any) -> None:
    token = sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    bot = sandbox.slack("auth.test", token)["user_id"]
    sandbox.control("slack/messages", channel="triage", text=f"<@{bot}> hello")
    sandbox.control("settle")
    assert sorted(body["event"]["type"] for body in bodies(receiver)) == ["app_mention", "message"]


def test_a_refused_delivery_comes_again_with_the_same_id(sandbox: Any, receiver: Any) -> None:
    sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    receiver.script = [500, 503]
    sandbox.control("slack/messages", channel="triage", text="again")
    sandbox.control("settle")
    assert len({body["event_id"] for body in bodies(receiver)}) == 1
    retries = [
        (headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason")) for headers, _ in receiver.received
    ]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error")]


def test_a_receiver_may_refuse_retries(sandbox: Any, receiver: Any) -> None:
    sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    receiver.script, receiver.headers = [500, 500], {"X-Slack-No-Retry": "1"}
    sandbox.control("slack/messages", channel="triage", text="once")
    sandbox.control("settle")
    assert len(receiver.received) == 1


def test_changes_and_reactions_are_events(sandbox: Any, receiver: Any) -> None:
    token = sandbox.token("slack", ACME)
    ts = sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="one")["ts"]
    listen(sandbox, receiver)
    sandbox.slack("chat.update", token, channel="C0TRIAGE", ts=ts, text="two")
    sandbox.slack("reactions.add", token, channel="C0TRIAGE", timestamp=ts, name="eyes")
    sandbox.slack("chat.delete", token, channel="C0TRIAGE", ts=ts)
    sandbox.control("settle")
    events = {body["event"].get("subtype", body["event"]["type"]): body["event"] for body in bodies(receiver)}
    assert events["message_changed"]["message"]["text"] == "two"
    assert events["message_changed"]["previous_message"]["text"] == "one"
    assert events["reaction_added"]["item"] == {"type": "message", "channel": "C0TRIAGE", "ts": ts}
    assert events["message_deleted"]["deleted_ts"] == ts


def test_revoking_pushes_tokens_revoked_and_app_uninstalled(sandbox: Any, receiver: Any) -> None:
    token = sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    bot = sandbox.slack("auth.test", token)["user_id"]
    assert sandbox.control("revoke", vendor="slack", token=token, uninstall=True) == {"revoked": 1}
    sandbox.control("settle")
    events = {body["event"]["type"]: body["event"] for body in bodies(receiver)}
    assert events["tokens_revoked"]["tokens"] == {"oauth": [], "bot": [bot]}
    assert "app_uninstalled" in events


async def test_a_scheduled_message_is_posted_when_its_time_comes() -> None:
    now = [time.time()]
    app = create_app(clock=lambda: now[0])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        answer = await http.post("/_control/tokens", json={"vendor": "slack"})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        form = {"channel": "C0TRIAGE", "text": "later", "post_at": str(int(now[0]) + 60)}
        assert (await http.post("/slack/api/chat.scheduleMessage", data=form)).json()["ok"]
        history = "/slack/api/conversations.history?channel=C0TRIAGE"
        assert (await http.get(history)).json()["messages"] == []
        now[0] += 61
        [message] = (await http.get(history)).json()["messages"]
        assert message["text"] == "later"
        form["post_at"] = str(int(now[0]) - 1)
        assert (await http.post("/slack/api/chat.scheduleMessage", data=form)).json()["error"] == "time_in_past"
