"""What people do again and again in browser tests, by role and label."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from integrations_app.assembly import open_hub
from integrations_app.kit.secret import Secret
from integrations_app.organizations.service import create_user
from integrations_app.settings import load_settings

WORKFLOW = "Tell the channel about new issues"
OWNER = ("owner@acme.test", "correct horse battery staple")


@dataclass
class Server:
    """The product as a person starts it."""

    url: str
    sandbox: str
    setup_url: str
    data: Path
    log: Path

    def address(self, path: str) -> str:
        """A page of the product."""
        return self.url + path


def control(server: Server, what: str, verb: str = "POST", /, **body: Any) -> Any:
    """Tell the emulated vendors what to do, or ask what they saw."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{server.sandbox}/_control/{what}",
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
        method=verb,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read() or b"{}")


def posts(server: Server, path: str) -> list[dict[str, Any]]:
    """The POSTs that the vendors received below a path."""
    found = control(server, f"journal?path={path}", "GET")["requests"]
    return [one for one in found if one["method"] == "POST"]


def create_owner(server: Server, page: Page) -> None:
    """Walk through `/setup` as the start-up banner says."""
    page.goto(server.setup_url)
    page.get_by_label("Organization").fill("Acme")
    page.get_by_label("Email").fill(OWNER[0])
    page.get_by_label("Password", exact=True).fill(OWNER[1])
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/integrations")


def create_person(server: Server, email: str, *, organization: str, role: str = "owner") -> None:
    """Create somebody, as the command line does, while the server runs; the organisation is made when it is new."""
    hub = open_hub(load_settings(data_dir=server.data))
    password_hash = hub.passwords.hash_now(Secret(OWNER[1]))
    hub.database.write_now(
        lambda session: create_user(
            session,
            hub.keyring,
            email=email,
            organization=organization,
            role=role,
            password_hash=password_hash,
            now=hub.clock(),
            new_id=hub.new_id,
        )
    )
    hub.passwords.close()
    hub.database.close()


def sign_in(server: Server, page: Page, email: str = OWNER[0], password: str = OWNER[1]) -> None:
    """Sign in on the plain page."""
    page.goto(server.address("/login"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/integrations")


def allow_in_popup(page: Page, click: Callable[[], None], decision: str = "Allow") -> None:
    """Open the vendor's consent page by `click` and decide there."""
    with page.expect_popup() as opened:
        click()
    opened.value.get_by_role("button", name=decision).click()


def card(page: Page, provider: str) -> Locator:
    """The card of a provider on the integrations page."""
    return page.get_by_role("article", name=provider)


def connect(page: Page, provider: str) -> None:
    """Connect a provider from its card through the vendor's consent page."""
    shown = card(page, provider)
    allow_in_popup(page, lambda: shown.get_by_role("button", name="Connect").click())
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()
    expect(shown.get_by_text("Sandbox", exact=True)).to_be_visible()


def add_step(page: Page, action: str, group: str) -> None:
    """Add a step of a group (a provider) through the picker."""
    page.get_by_role("button", name="Add step").click()
    picker = page.get_by_role("dialog", name="Add a step")
    section = picker.get_by_role("region", name=group, exact=True)
    section.get_by_role("button").filter(has=page.get_by_text(action, exact=True)).click()
    panel = page.get_by_role("region", name="Step", exact=True)
    expect(panel.get_by_role("heading", name=action)).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def insert_variable(page: Page, field: str, path: str) -> None:
    """Put a variable into a field through its tree."""
    page.get_by_role("button", name=f"Insert variable into {field}").click()
    variables = page.get_by_role("dialog", name=f"Variables for {field}")
    variables.get_by_role("searchbox").fill(path)
    variables.get_by_role("button", name=path).first.click()


def build_workflow(page: Page) -> None:
    """When an issue is opened, tell a channel, then mark that message with a reaction."""
    page.get_by_role("link", name="Workflows").first.click()
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(WORKFLOW)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    steps = page.get_by_role("list", name="Steps")
    expect(steps).to_be_visible()
    page.get_by_role("combobox", name="Trigger").select_option(label="GitHub: Issue changes")
    repository = page.get_by_role("combobox", name="Repository")
    repository.click()
    page.get_by_role("option", name="acme/web").click()
    add_step(page, "Send a message to a channel", "Slack")
    channel = page.get_by_role("combobox", name="Channel")
    channel.click()
    page.get_by_role("option", name="triage").click()
    page.get_by_label("Text", exact=True).fill("New issue: ")
    insert_variable(page, "Text", "trigger.issue.title")
    add_step(page, "Add a reaction to a message", "Slack")
    for field, path in (
        ("Channel", "steps.send_message.output.channel"),
        ("Message", "steps.send_message.output.ts"),
    ):
        insert_variable(page, field, path)
    page.get_by_label("Emoji", exact=True).fill("eyes")
    page.get_by_label("Emoji", exact=True).press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def open_issue(context: BrowserContext, server: Server, title: str) -> None:
    """A person opens an issue at the vendor."""
    vendor = context.new_page()
    vendor.goto(f"{server.sandbox}/github/acme/web")
    vendor.get_by_label("Title").fill(title)
    vendor.get_by_label("Body").fill("Steps to reproduce: none yet.")
    vendor.get_by_role("button", name="Create issue").click()
    expect(vendor.get_by_role("heading", name=title)).to_be_visible()
    vendor.close()
