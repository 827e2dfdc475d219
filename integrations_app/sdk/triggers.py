"""Triggers and inbound events: how a vendor tells us things, declared as values and pure functions."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from integrations_app.kit.secret import Secret
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.samples import Sample
from integrations_app.sdk.waiting import Answer

EVERY_PLACE = "*"
Headers = Mapping[str, str]
"""Header names in lower case."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One verified and parsed delivery."""

    kind: str
    """The vendor's name for it, e.g. the value of its event header."""
    delivery_id: str
    payload: Mapping[str, Any]
    account_id: str = ""
    ignore: bool = False
    """A handshake such as a ping: recorded, starts nothing."""
    reply: str | None = None
    """Text the vendor wants as the answer (a challenge), sent as text/plain."""
    revoked: bool = False
    """The vendor says that the grant of `account_id` is gone: its connections need a person."""
    source: str = ""
    """Of an event that the vendor's app sends by itself: where the app is installed."""
    place: str = ""
    """What inside `source` it is about: only who has been shown to read that may hear of it."""
    lost: tuple[str, ...] = ()
    """Places of `source` that the app does not reach any more; EVERY_PLACE for all of them."""
    reach_changed: bool = False
    """What the app or a person reaches at `source` may be another now: what was shown of it is to be shown again."""


Verify = Callable[[Secret, Headers, bytes, datetime], None]
"""`(secret, headers, raw_body, now)`; raises `SignatureInvalid`. Pure."""
Parse = Callable[[Headers, bytes], Inbound]
"""`(headers, raw_body)`; raises `InvalidInput` for a body that is not what its headers say. Pure."""


@dataclass(frozen=True, slots=True)
class Events:
    """How deliveries of this vendor are verified and read: the endpoint kind named like the provider."""

    verify: Verify
    parse: Parse
    answer: Callable[[Inbound], Answer | None] = lambda _inbound: None
    """Whether the event answers an operation that waits (`sdk.waiting`). Pure."""
    content_types: tuple[str, ...] = ("application/json",)
    max_body: int = 1024 * 1024
    """Bytes."""
    sample: Sample | None = None
    """A delivery that starts as little as possible, to try an endpoint with."""


@dataclass(frozen=True, slots=True)
class Preset:
    """How a sender that is no provider here signs what it delivers to one of our addresses."""

    kind: str
    """The endpoint kind; no provider's key."""
    name: str
    events: Events


@dataclass(frozen=True, slots=True)
class HookRequest:
    """What the framework wants registered at the vendor: deliver `events` to `url`, signed with `secret`."""

    url: str
    secret: Secret
    config: Mapping[str, Any]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HookState:
    """What the vendor says of a hook that is registered there."""

    active: bool
    last_at: datetime | None = None
    """When it last tried to deliver; None when it never has, or does not tell."""
    last_ok: bool | None = None
    last_answer: str = ""
    """What it got to hear then: a status, or why nothing came."""


@dataclass(frozen=True, slots=True)
class Feed:
    """That the app of a connection tells by itself of what a hook would hang on, as the vendor shows it."""

    source: str
    """As `Inbound.source`."""
    places: tuple[str, ...]
    """The `Inbound.place` of everything in it that the connection reads."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Registers and removes deliveries at the vendor. Both must be safe to repeat."""

    create: Callable[[HookRequest, ActionContext[Any]], Awaitable[str]]
    """Returns the vendor's hook id; finds an existing identical hook instead of failing."""
    remove: Callable[[str, Mapping[str, Any], ActionContext[Any]], Awaitable[None]]
    """`(hook id, config, ctx)`; a hook that is already gone is success."""
    target: Callable[[Mapping[str, Any]], str]
    """What the hook hangs on (a repository): hooks of one connection and target are shared."""
    refusal: Callable[[str, Mapping[str, str]], str | None] = lambda _url, _bases: None
    """`(url, the connection's base addresses)`: why the vendor could not reach this address; None when it can."""
    look: Callable[[str, Mapping[str, Any], ActionContext[Any]], Awaitable[HookState | None]] | None = None
    """`(hook id, config, ctx)`: how the hook is doing; None when the vendor has none of that id."""
    feed: Callable[[Mapping[str, Any], tuple[str, ...], ActionContext[Any]], Awaitable[Feed | None]] | None = None
    """`(config, events, ctx)`: asks the vendor whether the app tells of all these events, so that no hook is needed.

    None when it does not, or when the vendor does not show that the connection reads what they are about.
    """


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a poll found. The same thing must have the same `delivery_id` however often it is found."""

    delivery_id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What one look brought: at most a page, in the order in which it happened."""

    items: tuple[Item, ...]
    cursor: Mapping[str, Any]
    """Where the next look begins; small JSON that only the provider reads."""
    more: bool = False
    """There is more already: look again at once."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Asks a vendor that does not tell by itself.

    Declares only what to ask; when, and that nothing comes twice, is the framework's business.
    """

    begin: Callable[[Mapping[str, Any], ActionContext[Any]], Awaitable[Mapping[str, Any]]]
    """`(config, ctx)`: the cursor from which on things count; what is there already is left out."""
    fetch: Callable[[Mapping[str, Any], Mapping[str, Any], ActionContext[Any]], Awaitable[Found]]
    """`(config, cursor, ctx)`: what is new since. May bring again what it brought before: an overlap for what the
    vendor shows late."""
    target: Callable[[Mapping[str, Any]], str]
    """What is asked: workflows with one connection and target share a poll, whoever was first gives its config."""
    every: float = 60.0
    """Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One kind of event that can start a workflow."""

    key: str
    title: str
    description: str
    config: type[BaseModel]
    kinds: tuple[str, ...]
    """The `Inbound.kind` values it listens to."""
    matches: Callable[[Inbound, Any], bool] = lambda _inbound, _config: True
    """`(inbound, config)`: whether this delivery starts the workflow. Pure."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """A payload as the vendor sends it: feeds the variable tree before the first real event."""
    example_config: Mapping[str, Any] = field(default_factory=dict)
    """What must be chosen for the example to match: the thing that it is about."""
    scopes: tuple[str, ...] = ()
    scopes_when: Mapping[str, Callable[[Mapping[str, Any]], bool]] = field(default_factory=dict)
    """Scopes that it needs beside `scopes` for some configs only, each with whether this one does. Pure; a draft's
    config may hold anything."""
    hooks: Hooks | None = None
    poll: Poll | None = None
    """For a vendor that has to be asked; never beside `hooks`."""

    def target(self, config: Mapping[str, Any]) -> str:
        """What its events hang on, shared by workflows that name the same; empty for an app's own events."""
        source = self.hooks or self.poll
        return source.target(config) if source is not None else ""

    def scopes_for(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """The scopes that it needs when it is configured so."""
        return (*self.scopes, *(scope for scope, needed in self.scopes_when.items() if needed(config)))

    @property
    def all_scopes(self) -> tuple[str, ...]:
        """The scopes that it may need."""
        return (*self.scopes, *self.scopes_when)
