"""Everything the sandbox holds in memory, and the way back to its seed."""

from collections.abc import Callable

from integrations_app.sandbox.deliver import Courier
from integrations_app.sandbox.faults import Faults
from integrations_app.sandbox.github.seed import seed_github
from integrations_app.sandbox.github.state import GitHub
from integrations_app.sandbox.journal import Journal
from integrations_app.sandbox.oauth import App, Codes, seed_apps
from integrations_app.sandbox.salesforce.seed import seed_salesforce
from integrations_app.sandbox.salesforce.state import Salesforce
from integrations_app.sandbox.settings import Settings
from integrations_app.sandbox.slack.seed import seed_slack
from integrations_app.sandbox.slack.state import Slack


class World:
    """State of all emulated vendors; `clock` gives unix seconds, `token_source(n)` n random bytes as text."""

    apps: dict[tuple[str, str], App]
    codes: Codes
    settings: Settings
    slack: Slack
    github: GitHub
    salesforce: Salesforce

    def __init__(self, clock: Callable[[], float], token_source: Callable[[int], str], events_url: str) -> None:
        self.clock = clock
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
        self.apps = seed_apps(self._events_url.replace("{vendor}", "slack"))
        self.codes = Codes()
        self.settings = Settings()
        self.settings.github.app_webhook_url = self._events_url.replace("{vendor}", "github")
        self.slack = seed_slack(self.clock())
        self.github = seed_github(self.clock())
        self.salesforce = seed_salesforce(self.clock())

    def new_token(self, length: int) -> str:
        """Random letters and digits, which is what the vendors' tokens are made of."""
        found = ""
        while len(found) < length:
            found += "".join(char for char in self._token_source(length) if char.isalnum())
        return found[:length]

    def app(self, vendor: str, client_id: str) -> App | None:
        """The registered OAuth app, if there is one."""
        return self.apps.get((vendor, client_id))
