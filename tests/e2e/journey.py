"""What people do again and again in browser tests, by role and label."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

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


def create_owner(server: Server, page: Page) -> None:
    """Walk through `/setup` as the start-up banner says."""
    page.goto(server.setup_url)
    page.get_by_label("Organization").fill("Acme")
    page.get_by_label("Email").fill(OWNER[0])
    page.get_by_label("Password", exact=True).fill(OWNER[1])
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/integrations")


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
