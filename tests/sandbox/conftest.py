"""A running sandbox on a real loopback port, reset for every test, and a receiver for its deliveries."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from integrations_app.sandbox.serve import running_sandbox, serving
from integrations_app.sdk.registry import registry


@dataclass
class Sandbox:
    """The running sandbox and the few calls that many tests make."""

    url: str
    http: httpx.Client

    def control(self, path: str, /, **body: Any) -> dict[str, Any]:
        """A control call that must succeed."""
        answer = self.http.post(f"/_control/{path}", json=body)
        answer.raise_for_status()
        return dict(answer.json())

    def settings(self, **changes: Any) -> None:
        """Change settings."""
        self.http.patch("/_control/settings", json=changes).raise_for_status()

    def token(self, vendor: str, account: str = "", scopes: list[str] | None = None) -> str:
        """A token without a consent page."""
        return str(self.control("tokens", vendor=vendor, account=account, scopes=scopes)["access_token"])

    def consent(self, vendor: str, account: str, **query: str) -> dict[str, str]:
        """Press Allow and read the parameters of the redirect."""
        provider = registry().get(vendor)
        assert provider.oauth is not None
        path = provider.sandbox_addresses("")["web"] + provider.oauth.authorize_path
        assert self.http.get(path, params=query).status_code == 200
        answer = self.http.post(path, data=query | {"account": account, "decision": "allow"})
        assert answer.status_code == 303, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def slack(self, method: str, token: str, **args: Any) -> dict[str, Any]:
        """A Web API call with a JSON body."""
        headers = {"Authorization": f"Bearer {token}"}
        return dict(self.http.post(f"/slack/api/{method}", json=args, headers=headers).json())

    def github(self, method: str, path: str, token: str, **kwargs: Any) -> httpx.Response:
        """A REST call."""
        headers = {"Authorization": f"Bearer {token}"} | kwargs.pop("headers", {})
        return self.http.request(method, f"/github/api/v3{path}", headers=headers, **kwargs)

    def journal(self, vendor: str, path: str = "") -> list[dict[str, Any]]:
        """What the sandbox received."""
        answer = self.http.get("/_control/journal", params={"vendor": vendor, "path": path})
        return list(answer.json()["requests"])


@dataclass
class Receiver:
    """Keeps what was delivered; answers with the statuses of `script`, then 200."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    script: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def accept(self, request: Request) -> Response:
        """One delivery; echoes a Slack challenge."""
        body = await request.body()
        self.received.append((dict(request.headers), body))
        status = self.script.pop(0) if self.script else 200
        if b'"url_verification"' in body:
            return JSONResponse(await request.json(), status)
        return PlainTextResponse("ok", status, self.headers)


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    with running_sandbox() as url:
        yield url


@pytest.fixture
def sandbox(sandbox_url: str) -> Iterator[Sandbox]:
    with httpx.Client(base_url=sandbox_url, trust_env=False) as http:
        found = Sandbox(sandbox_url, http)
        found.control("reset")
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    app = Starlette(routes=[Route("/in", found.accept, methods=["POST"])])
    with serving(app) as port:
        found.url = f"http://127.0.0.1:{port}/in"
        yield found
