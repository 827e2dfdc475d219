"""Every provider with OAuth and an emulation, and what a test of their tokens' lives does with each alike."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from integrations_app.connections.access import use
from integrations_app.connections.credentials import Connected, open_secrets
from integrations_app.connections.models import Connection
from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sdk.auth import OAuth2
from integrations_app.sdk.context import Account
from integrations_app.sdk.provider import Provider, SandboxApp
from integrations_app.sdk.registry import registry

RENEWABLE = [one.key for one in registry() if one.oauth is not None and one.sandbox is not None]


async def check(connected: Connected) -> Account:
    """A call that every provider has."""
    account: Account = await connected.provider.check(connected.client)
    return account


def offered_at(page: str) -> list[str]:
    """The accounts that a consent page offers, in its order."""
    found = re.findall(r'name="account"[^>]*value="([^"]+)"', page)
    return [*found, *re.findall(r'value="([^"]+)"[^>]*name="account"', page)]


@dataclass
class Case:
    """One provider, connected through its emulation with tokens that end."""

    world: Any
    provider: Provider
    oauth: OAuth2
    sandbox: SandboxApp
    connection_id: str = ""

    @property
    def organization_id(self) -> str:
        return str(self.world.owner.organization_id)

    @property
    def token_path(self) -> str:
        return self.sandbox.bases[self.oauth.token_base] + self.oauth.token_path

    @property
    def row(self) -> Connection:
        found: Connection = self.world.connection(self.connection_id)
        return found

    def secrets(self) -> dict[str, str]:
        """What is stored, in the clear."""
        hub = self.world.hub
        opened = hub.database.read_now(lambda session: open_secrets(hub, session, self.row))
        return {name: secret.reveal("a test compares") for name, secret in opened.items()}

    def renewals(self) -> list[dict[str, list[str]]]:
        """The refresh requests that arrived at the token endpoint."""
        sent = [parse_qs(str(call["body"])) for call in self.world.vendor.calls(self.token_path)]
        return [form for form in sent if form.get("grant_type") == ["refresh_token"]]

    def calls(self) -> int:
        """All requests that arrived at the vendor."""
        return len(self.world.vendor.calls(f"/{self.provider.key}/"))

    def expire(self, **more: Any) -> None:
        """Let every token end at the vendor now."""
        assert self.world.vendor.control("expire", vendor=self.provider.key, all=True, **more)["expired"]

    def fault(self, **fault: Any) -> None:
        """Plant a fault at the token endpoint."""
        self.world.vendor.control("faults", path=re.escape(self.token_path), **fault)

    def mend(self) -> None:
        """Remove every fault."""
        self.world.vendor.http.delete(f"{self.world.vendor.url}/_control/faults").raise_for_status()

    async def connect(self, scopes: tuple[str, ...] = (), account: str = "") -> None:
        """The whole way through the consent page, for the first account on it unless one is named."""
        again = {"connection_id": self.connection_id} if self.connection_id else {}
        url = await self.world.begin(self.provider.key, scopes=scopes, **again)
        offered = offered_at(self.world.vendor.http.get(url).text)
        account = self.row.account_id if again else account
        chosen = account if account in offered else offered[0]
        parts = urlsplit(url)
        answer = self.world.vendor.http.post(
            f"{parts.scheme}://{parts.netloc}{parts.path}",
            data=dict(parse_qsl(parts.query)) | {"account": chosen, "decision": "allow"},
        )
        sent_back = parse_qsl(urlsplit(answer.headers["location"]).query)
        outcome = await self.world.complete(sent_back, self.provider.key)
        assert outcome.ok, outcome
        self.connection_id = outcome.connection_id

    async def accounts(self) -> list[str]:
        """What the consent page offers; who is connected without a choice is the first."""
        return offered_at(self.world.vendor.http.get(await self.world.begin(self.provider.key)).text)

    async def use(self) -> Account:
        """One call, as a step makes it."""
        return await use(self.world.hub, self.organization_id, self.connection_id, check)


async def connected_case(world: Any, key: str, scopes: tuple[str, ...] = (), account: str = "") -> Case:
    """Connect `key` with every kind of rotation that its emulation knows."""
    provider = world.hub.registry.get(key)
    known = EMULATIONS[key].settings("")
    world.vendor.settings(**{key: {**known.harsh, **known.lenient}})
    assert provider.oauth is not None and provider.sandbox is not None
    case = Case(world, provider, provider.oauth, provider.sandbox)
    await case.connect(scopes, account)
    assert "refresh_token" in case.secrets(), "the emulation must be able to give tokens that end"
    return case
