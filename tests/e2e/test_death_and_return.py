"""Access that is revoked and comes back, in the browser: red at once, held, named, mended, gone on from the step."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.journey import Server, add_step, allow_in_popup, card, connect, control, insert_variable, posts, sign_in

SOON = 2_000
"""Milliseconds in which every open browser shows what has happened."""
NAME = "Ask and tell"
ISSUES = "/github/api/v3/repos/acme/web/issues"
POSTS = "/slack/api/chat.postMessage"


@pytest.fixture
def person(owner: Page) -> str:
    """The e-mail of the signed-in owner."""
    found = owner.get_by_text(re.compile(r"owner-\w+@acme\.test")).first.text_content()
    assert found
    return found.removeprefix("Acme ").strip()


@pytest.fixture
def second(shared_server: Server, new_context: Callable[..., BrowserContext], person: str) -> Page:
    """Another browser of the same person, with the integrations page open."""
    page = new_context().new_page()
    sign_in(shared_server, page, person)
    expect(card(page, "Slack")).to_be_visible()
    return page


def build(page: Page) -> None:
    """An issue, then a message about it: started by hand."""
    page.get_by_role("link", name="Workflows").first.click()
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(NAME)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()
    add_step(page, "Create an issue", "GitHub")
    page.get_by_role("combobox", name="Repository").click()
    page.get_by_role("option", name="acme/web").click()
    page.get_by_label("Title", exact=True).fill("From the hub")
    add_step(page, "Send a message to a channel", "Slack")
    page.get_by_role("combobox", name="Channel").click()
    page.get_by_role("option", name="triage").click()
    insert_variable(page, "Text", "steps.create_issue.output.title")
    page.get_by_label("Text", exact=True).press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def start_held_run(server: Server, page: Page, second: Page) -> None:
    """Run it, and revoke Slack at the vendor while the first step is under way."""
    build(page)
    # The vendor takes its time over the issue: long enough to revoke the other vendor's grant meanwhile.
    control(server, "faults", vendor="github", method="POST", path=f"{ISSUES}$", effect="delay", delay=3.0)
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("Running").first).to_be_visible()
    control(server, "revoke", vendor="slack", all=True)
    expect(card(second, "Slack").get_by_text("Needs reconnecting")).to_be_visible(timeout=SOON)


def test_revoked_during_a_run_held_and_finished_after_the_reconnect(
    shared_server: Server, owner: Page, second: Page
) -> None:
    connect(owner, "GitHub")
    connect(owner, "Slack")
    expect(card(second, "Slack").get_by_text("Connected", exact=True)).to_be_visible()
    issues, told_before = len(posts(shared_server, ISSUES)), len(posts(shared_server, POSTS))
    start_held_run(shared_server, owner, second)
    banner = second.get_by_role("alert").filter(has_text="Needs reconnecting")
    expect(banner).to_contain_text("1 run waits for it.")
    expect(banner.get_by_role("link", name=NAME)).to_be_visible()
    expect(owner.get_by_text("Held").first).to_be_visible()
    assert len(posts(shared_server, ISSUES)) == issues + 1
    with second.expect_popup() as popup:
        banner.get_by_role("button", name="Reconnect").click()
    popup.value.get_by_role("button", name="Allow").click()
    expect(card(second, "Slack").get_by_text("Connected", exact=True)).to_be_visible()
    expect(owner.get_by_text("Succeeded").first).to_be_visible()
    expect(banner).to_have_count(0)
    assert len(posts(shared_server, ISSUES)) == issues + 1, "the step before was called once"
    told = posts(shared_server, POSTS)[told_before:]
    accepted = [one for one in told if "From the hub" in json.dumps(one)]
    assert 1 <= len(accepted) <= 2  # at most one that the vendor refused, and the one that it took


def test_the_vendors_own_push_turns_the_card_red_while_nothing_runs(
    shared_server: Server, owner: Page, second: Page
) -> None:
    connect(owner, "Slack")
    expect(card(second, "Slack").get_by_text("Connected", exact=True)).to_be_visible()
    control(shared_server, "revoke", vendor="slack", all=True)
    expect(card(second, "Slack").get_by_text("Needs reconnecting")).to_be_visible(timeout=SOON)
    expect(card(owner, "Slack").get_by_text("Needs reconnecting")).to_be_visible(timeout=SOON)
    expect(owner.get_by_role("button", name="Needs attention: 1")).to_be_visible()


def test_workflows_move_to_another_connection_and_a_cut_one_stays_in_sight(shared_server: Server, owner: Page) -> None:
    connect(owner, "GitHub")
    connect(owner, "Slack")
    build(owner)
    owner.get_by_role("button", name="Publish").click()
    expect(owner.get_by_text("Version 1").first).to_be_visible()
    owner.goto(shared_server.address("/integrations"))
    shown = card(owner, "GitHub")
    shown.get_by_role("button", name="Disconnect").click()
    question = owner.get_by_role("alertdialog")
    expect(question).to_contain_text(NAME)
    question.get_by_role("link", name="Move them to another connection first").click()
    dialog = owner.get_by_role("dialog", name="Move workflows of octo-hub")
    expect(dialog).to_contain_text("There is no other connection of this service that works.")
    dialog.get_by_role("button", name="Leave them").click()

    owner.goto(shared_server.address("/integrations"))
    shown.get_by_role("button", name="Disconnect").click()
    question.get_by_role("button", name="Disconnect now").click()
    expect(shown.get_by_text("Named by 1 workflow")).to_be_visible()
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Connect", exact=True).click()
    popup.value.get_by_label("mona-lisa").check()
    popup.value.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("mona-lisa")).to_be_visible()
    shown.get_by_role("button", name="Move its workflows").click()
    expect(dialog.get_by_label("Connection to use instead")).to_have_value(re.compile("."))
    dialog.get_by_role("button", name="Move them").click()
    expect(dialog.get_by_role("status")).to_contain_text("1 workflow moved.")
    expect(dialog.get_by_role("listitem")).to_contain_text("New version is live.")
    dialog.get_by_role("button", name="Close").click()
    owner.goto(shared_server.address("/integrations"))
    expect(shown.get_by_text("Used by 1 workflow")).to_be_visible()
    expect(shown.get_by_text("octo-hub")).to_have_count(0)


def test_another_account_is_refused_and_then_switched_to_on_purpose(shared_server: Server, owner: Page) -> None:
    connect(owner, "GitHub")
    shown = card(owner, "GitHub")
    control(shared_server, "revoke", vendor="github", account="octo-hub")
    shown.get_by_role("button", name="Test connection").click()
    expect(shown.get_by_text("Needs reconnecting")).to_be_visible()
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Reconnect").click()
    window = popup.value
    window.get_by_label("mona-lisa").check()
    window.get_by_role("button", name="Allow").click()
    expect(window.get_by_role("alert")).to_contain_text("another account")
    expect(window.get_by_text("You allowed").last).to_contain_text("mona-lisa")
    expect(shown.get_by_text("Needs reconnecting")).to_be_visible()
    window.get_by_role("link", name="Switch this connection to another account").click()
    expect(window.get_by_role("heading", name="Switch octo-hub to another account?")).to_be_visible()
    window.get_by_role("button", name="Continue to GitHub").click()
    window.get_by_label("mona-lisa").check()
    window.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()
    expect(shown.get_by_text("mona-lisa")).to_be_visible()


def test_reconnecting_the_same_account_is_one_click(shared_server: Server, owner: Page) -> None:
    connect(owner, "GitHub")
    shown = card(owner, "GitHub")
    control(shared_server, "revoke", vendor="github", account="octo-hub")
    shown.get_by_role("button", name="Test connection").click()
    expect(shown.get_by_text("Needs reconnecting")).to_be_visible()
    banner = owner.get_by_role("alert").filter(has_text="octo-hub")
    allow_in_popup(owner, banner.get_by_role("button", name="Reconnect").click)
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()
    expect(banner).to_have_count(0)
