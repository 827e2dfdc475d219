"""What publishing changes, in words, and older versions that come back."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_accessibility import SCHEMES, in_scheme, violations
from tests.e2e.test_editing import new_workflow, pick, shows


def say(page: Page, message: str) -> None:
    """Write the message of the Stop step, which is selected."""
    field = page.get_by_role("textbox", name="Message (optional)")
    field.fill(message)
    field.press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def published(page: Page, server: Server, name: str) -> None:
    """A workflow that stops, published as version 1."""
    new_workflow(page, server, name)
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "end the run here")
    say(page, "First")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published version 1")).to_be_visible()


def more(page: Page, name: str) -> None:
    """Choose in the menu of the workflow."""
    page.get_by_role("button", name="More for this workflow").click()
    page.get_by_role("menuitem", name=name).click()


def both_themes(page: Page) -> None:
    for scheme in SCHEMES:
        in_scheme(page, scheme)
        assert violations(page) == []


def publish_again(page: Page, number: int) -> None:
    """Publish what was changed."""
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog", name="Publish a new version").get_by_role("button", name="Publish changes").click()
    expect(page.get_by_text(f"Published version {number}")).to_be_visible()


def test_any_two_versions_are_compared(owner: Page, shared_server: Server) -> None:
    page = owner
    published(page, shared_server, "Two of three")
    for number, message in enumerate(("Second", "Third"), 2):
        say(page, message)
        publish_again(page, number)
    say(page, "Draft")
    more(page, "Versions")
    versions = page.get_by_role("dialog", name="Versions")
    changes = versions.get_by_role("list", name="Changes")
    expect(versions.get_by_label("Compare with")).to_have_value("0")
    versions.get_by_role("button", name="Compare version 2").click()
    expect(versions).to_contain_text("From version 2 to the draft:")
    expect(changes).to_contain_text("message: Second → Draft")
    versions.get_by_label("Compare with").select_option("Version 1")
    expect(versions).to_contain_text("From version 1 to version 2:")
    expect(changes).to_contain_text("message: First → Second")
    expect(versions.get_by_role("button", name="Compare version 1")).to_be_disabled()
    versions.get_by_role("button", name="Compare version 3").click()
    expect(changes).to_contain_text("message: First → Third")
    both_themes(page)
    versions.get_by_label("Compare with").select_option("Version 3 (live)")
    expect(changes).to_have_count(0)
    versions.get_by_role("button", name="Compare version 1").click()
    expect(changes).to_contain_text("message: First → Third")
    versions.get_by_role("button", name="Compare version 1").click()
    expect(changes).to_have_count(0)


def test_publishing_shows_what_changed_and_an_older_version_comes_back(owner: Page, shared_server: Server) -> None:
    page = owner
    published(page, shared_server, "Changing")
    say(page, "Second")
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "wait some seconds")
    page.get_by_role("button", name="Publish").click()
    dialog = page.get_by_role("dialog", name="Publish a new version")
    changes = dialog.get_by_role("list", name="Changes")
    expect(changes).to_contain_text("Step Stop changed")
    expect(changes).to_contain_text("message: First → Second")
    expect(changes).to_contain_text("Step Wait added")
    both_themes(page)
    dialog.get_by_role("button", name="Publish changes").click()
    expect(page.get_by_text("Published version 2")).to_be_visible()
    more(page, "Versions")
    versions = page.get_by_role("dialog", name="Versions")
    versions.get_by_role("button", name="Compare version 1").click()
    expect(versions.get_by_role("list", name="Changes")).to_contain_text("Step Wait added")
    both_themes(page)
    versions.get_by_role("button", name="Restore version 1 as draft").click()
    expect(versions).to_have_count(0)
    shows(page, ["Manually", "Stop"])
    page.get_by_role("button", name="Undo").click()
    shows(page, ["Manually", "Stop", "Wait"])
