"""The browser-facing safety: foreign links start nothing, and no secret is anywhere it must not be."""

import json
import re
import urllib.request
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from tests.e2e.journey import OWNER, Server, card, connect, create_owner

CANARY = "CNRY_client_secret_0123456789abcdef0123456789abcdef"


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


def issued_tokens(server: Server) -> set[str]:
    """Tokens that the product used towards the vendors."""
    used = re.findall(r"(?:Bearer|token) ([A-Za-z0-9_.-]{16,})", journal(server))
    return set(used)


def test_no_secret_is_left_anywhere(server: Server, new_context: Callable[..., BrowserContext]) -> None:
    context = new_context()
    page = context.new_page()
    received: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: received.append(str(payload)))

    page.on("websocket", listen)
    create_owner(server, page)
    connect(page, "GitHub")
    connect(page, "Slack")
    for provider in ("GitHub", "Slack"):
        card(page, provider).get_by_role("button", name="Test connection").click()
        expect(card(page, provider).get_by_role("status").filter(has_text="Signed in as")).to_be_visible()
    page.goto(server.address("/integrations/github"))
    page.get_by_role("tab", name="App", exact=True).click()
    page.get_by_label("Client id").fill("an-own-app")
    page.get_by_label("Client secret").fill(CANARY)
    page.get_by_role("button", name="Register app").click()
    expect(page.get_by_text("Registered.")).to_be_visible()

    cookie = next(one["value"] for one in context.cookies() if one["name"] == "__Host-integrations_session")
    setup_token = server.setup_url.partition("token=")[2]
    secrets = {CANARY, OWNER[1], cookie, *issued_tokens(server)}
    assert len(secrets) >= 5, "the journey used tokens of both vendors"
    stored = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    log = server.log.read_text(errors="replace")
    storage = json.dumps(page.evaluate("() => [{...localStorage}, {...sessionStorage}]"))
    places = {
        "the database": stored.decode("latin-1"),
        "the log": log,
        "the socket": "".join(received),
        "the page": page.content(),
        "browser storage": storage,
    }
    assert len(places["the socket"]) > 1000, "frames were recorded"
    found = [name for name, text in places.items() for secret in secrets if secret in text]
    assert not found
    assert setup_token not in places["the database"]
