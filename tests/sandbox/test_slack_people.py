"""What people do on the inspector's pages of the emulated Slack, and what its apps hear of it."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.slack.events import request_url
from integrations_app.sandbox.slack.inspector import personal_token
from integrations_app.sandbox.slack.seed import CLIENT_ID, SIGNING_SECRET
from integrations_app.sandbox.slack.state import slack_of
from integrations_app.sandbox.world import World
from tests.sandbox.test_slack_events import bodies, listen

ACME = "T0ACME001"
PLACE = f"/slack/workspaces/{ACME}/channels/C0TRIAGE"
BUTTONS = {
    "type": "actions",
    "block_id": "decision",
    "elements": [
        {"type": "button", "action_id": "yes", "value": "1", "text": {"type": "plain_text", "text": "Approve"}}
    ],
}


def shown(sandbox: Any) -> list[str]:
    found = sandbox.http.get("/_control/slack/messages", params={"channel": "triage"}).json()
    return [message["text"] for message in found["messages"]]


def test_a_command_is_signed_and_its_answer_shown(sandbox: Any, receiver: Any) -> None:
    sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    assert sandbox.http.post(PLACE, data={"user": "U0GRACE", "text": "/deploy web  now"}).status_code == 303
    [(headers, body)] = receiver.received
    assert SignatureVerifier(SIGNING_SECRET).is_valid_request(body, headers)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert (fields["command"], fields["text"], fields["user_id"]) == ("/deploy", "web  now", "U0GRACE")
    assert (fields["team_id"], fields["channel_id"], fields["api_app_id"]) == (ACME, "C0TRIAGE", "A0PASTED1")
    assert shown(sandbox)[-1] == "ok"


@pytest.mark.parametrize("status", [202, 500])
def test_anything_but_a_200_is_a_failure_and_nothing_is_repeated(sandbox: Any, receiver: Any, status: int) -> None:
    sandbox.token("slack", ACME)
    listen(sandbox, receiver)
    receiver.script = [status]
    sandbox.http.post(PLACE, data={"user": "U0GRACE", "text": "/deploy"})
    sandbox.control("settle")
    assert len(receiver.received) == 1
    assert shown(sandbox)[-1] == f"/deploy failed ({status})"


def test_without_an_app_that_has_commands_there_are_none(sandbox: Any) -> None:
    answer = sandbox.http.post(PLACE, data={"user": "U0GRACE", "text": "/deploy"})
    assert (answer.status_code, answer.text) == (
        400,
        "/deploy is not a valid command: no app in this workspace has commands",
    )


def test_a_button_posts_what_was_pressed(sandbox: Any, receiver: Any) -> None:
    token = sandbox.token("slack", ACME)
    ts = sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="Deploy?", blocks=[BUTTONS])["ts"]
    listen(sandbox, receiver)
    assert ">Approve</button>" in sandbox.http.get(PLACE).text
    pressed = {"user": "U0ADA", "ts": ts, "block_id": "decision", "action_id": "yes"}
    assert sandbox.http.post(f"{PLACE}/buttons", data=pressed).status_code == 303
    [(headers, body)] = receiver.received
    assert SignatureVerifier(SIGNING_SECRET).is_valid_request(body, headers)
    payload = json.loads(parse_qs(body.decode())["payload"][0])
    assert (payload["type"], payload["user"]["id"], payload["message"]["ts"]) == ("block_actions", "U0ADA", ts)
    [action] = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("yes", "decision", "1")


@pytest.mark.parametrize("wrong", [{"ts": "1.000000"}, {"action_id": "no"}, {"user": "U0NOBODY"}])
def test_a_button_that_is_not_there(sandbox: Any, wrong: dict[str, str]) -> None:
    token = sandbox.token("slack", ACME)
    ts = sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="Deploy?", blocks=[BUTTONS])["ts"]
    pressed = {"user": "U0ADA", "ts": ts, "block_id": "decision", "action_id": "yes"} | wrong
    assert sandbox.http.post(f"{PLACE}/buttons", data=pressed).status_code == 400


def test_a_reaction_comes_and_goes(sandbox: Any, receiver: Any) -> None:
    sandbox.token("slack", ACME)
    ts = sandbox.control("slack/messages", channel="triage", text="x")["ts"]
    listen(sandbox, receiver)
    for change in ("add", "add", "remove", "remove"):
        given = {"user": "U0ADA", "ts": ts, "name": "eyes", "change": change}
        assert sandbox.http.post(f"{PLACE}/reactions", data=given).status_code == 303
    sandbox.control("settle")
    assert [body["event"]["type"] for body in bodies(receiver)] == ["reaction_added", "reaction_removed"]


def test_an_app_hears_only_what_it_has_the_permission_for(sandbox: Any, receiver: Any) -> None:
    token = sandbox.token("slack", ACME, scopes=["chat:write"])
    bot = sandbox.slack("auth.test", token)["user_id"]
    listen(sandbox, receiver)
    ts = sandbox.control("slack/messages", channel="triage", text=f"<@{bot}> hello")["ts"]
    sandbox.http.post(f"{PLACE}/reactions", data={"user": "U0ADA", "ts": ts, "name": "eyes"})
    sandbox.control("settle")
    assert receiver.received == []


def test_the_products_app_alone_reports_to_the_product() -> None:
    """A token to paste is of another app: were it to report too, each message would arrive twice."""
    events_url = "http://localhost:3000/events/{vendor}"
    world = World(EMULATIONS.values(), lambda: 1_800_000_000.0, lambda length: "a" * length, events_url)
    personal_token(world, slack_of(world).teams[ACME])
    urls = {client_id: request_url(world, app) for (vendor, client_id), app in world.apps.items() if vendor == "slack"}
    assert urls == {
        CLIENT_ID: "http://localhost:3000/events/slack",
        "sandbox-slack-personal": "",
    }
