"""The bus within one process: topics, bounded subscriptions, and the form of a message between processes."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

MAX_MESSAGE_BYTES = 7900  # PostgreSQL refuses payloads of 8000 bytes and more
QUEUE_LIMIT = 256
RESYNC = "bus.resync"


@dataclass(frozen=True, slots=True)
class Event:
    """A message on a topic. Topic RESYNC (message empty) says: events were lost here, read the state anew."""

    topic: str
    message: Mapping[str, str] = field(default_factory=dict)


class Subscription(AsyncIterator[Event]):
    """The events of a topic and of all topics below it, for one consumer on one event loop.

    Equal events that wait are delivered once. When more than `limit` wait the oldest is dropped, counted
    in `dropped`, and announced by RESYNC; a publisher never waits. Close it, or use it in `with`.
    """

    def __init__(self, topic: str, limit: int, forget: Callable[["Subscription"], None]) -> None:
        self.dropped = 0
        self._topic = topic
        self._limit = limit
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, ...], Event] = {}
        self._lost = False
        self._scheduled = False
        self._closed = False

    def matches(self, topic: str) -> bool:
        """Whether `topic` is the subscribed one or lies below it (`a` takes `a.b`, never `ab`)."""
        return not self._topic or topic == self._topic or topic.startswith(f"{self._topic}.")

    def put(self, event: Event) -> None:
        """Queue an event; callable from any thread."""
        key = (event.topic, *(part for pair in sorted(event.message.items()) for part in pair))
        with self._lock:
            self._pending.setdefault(key, event)
            if len(self._pending) > self._limit:
                del self._pending[next(iter(self._pending))]
                self.dropped += 1
                self._lost = True
        self._notify()

    def resync(self) -> None:
        """Tell the consumer that events were lost on the way; callable from any thread."""
        with self._lock:
            self._lost = True
        self._notify()

    def close(self) -> None:
        """End the iteration, now or when it is next asked; callable from any thread, more than once."""
        self._closed = True
        self._forget(self)
        self._notify()

    async def __anext__(self) -> Event:
        while True:
            event = self._take()
            if event is not None:
                return event
            if self._closed:
                raise StopAsyncIteration
            await self._wake.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> Event | None:
        with self._lock:
            if self._lost:
                self._lost = False
                return Event(RESYNC)
            if self._pending and not self._closed:
                return self._pending.pop(next(iter(self._pending)))
            self._scheduled = False
        # Whoever queues from here on schedules a new wake-up, which runs after this clear.
        self._wake.clear()
        return None

    def _notify(self) -> None:
        with self._lock:
            if self._scheduled and not self._closed:
                return
            self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError:
            # The consumer's loop is gone, and the consumer with it.
            self._closed = True
            self._forget(self)


class Bus(Protocol):
    """What publishers and subscribers see."""

    def publish(self, topic: str, message: Mapping[str, str]) -> None:
        """Send from any thread, without waiting. ValueError above MAX_MESSAGE_BYTES."""

    def subscribe(self, topic: str = "", limit: int = QUEUE_LIMIT) -> Subscription:
        """The events of `topic` and below (dots separate levels, empty takes all), from now on."""

    async def start(self) -> None:
        """Begin to carry events between processes."""

    async def close(self) -> None:
        """End every subscription and let go of every connection."""


class LocalBus:
    """A bus within one process."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._lock = threading.Lock()

    def publish(self, topic: str, message: Mapping[str, str]) -> None:
        """As `Bus.publish`."""
        encode("", topic, message)
        self.deliver(Event(topic, dict(message)))

    def subscribe(self, topic: str = "", limit: int = QUEUE_LIMIT) -> Subscription:
        """As `Bus.subscribe`; call it on the event loop that consumes."""
        subscription = Subscription(topic, limit, self._remove)
        with self._lock:
            self._subscriptions.append(subscription)
        return subscription

    async def start(self) -> None:
        """Nothing to begin."""

    async def close(self) -> None:
        """As `Bus.close`."""
        for subscription in self._all():
            subscription.close()

    def deliver(self, event: Event) -> None:
        """Queue an event with every subscription that takes it."""
        for subscription in self._all():
            if subscription.matches(event.topic):
                subscription.put(event)

    def resync(self) -> None:
        """Tell every subscription that events were lost."""
        for subscription in self._all():
            subscription.resync()

    def _all(self) -> tuple[Subscription, ...]:
        with self._lock:
            return tuple(self._subscriptions)

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)


def encode(origin: str, topic: str, message: Mapping[str, str]) -> str:
    """A message as NOTIFY carries it; ValueError when it is larger than MAX_MESSAGE_BYTES or not text to text."""
    if not all(isinstance(part, str) for pair in message.items() for part in pair):
        raise ValueError("a message maps text to text")
    payload = json.dumps([origin, topic, dict(message)], separators=(",", ":"))
    if len(payload) > MAX_MESSAGE_BYTES:
        raise ValueError(f"the message has more than {MAX_MESSAGE_BYTES} bytes")
    return payload


def decode(payload: str) -> tuple[str, Event] | None:
    """Origin and event of a payload, or None when it is not one of ours."""
    try:
        origin, topic, message = json.loads(payload)
        if not (isinstance(origin, str) and isinstance(topic, str)):
            return None
        return origin, Event(topic, {str(key): str(value) for key, value in message.items()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
