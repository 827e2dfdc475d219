"""Events reach the right subscribers, publishers never wait, and a broken connection is mended and told."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.kit.bus import (
    MAX_MESSAGE_BYTES,
    RESYNC,
    Event,
    LocalBus,
    PostgresBus,
    Subscription,
    decode,
    encode,
)

DEADLINE = 10

Pair = list[PostgresBus]


async def take(subscription: Subscription, count: int = 1) -> list[Event]:
    async with asyncio.timeout(DEADLINE):
        return [await anext(subscription) for _ in range(count)]


async def test_a_topic_takes_itself_and_what_lies_below() -> None:
    bus = LocalBus()
    with bus.subscribe("org.abc") as one, bus.subscribe() as everything:
        for topic in ("org.abcdef", "org", "org.abc", "org.abc.runs", "xorg.abc"):
            bus.publish(topic, {"id": topic})
        assert [event.topic for event in await take(one, 2)] == ["org.abc", "org.abc.runs"]
        assert len(await take(everything, 5)) == 5


async def test_equal_events_that_wait_arrive_once() -> None:
    bus = LocalBus()
    with bus.subscribe("a") as events:
        for number in ("1", "2", "1", "1"):
            bus.publish("a", {"n": number})
        bus.publish("a.end", {})
        taken = [event.message.get("n") for event in await take(events, 3)]
        assert taken == ["1", "2", None]
        bus.publish("a", {"n": "1"})
        assert await take(events) == [Event("a", {"n": "1"})]


async def test_a_slow_subscriber_loses_the_oldest_and_is_told() -> None:
    bus = LocalBus()
    with bus.subscribe("a", limit=10) as slow:
        for number in range(25):
            bus.publish("a", {"n": str(number)})
        assert slow.dropped == 15
        taken = await take(slow, 11)
        assert taken[0] == Event(RESYNC)
        assert [event.message["n"] for event in taken[1:]] == [str(number) for number in range(15, 25)]


async def test_publishing_from_many_threads() -> None:
    bus = LocalBus()

    def publish(name: str) -> None:
        for number in range(200):
            bus.publish("a", {"n": f"{name}-{number}"})

    with bus.subscribe("a", limit=5000) as events:
        threads = [threading.Thread(target=publish, args=(name,)) for name in range(5)]
        for thread in threads:
            thread.start()
        taken = {event.message["n"] for event in await take(events, 1000)}
        assert len(taken) == 1000
        for thread in threads:
            thread.join()


async def test_closing_ends_the_iteration_and_frees_the_place() -> None:
    bus = LocalBus()
    events = bus.subscribe("a")
    waiting = asyncio.create_task(take(events))
    await asyncio.sleep(0)
    threading.Thread(target=events.close).start()
    with pytest.raises(StopAsyncIteration):
        await anext(events)
    waiting.cancel()
    bus.publish("a", {})
    assert bus._subscriptions == []


async def test_closing_the_bus_ends_every_iteration() -> None:
    bus = LocalBus()

    async def read(events: Subscription) -> list[Event]:
        return [event async for event in events]

    readers = [asyncio.create_task(read(bus.subscribe("a"))) for _ in range(3)]
    await asyncio.sleep(0)
    await bus.close()
    async with asyncio.timeout(DEADLINE):
        assert await asyncio.gather(*readers) == [[], [], []]


def test_a_subscriber_whose_loop_is_gone_is_forgotten() -> None:
    bus = LocalBus()

    async def subscribe() -> Subscription:
        return bus.subscribe("a")

    asyncio.run(subscribe())
    bus.publish("a", {"n": "1"})
    assert bus._subscriptions == []


@pytest.mark.parametrize("message", [{"a": "x" * MAX_MESSAGE_BYTES}, {"a": "ä" * 2000}, {"a": 5}, {5: "a"}])
def test_large_and_untyped_messages_are_refused(message: Any) -> None:
    with pytest.raises(ValueError, match="message"):
        LocalBus().publish("a", message)


@given(
    st.text(max_size=20), st.text(max_size=50), st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=5)
)
def test_payloads_round_trip_and_are_ascii(origin: str, topic: str, message: Any) -> None:
    payload = encode(origin, topic, message)
    assert payload.isascii()
    assert decode(payload) == (origin, Event(topic, message))


@pytest.mark.parametrize("payload", ["", "x", "[]", "[1,2,3]", '["a","b"]', '["a","b",[]]', "{}", "null", "[" * 5000])
def test_foreign_payloads_are_not_events(payload: str) -> None:
    assert decode(payload) is None


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[Pair]:
    channel = f"bus_{uuid.uuid4().hex}"
    buses = [PostgresBus(postgres_url, channel, (0.01, 0.1)) for _ in range(2)]
    for bus in buses:
        await bus.start()
    yield buses
    for bus in buses:
        await bus.close()


async def terminate(postgres_url: str, channel: str) -> int:
    """Kill every listening connection of the channel from the server's side."""
    plain = postgres_url.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(plain, autocommit=True) as admin:
        cursor = await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()",
            (f"%{channel}%",),
        )
        return cursor.rowcount


async def test_events_cross_processes_once(pair: Pair) -> None:
    here, there = pair
    with here.subscribe("org") as near, there.subscribe("org") as far:
        here.publish("org.1", {"id": "é\u2028'\"\\"})
        there.publish("org.2", {})
        assert await take(near, 2) == [Event("org.1", {"id": "é\u2028'\"\\"}), Event("org.2", {})]
        assert {event.topic for event in await take(far, 2)} == {"org.1", "org.2"}
        here.publish("org.end", {})
        assert [event.topic for event in await take(near) + await take(far)] == ["org.end"] * 2


async def test_the_largest_message_fits(pair: Pair) -> None:
    here, there = pair
    room = MAX_MESSAGE_BYTES - len(encode(here._origin, "a", {"k": ""}))
    with there.subscribe("a") as far:
        here.publish("a", {"k": "x" * room})
        assert len((await take(far))[0].message["k"]) == room


async def test_publishing_from_a_thread_reaches_the_other_process(pair: Pair) -> None:
    here, there = pair
    with there.subscribe("a") as far:
        await asyncio.to_thread(here.publish, "a", {"n": "1"})
        assert await take(far) == [Event("a", {"n": "1"})]


async def test_a_broken_connection_is_mended_and_told(pair: Pair, postgres_url: str) -> None:
    here, there = pair
    with there.subscribe("a") as far:
        assert await terminate(postgres_url, here._channel) >= 2
        assert await take(far) == [Event(RESYNC)]
        here.publish("a", {"n": "1"})
        assert await take(far) == [Event("a", {"n": "1"})]
        here.publish("a", {"n": "2"})
        assert await take(far) == [Event("a", {"n": "2"})]


async def test_foreign_notifications_are_ignored(pair: Pair, postgres_url: str) -> None:
    here, there = pair
    with there.subscribe() as far:
        async with await psycopg.AsyncConnection.connect(
            postgres_url.replace("+psycopg", ""), autocommit=True
        ) as connection:
            await connection.execute("SELECT pg_notify(%s, 'no event')", (here._channel,))
        here.publish("a", {})
        assert await take(far) == [Event("a", {})]


async def test_while_the_database_is_away_own_subscribers_are_served() -> None:
    bus = PostgresBus("postgresql://nobody@127.0.0.1:1/none", retry_seconds=(0.01, 0.02))
    async with asyncio.timeout(DEADLINE):
        await bus.start()
    with bus.subscribe("a") as events:
        bus.publish("a", {"n": "1"})
        assert await take(events) == [Event("a", {"n": "1"})]
    await bus.close()


async def test_the_outbox_is_bounded_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations_app.kit.bus.postgres.OUTBOX_LIMIT", 10)
    bus = PostgresBus("postgresql://nobody@127.0.0.1:1/none")
    for number in range(25):
        bus.publish("a", {"n": str(number)})
    assert bus.unsent == 15
    assert len(bus._outbox) == 10


async def test_what_was_published_before_the_start_is_sent(pair: Pair) -> None:
    here, _ = pair
    late = PostgresBus(here._conninfo, here._channel)
    late.publish("a", {"n": "early"})
    with here.subscribe("a") as events:
        await late.start()
        assert await take(events) == [Event("a", {"n": "early"})]
    await late.close()


async def test_closing_sends_what_waits(pair: Pair) -> None:
    here, there = pair
    short = PostgresBus(here._conninfo, here._channel)
    with there.subscribe("a") as far:
        await short.start()
        for number in range(50):
            short.publish("a", {"n": str(number)})
        await short.close()
        assert len(await take(far, 50)) == 50
        assert not short._outbox
