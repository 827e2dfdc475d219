"""What the sandbox has to be told of an emulated vendor: each folder says it in its own `emulation.py`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from starlette.routing import BaseRoute

from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World


class AnyToken(Protocol):
    """What every vendor's tokens have; unix seconds, 0 for never."""

    value: str
    expires_at: float


T = TypeVar("T", bound=AnyToken)


def _nothing(*_: Any) -> None:
    return


@dataclass(frozen=True)
class Emulation(Generic[T]):
    """One emulated vendor."""

    key: str
    """Its folder, and the first part of its addresses."""
    name: str
    summary: str
    """What its inspector pages show."""
    open_paths: Sequence[str]
    """Beginnings of the paths below the key that answer like the vendor, to anybody; the rest is for this machine."""
    routes: Sequence[BaseRoute]
    seed: Callable[[float], Any]
    """Its state at a moment in unix seconds, of a type of its own: `World.state` finds it by that type."""
    settings: Callable[[str], VendorSettings]
    """What tests may change about it; is given the address for events of its apps."""
    apps: Callable[[str], Sequence[App]]
    """The OAuth apps that exist from the start; is given the address for their events."""
    hand_out: Callable[[World, str, list[str] | None], dict[str, str]]
    """`access_token`, and `refresh_token` when there is one, of an account (empty: the first) with scopes (None: all).

    Raises WrongCall for an account that there is not.
    """
    tokens: Callable[[World], Iterable[T]]
    account_of: Callable[[T], str]
    end_refresh: Callable[[World, T], None]
    """End the refresh token that belongs to a token."""
    revoke: Callable[[World, str, Sequence[T], bool], int]
    """Revoke tokens as a person does at the vendor, with its events; how many lived.

    Is given the address where the vendor's pages begin, and whether the app is removed as well.
    """
    control: Sequence[BaseRoute] = ()
    """JSON calls for tests below `_control/KEY/`: what a person does at the vendor, and what it holds."""
    bookkeeping: frozenset[str] = frozenset()
    """Names of the parts of its state that tell who came and who was told: no part of what an action does."""
    app_registered: Callable[[World, App], None] = _nothing
    settings_changed: Callable[[World, VendorSettings], None] = _nothing
    """Is given the settings before."""
