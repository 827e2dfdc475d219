"""The browser-facing safety: foreign links start nothing, and no secret is anywhere it must not be."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from integrations_app.cli.needles import Needles
from tests.e2e.conftest import launched
from tests.e2e.journey import (
    OWNER,
    WORKFLOW,
    Server,
    build_workflow,
    card,
    connect,
    create_owner,
    open_issue,
)

CANARY = "CNRY_client_secret_0123456789abcdef0123456789abcdef"
TYPED = "CNRY_bearer_token_fedcba9876543210fedcba9876543210"


NOBODY = "127.0.0.1:8099"
"""Where nobody listens, though the operator allows to call there."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has set up yet, and that may call NOBODY."""
    with launched(tmp_path, INTEGRATIONS_EGRESS_ALLOW=NOBODY) as running:
        yield running


def test_a_link_on_a_foreign_site_starts_nothing(server: Server, page: Page) -> None:
    create_owner(server, page)
    authorize = server.address("/api/integrations/github/authorize?mode=redirect")
    foreign = page.context.new_page()
    foreign.goto(f"{server.sandbox}/")
    foreign.evaluate("url => { location.href = url }", authorize)
    expect(foreign.get_by_role("heading", name="Connect GitHub to Acme?")).to_be_visible()
    page.reload()
    expect(card(page, "GitHub").get_by_text("Not connected")).to_be_visible()


def journal(server: Server) -> str:
    """Every request that the emulated vendors saw."""
    with urllib.request.urlopen(f"{server.sandbox}/_control/journal", timeout=5) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


def used_secrets(server: Server) -> set[str]:
    """Tokens that the product used towards the vendors, and the secret of the hook that it registered."""
    seen = journal(server)
    tokens = re.findall(r"(?:Bearer|token) ([A-Za-z0-9_.-]{16,})", seen)
    hooks = re.findall(r'\\"secret\\":\s*\\"([^"\\]{16,})', seen)
    assert len(set(tokens)) >= 2, "the journey used tokens of both vendors"
    assert hooks, "the journey registered a hook"
    return {*tokens, *hooks}


def walk_through(server: Server, page: Page) -> None:
    """Everything that has to do with a secret: connect, test, own app, typed secrets, publish, an event, a run."""
    create_owner(server, page)
    connect(page, "GitHub")
    connect(page, "Slack")
    for provider in ("GitHub", "Slack"):
        card(page, provider).get_by_role("button", name="Test connection").click()
        expect(card(page, provider).get_by_role("status").filter(has_text="Signed in as")).to_be_visible()
    page.goto(server.address("/integrations/webhook"))
    page.get_by_label("How to connect").select_option(label="Bearer token")
    page.get_by_label("Token").fill(TYPED)
    page.get_by_label("Base URL").fill("http://127.0.0.2:8099/hooks")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="(loopback)")).to_be_visible()
    page.get_by_label("Token").fill(TYPED)
    page.get_by_label("Base URL").fill(f"http://{NOBODY}/hooks")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("cannot be reached").first).to_be_visible()
    page.goto(server.address("/integrations"))
    build_workflow(page)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published version 1")).to_be_visible()
    open_issue(page.context, server, "Nothing to see here")
    page.goto(server.address("/runs"))
    row = page.get_by_role("row").filter(has_text=WORKFLOW)
    expect(row.get_by_text("Succeeded")).to_be_visible()
    row.get_by_role("link").first.click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()
    page.goto(server.address("/integrations/github"))
    page.get_by_role("tab", name="App", exact=True).click()
    page.get_by_label("Client id").fill("an-own-app")
    page.get_by_label("Client secret").fill(CANARY)
    page.get_by_role("button", name="Register app").click()
    expect(page.get_by_text("Registered.")).to_be_visible()


def test_no_secret_is_left_anywhere(server: Server, new_context: Callable[..., BrowserContext]) -> None:
    context = new_context()
    page = context.new_page()
    received: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: received.append(str(payload)))

    page.on("websocket", listen)
    walk_through(server, page)
    cookie = next(one["value"] for one in context.cookies() if one["name"] == "__Host-integrations_session")
    wanted = Needles()
    for number, secret in enumerate({CANARY, TYPED, OWNER[1], cookie, *used_secrets(server)}):
        wanted.add(secret.encode(), f"secret {number}")
    wanted.add(server.setup_url.partition("token=")[2].encode(), "the setup token")
    storage = json.dumps(page.evaluate("() => [{...localStorage}, {...sessionStorage}]"))
    places = {
        "the socket": "".join(received).encode(),
        "the page": page.content().encode(),
        "browser storage": storage.encode(),
        **{str(path): path.read_bytes() for path in server.data.rglob("*") if path.is_file()},
    }
    assert len(places["the socket"]) > 1000, "frames were recorded"
    assert {name: wanted.find(text) for name, text in places.items() if wanted.find(text)} == {}
    log = server.log.read_bytes()
    assert wanted.find(log) <= {"the setup token"}, "the banner prints that one, for the owner to be"
