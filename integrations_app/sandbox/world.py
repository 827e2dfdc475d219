"""Everything the sandbox holds in memory, and the way back to its seed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from integrations_app.sandbox.deliver import Courier
from integrations_app.sandbox.faults import Faults
from integrations_app.sandbox.journal import Journal
from integrations_app.sandbox.oauth import App, Codes
from integrations_app.sandbox.settings import Settings, VendorSettings

S = TypeVar("S")


class Vendor(Protocol):
    """What the world is seeded from."""

    @property
    def key(self) -> str:
        """Its folder."""

    @property
    def seed(self) -> Callable[[float], Any]:
        """Makes its state."""

    @property
    def settings(self) -> Callable[[str], VendorSettings]:
        """Makes its settings."""

    @property
    def apps(self) -> Callable[[str], Sequence[App]]:
        """Makes its apps."""


class World:
    """State of all emulated vendors; `clock` gives unix seconds, `token_source(n)` n random bytes as text."""

    apps: dict[tuple[str, str], App]
    codes: Codes
    settings: Settings
    states: dict[str, Any]
    """By the vendor's key."""

    def __init__(
        self,
        vendors: Iterable[Vendor],
        clock: Callable[[], float],
        token_source: Callable[[int], str],
        events_url: str,
    ) -> None:
        self.clock = clock
        self._vendors = tuple(vendors)
        self._token_source = token_source
        self.faults = Faults()
        self.journal = Journal()
        self.courier = Courier()
        self._events_url = events_url
        self.reset()

    def reset(self) -> None:
        """Forget everything and seed again; deliveries under way are given up."""
        self.courier.cancel()
        self.faults.clear()
        self.journal.clear()
        self.codes = Codes()
        hears = {one.key: self._events_url.replace("{vendor}", one.key) for one in self._vendors}
        apps = [app for one in self._vendors for app in one.apps(hears[one.key])]
        self.apps = {(app.vendor, app.client_id): app for app in apps}
        self.settings = Settings({one.key: one.settings(hears[one.key]) for one in self._vendors})
        self.states = {one.key: one.seed(self.clock()) for one in self._vendors}

    def state(self, kind: type[S]) -> S:
        """The state of the vendor that keeps it in this type. Raises LookupError."""
        for one in self.states.values():
            if isinstance(one, kind):
                return one
        raise LookupError(kind.__name__)

    def new_token(self, length: int) -> str:
        """Random letters and digits, which is what the vendors' tokens are made of."""
        found = ""
        while len(found) < length:
            found += "".join(char for char in self._token_source(length) if char.isalnum())
        return found[:length]

    def app(self, vendor: str, client_id: str) -> App | None:
        """The registered OAuth app, if there is one."""
        return self.apps.get((vendor, client_id))
