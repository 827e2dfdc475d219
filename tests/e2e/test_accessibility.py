"""axe finds nothing on any page, in both themes; nothing overflows on a phone."""

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.journey import WORKFLOW, Server, build_workflow, connect, create_owner, sign_in

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = """
new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => Promise.allSettled(
  document.getAnimations()
    .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))
    .map(one => one.finished)
)).then(() => axe.run(document, {resultTypes: ['violations']})).then(found => found.violations.map(
  one => one.id + ': ' + one.nodes.map(node => node.target).join(' ; ')
))
"""
"""What appears is looked at when it is drawn and all there: half-way in, or out of the other theme, it is paler."""
PHONE = 390
PAGES = {
    "/integrations": "Integrations",
    "/integrations/github": "GitHub",
    "/integrations/webhook": "Webhook",
    "/workflows": "Workflows",
    "/runs": "Runs",
    "/events": "Events",
    "/audit": "Audit",
    "/settings": "Settings",
    "/api/v1/docs": "REST API v1",
}


def violations(page: Page) -> list[str]:
    """What axe has to say; it enters through the debugger because the policy keeps foreign scripts out."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE})
    answer = session.send("Runtime.evaluate", {"expression": RUN, "awaitPromise": True, "returnByValue": True})
    session.detach()
    return list(answer["result"]["value"])


def in_scheme(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Switch the system's theme, and wait until the page has followed."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("html")).to_have_class(re.compile(rf"\b{scheme}\b"))


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_violations(server: Server, new_context: Callable[..., BrowserContext], scheme: str) -> None:
    page = new_context(color_scheme=scheme, reduced_motion="reduce").new_page()
    page.goto(server.setup_url)
    assert violations(page) == []
    create_owner(server, page)
    connect(page, "GitHub")
    connect(page, "Slack")
    for path, heading in PAGES.items():
        page.goto(server.address(path))
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_editor_and_run_have_no_violations(
    shared_server: Server, somebody: str, new_context: Callable[..., BrowserContext], scheme: str
) -> None:
    page = new_context(color_scheme=scheme, reduced_motion="reduce").new_page()
    sign_in(shared_server, page, somebody)
    connect(page, "GitHub")
    connect(page, "Slack")
    build_workflow(page)
    assert violations(page) == [], "the editor with a step's panel"
    page.get_by_role("button", name="Add step").click()
    expect(page.get_by_role("dialog", name="Add a step")).to_be_visible()
    assert violations(page) == [], "the step picker"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    canvas = page.get_by_role("region", name="Canvas", exact=True)
    canvas.get_by_role("button", name="Send a message to a channel Succeeded").click()
    expect(page.get_by_role("region", name="In this run")).to_be_visible()
    assert violations(page) == [], "the canvas and a step's data after a run"
    page.goto(shared_server.address("/runs"))
    page.get_by_role("row").filter(has_text=WORKFLOW).get_by_role("link").first.click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()
    assert violations(page) == [], "the run"


def test_nothing_overflows_on_a_phone(
    shared_server: Server, somebody: str, new_context: Callable[..., BrowserContext], page: Page
) -> None:
    sign_in(shared_server, page, somebody)
    connect(page, "GitHub")
    connect(page, "Slack")
    build_workflow(page)
    phone = new_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(shared_server, phone, somebody)
    for path, heading in PAGES.items():
        phone.goto(shared_server.address(path))
        expect(phone.get_by_role("heading", name=heading, level=1)).to_be_visible()
        assert width_of(phone) <= PHONE, path
    phone.goto(page.url)
    expect(phone.get_by_role("list", name="Steps")).to_be_visible()
    assert width_of(phone) <= PHONE, "the editor"
    phone.get_by_role("radio", name="Canvas").click()
    expect(phone.get_by_role("region", name="Canvas", exact=True)).to_be_visible()
    assert width_of(phone) <= PHONE, "the canvas"


def width_of(page: Page) -> int:
    """How wide the page really is, in CSS pixels."""
    return int(page.evaluate("() => document.documentElement.scrollWidth"))
