"""The main job as a person does it: set up, connect two services, build a workflow, publish, see it run."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.e2e.journey import WORKFLOW, Server, build_workflow, card, connect, create_owner, open_issue, sign_in

WITHIN_TWO_SECONDS = 2_000


def expect_message_with_reaction(context: BrowserContext, server: Server, text: str) -> None:
    """The message and its reaction are visible in the vendor's own pages."""
    vendor = context.new_page()
    vendor.goto(f"{server.sandbox}/slack/workspaces/T0ACME001/channels/C0TRIAGE")
    message = vendor.get_by_role("article").filter(has_text=text)
    expect(message).to_have_count(1)
    expect(message.get_by_text(":eyes: 1")).to_be_visible()
    vendor.close()


def test_connect_build_run(server: Server, new_context: Callable[..., BrowserContext]) -> None:
    context, second = new_context(), new_context()
    page, watcher = context.new_page(), second.new_page()
    create_owner(server, page)
    sign_in(server, watcher)
    connect(page, "GitHub")
    connect(page, "Slack")
    for provider in ("GitHub", "Slack"):
        status = card(watcher, provider).get_by_text("Connected", exact=True)
        expect(status).to_be_visible(timeout=WITHIN_TWO_SECONDS)
    build_workflow(page)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published version 1")).to_be_visible()
    watcher.get_by_role("link", name="Runs").first.click()
    expect(watcher.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    open_issue(context, server, "The logo is upside down")
    row = watcher.get_by_role("row").filter(has_text=WORKFLOW)
    expect(row.get_by_text("Succeeded")).to_be_visible()
    expect_message_with_reaction(context, server, "New issue: The logo is upside down")
    row.get_by_role("link").first.click()
    steps = watcher.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(steps).to_have_count(2)
    for number in (0, 1):
        expect(steps.nth(number).get_by_text("Succeeded")).to_be_visible()
