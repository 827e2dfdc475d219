"""The emulated vendors on a loopback port, and connections to them through a real door."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from integrations_app.kit.egress import Door, EgressPolicy, Passport
from integrations_app.kit.secret import Secret
from integrations_app.sandbox.serve import running_sandbox
from integrations_app.sdk.actions import Result
from integrations_app.sdk.context import Access, ActionContext
from integrations_app.sdk.forms import ChoicePage, ChoiceQuery, choices_of
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import registry
from integrations_app.sdk.waiting import Later


@dataclass
class Sandbox:
    """The control of the emulated vendors."""

    base: str
    http: httpx.Client

    def token(self, vendor: str, account: str = "", scopes: list[str] | None = None) -> str:
        """A token of an account with these scopes, or with the usual ones."""
        wanted = {"vendor": vendor, "account": account} | ({"scopes": scopes} if scopes is not None else {})
        return str(self.post("tokens", **wanted)["access_token"])

    def post(self, what: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.base}/_control/{what}", json=body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def fault(self, **fault: Any) -> None:
        self.post("faults", **fault)

    def settings(self, **changes: Any) -> None:
        assert self.http.patch(f"{self.base}/_control/settings", json=changes).is_success

    def sign_in(self, key: str, account: str) -> dict[str, Any]:
        """Go through the vendor's consent page and exchange the code; the vendor's token answer."""
        provider = registry().get(key)
        oauth, app = provider.oauth, provider.sandbox
        assert oauth is not None
        assert app is not None
        bases = provider.sandbox_addresses(self.base)
        web = bases["web"]
        back = f"http://localhost:3000/api/integrations/{key}/callback"
        asked = {"client_id": app.client_id, "redirect_uri": back, "state": "s"}
        asked["scope"] = oauth.scope_separator.join(oauth.default_scopes)
        decision = {**asked, "decision": "allow", "account": account}
        sent_back = self.http.post(web + oauth.authorize_path, data=decision)
        code = httpx.URL(sent_back.headers["location"]).params["code"]
        form = {"code": code, "redirect_uri": back, "grant_type": "authorization_code"}
        basic = oauth.client_auth == "client_secret_basic"
        form |= {} if basic else {"client_id": app.client_id, "client_secret": app.client_secret}
        answer = self.http.post(
            bases[oauth.token_base] + oauth.token_path,
            data=form,
            auth=httpx.BasicAuth(app.client_id, app.client_secret) if basic else httpx.Auth(),
            headers={"Accept": "application/json"},
        )
        found: dict[str, Any] = answer.json()
        return found

    def get(self, what: str, **query: str) -> Any:
        answer = self.http.get(f"{self.base}/_control/{what}", params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def requests(self, path: str, method: str = "") -> list[dict[str, Any]]:
        """What the vendors received, oldest first."""
        found = self.get("journal", path=path)["requests"]
        return [entry for entry in found if not method or entry["method"] == method]


@pytest.fixture(scope="session")
def sandbox_base() -> Iterator[str]:
    with running_sandbox() as base:
        yield base


@pytest.fixture
def sandbox(sandbox_base: str) -> Iterator[Sandbox]:
    """Fresh emulated vendors."""
    with httpx.Client(trust_env=False, timeout=30) as http:  # a busy machine is no failure
        made = Sandbox(sandbox_base, http)
        made.post("reset")
        yield made


@dataclass
class Connected:
    """A connection to one account, as the framework would open it."""

    provider: Provider
    access: Access
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def client(self) -> Any:
        return self.provider.open_client(self.access)

    def context(self, operation: str = "run-1:step", **more: Any) -> ActionContext[Any]:
        return ActionContext(
            client=self.client,
            operation_id=operation,
            settings=self.access.settings,
            now=datetime.now(UTC),
            started=self.started,
            **more,
        )

    async def run(self, action: str, operation: str = "run-1:step", **params: Any) -> Any:
        """Validate the parameters and run the action, as a step does."""
        found = self.provider.action(action)
        assert found is not None
        result = await found.run(found.params(**params), self.context(operation))
        if isinstance(result, Later):
            return result
        assert isinstance(result, Result)
        assert type(result).model_validate_json(result.model_dump_json()) == result
        return result

    async def find(self, action: str, operation: str = "run-1:step", **params: Any) -> Any:
        found = self.provider.action(action)
        assert found is not None
        assert found.find is not None
        return await found.find(found.params(**params), self.context(operation))

    async def choices(self, model: Any, name: str, search: str = "", **values: Any) -> ChoicePage:
        """Load a picker as the form does."""
        picker = choices_of(model, name)
        assert picker is not None
        return await picker.load(ChoiceQuery(search, values), self.context())

    def within(self, seconds: float) -> "Connected":
        """The same connection with another time limit for a call."""
        return replace(self, access=replace(self.access, deadline=seconds))


@pytest.fixture
async def door(sandbox_base: str) -> AsyncIterator[Door]:
    opened = Door(EgressPolicy.parse())
    yield opened
    await opened.aclose()


_NUMBERS = count()


@dataclass
class Connect:
    """Makes connections; every one has an id of its own, so that no picker's memory is shared."""

    door: Door
    sandbox: Sandbox

    def __call__(
        self, key: str, *, bases: dict[str, str] | None = None, settings: Any = None, **secrets: str
    ) -> Connected:
        provider = registry().get(key)
        found = bases if bases is not None else provider.sandbox_addresses(self.sandbox.base)
        origins = tuple("/".join(address.split("/")[:3]) for address in found.values())
        access = Access(
            organization_id="org-1",
            connection_id=f"connection-{next(_NUMBERS)}",
            secrets={name: Secret(value) for name, value in secrets.items()},
            bases=found,
            settings=settings if settings is not None else provider.settings(),
            extra={},
            door=self.door,
            passport=Passport(origins=origins),
            deadline=5.0,
        )
        return Connected(provider, access)


@pytest.fixture
def connect(door: Door, sandbox: Sandbox) -> Connect:
    return Connect(door, sandbox)
