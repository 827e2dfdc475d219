"""Slack starts workflows over real HTTP: one request URL, two organisations, each workflow once."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from integrations_app.kit.columns import utc_now
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_timestamped
from integrations_app.organizations.permissions import Actor
from integrations_app.sandbox.serve import free_port
from integrations_app.web.events import routes
from integrations_app.workflows import endpoints, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.connections.conftest import World, providers, sandbox_url, vendor, world  # noqa: F401 - fixtures
from tests.workflows.probe import until

TEAM = "T0ACME001"
SCOPES = ("channels:history", "app_mentions:read", "reactions:read", "commands")
BUTTONS = [
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}, "value": "1"}
        ],
    }
]


@dataclass
class House:
    """The product on a port, the vendor on another, and two organisations connected to one workspace."""

    world: World
    url: str
    connections: dict[str, str]

    def actors(self) -> tuple[Actor, Actor]:
        return self.world.owner, self.world.other

    async def listen(self, actor: Actor, trigger: str, says: str, **config: Any) -> str:
        """A live workflow of this organisation that answers in the channel."""
        connection = self.connections[actor.organization_id]
        step = {
            "key": "say",
            "type": "action",
            "action": "slack.send_message",
            "connection": connection,
            "inputs": {"channel": "C0TRIAGE", "text": says},
        }
        made = await service.create(
            self.world.hub,
            actor,
            {
                "format": 1,
                "name": says,
                "trigger": {"type": f"slack.{trigger}", "connection": connection, "config": config},
                "steps": [step],
            },
        )
        assert [problem for problem in made.problems if problem.severity == "error"] == []
        await service.publish(self.world.hub, actor, made.id)
        return made.id

    async def said(self) -> list[str]:
        """What the app wrote in the channel, sorted, once all runs have ended and all deliveries arrived."""
        await asyncio.to_thread(lambda: self.world.vendor.control("settle"))
        await until(self._ended)
        await asyncio.to_thread(lambda: self.world.vendor.control("settle"))
        await until(self._ended)
        answer = self.world.vendor.http.get(f"{self.world.vendor.url}/_control/slack/messages?channel=triage")
        return sorted(one["text"] for one in answer.json()["messages"] if one.get("app_id"))

    async def _ended(self) -> bool:
        pages = [await service.list_runs(self.world.hub, actor, limit=200) for actor in self.actors()]
        return all(run.ended_at for page in pages for run in page.items)

    async def runs(self, actor: Actor) -> int:
        return len((await service.list_runs(self.world.hub, actor, limit=200)).items)

    async def person(self, path: str = "", **form: str) -> None:
        """Somebody does something on the inspector's page of the channel."""
        url = f"{self.world.vendor.url}/slack/workspaces/{TEAM}/channels/C0TRIAGE{path}"
        answer = await asyncio.to_thread(lambda: self.world.vendor.http.post(url, data={"user": "U0ADA"} | form))
        assert answer.status_code == 303, answer.text


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    world.hub = replace(world.hub, clock=utc_now)  # the vendor signs by the real time
    port = free_port()
    app = Starlette(routes=list(routes(world.hub)))
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    serving = asyncio.create_task(server.serve())
    engine = EmbeddedEngine(world.hub, random=lambda: 0.0)
    await engine.start()
    connections: dict[str, str] = {}
    for actor in (world.owner, world.other):
        url = await world.begin("slack", actor, scopes=SCOPES)
        back = await asyncio.to_thread(world.vendor.consent, url, TEAM)
        outcome = await world.complete(back, "slack", actor)
        assert outcome.ok, outcome
        connections |= {row.organization_id: row.id for row in world.connections() if row.provider == "slack"}
    made = House(world, f"http://127.0.0.1:{port}/api/integrations/slack/events", connections)
    world.vendor.settings(slack={"request_url": made.url, "retry_delays": [0.0, 0.01]})
    yield made
    await engine.stop()
    server.stop()
    await serving


async def test_a_message_starts_every_workflow_of_both_organisations_once(house: House) -> None:
    first, second = house.actors()
    await house.listen(first, "message", "first A", channel="C0TRIAGE")
    await house.listen(first, "message", "first B {{ trigger.event.text }}", contains="broken")
    await house.listen(first, "message", "never", channel="C0GENERAL")
    await house.listen(second, "message", "second", pattern="(?i)^IT IS")
    await house.person(text="It is broken")
    assert await house.said() == ["first A", "first B It is broken", "second"]
    assert (await house.runs(first), await house.runs(second)) == (2, 1)


async def test_a_repeated_delivery_starts_nothing_more(house: House) -> None:
    first, second = house.actors()
    for actor in (first, second):
        await house.listen(actor, "message", "heard")
    event = {
        "type": "message",
        "channel": "C0TRIAGE",
        "channel_type": "channel",
        "user": "U0ADA",
        "text": "x",
        "ts": "1.0",
    }
    envelope = {"type": "event_callback", "team_id": TEAM, "api_app_id": "A0SANDBOX", "event_id": "Ev1", "event": event}
    body, number = json.dumps(envelope).encode(), 0
    answers = []
    async with httpx.AsyncClient(trust_env=False) as http:
        for number in range(4):
            sent = int(utc_now().timestamp())
            headers = {
                "content-type": "application/json",
                "x-slack-request-timestamp": str(sent),
                "x-slack-signature": sign_timestamped(Secret("sandbox-slack-signing-secret"), body, sent),
                **({"x-slack-retry-num": str(number), "x-slack-retry-reason": "http_timeout"} if number else {}),
            }
            answers.append((await http.post(house.url, content=body, headers=headers)).status_code)
    assert answers == [202, 200, 200, 200]
    assert await house.said() == ["heard", "heard"]
    assert (await house.runs(first), await house.runs(second)) == (1, 1)


async def test_mentions_and_reactions(house: House) -> None:
    first, second = house.actors()
    bot = next(iter(house.world.connections())).account_detail["bot_user_id"]
    await house.listen(first, "mention", "mentioned")
    await house.listen(second, "reaction", "seen {{ trigger.event.reaction }}", emoji=["eyes"])
    await house.person(text=f"<@{bot}> hello")
    messages = house.world.vendor.http.get(f"{house.world.vendor.url}/_control/slack/messages?channel=triage").json()
    for name in ("eyes", "tada"):
        await house.person("/reactions", ts=messages["messages"][0]["ts"], name=name)
    assert await house.said() == ["mentioned", "seen eyes"]
    assert (await house.runs(first), await house.runs(second)) == (1, 1)


async def test_a_command_is_answered_with_200_and_starts_its_workflow(house: House) -> None:
    first, _ = house.actors()
    await house.listen(first, "command", "deploying {{ trigger.text }} for {{ trigger.user_name }}", command="/deploy")
    await house.person(text="/deploy web")
    await house.person(text="/else")
    assert await house.said() == ["deploying web for ada"]


async def test_a_button_of_a_message_starts_a_workflow(house: House) -> None:
    first, second = house.actors()
    await house.listen(first, "interaction", "pressed by {{ trigger.user.name }}", identifier="approve")
    await house.listen(second, "interaction", "never", identifier="reject")
    asked = {
        "key": "ask",
        "type": "action",
        "action": "slack.send_message",
        "connection": house.connections[first.organization_id],
        "inputs": {"channel": "C0TRIAGE", "text": "Deploy?", "blocks": BUTTONS},
    }
    manual = {"format": 1, "name": "Ask", "trigger": {"type": "manual"}, "steps": [asked]}
    made = await service.create(house.world.hub, first, manual)
    await service.publish(house.world.hub, first, made.id)
    await service.start_run(house.world.hub, first, made.id)
    assert await house.said() == ["Deploy?"]
    messages = house.world.vendor.http.get(f"{house.world.vendor.url}/_control/slack/messages?channel=triage").json()
    await house.person("/buttons", ts=messages["messages"][0]["ts"], action_id="approve")
    assert await house.said() == ["Deploy?", "pressed by ada"]


async def test_taking_the_last_workflow_back_closes_the_ear(house: House) -> None:
    first, _ = house.actors()
    made = await house.listen(first, "message", "heard")
    assert len(await endpoints.list_endpoints(house.world.hub, first)) == 1
    await service.unpublish(house.world.hub, first, made)
    assert await endpoints.list_endpoints(house.world.hub, first) == ()
    await house.person(text="anybody?")
    assert await house.said() == []


async def test_a_question_is_answered_by_one_of_two_clicks(house: House) -> None:
    first, _ = house.actors()
    asked = {
        "key": "ask",
        "type": "action",
        "action": "slack.send_and_wait",
        "connection": house.connections[first.organization_id],
        "inputs": {"channel": "C0TRIAGE", "text": "Deploy?"},
    }
    tells = {
        "key": "tell",
        "type": "action",
        "action": "slack.send_message",
        "connection": house.connections[first.organization_id],
        "inputs": {
            "channel": "C0TRIAGE",
            "text": "{{ steps.ask.output.choice }} by {{ steps.ask.output.user }}",
        },
    }
    definition = {"format": 1, "name": "Ask", "trigger": {"type": "manual"}, "steps": [asked, tells]}
    made = await service.create(house.world.hub, first, definition)
    await service.publish(house.world.hub, first, made.id)
    run_id = await service.start_run(house.world.hub, first, made.id)

    async def waits() -> bool:
        return (await service.get_run(house.world.hub, first, run_id)).row.status == "waiting"

    await until(waits)
    url = f"{house.world.vendor.url}/_control/slack/messages?channel=triage"
    question = house.world.vendor.http.get(url).json()["messages"][0]
    block_id = question["blocks"][1]["block_id"]
    # the buttons are still there when the second one presses
    house.world.vendor.control("faults", vendor="slack", path=r"chat\.update", effect="delay", delay=1)
    for number, user in enumerate(("U0ADA", "U0GRACE")):
        pressed = {"user": user, "ts": question["ts"], "block_id": block_id, "action_id": f"choice_{number}"}
        await house.person("/buttons", **pressed)
    assert await house.said() == ["Approve by U0ADA", "Deploy?"]
    shown = house.world.vendor.http.get(url).json()["messages"][0]
    assert [block["type"] for block in shown["blocks"]] == ["section", "section"]
