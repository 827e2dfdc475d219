"""An old run, opened in the editor."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_editing import step
from tests.e2e.test_versions import published, say


def test_an_old_run_opens_in_the_editor_with_its_data_pinned(owner: Page, shared_server: Server) -> None:
    page = owner
    published(page, shared_server, "Old run")
    page.get_by_role("button", name="Run with data…").click()
    dialog = page.get_by_role("dialog", name="Run with data")
    dialog.get_by_label("Data of the trigger as JSON").fill('{"who": "Ada"}')
    dialog.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("link", name="Open the run").click()
    page.get_by_role("button", name="Open in editor").click()
    expect(page.get_by_role("status", name="Run")).to_contain_text("Succeeded")
    expect(step(page, "Manually").get_by_label("Pinned data")).to_be_visible()
    step(page, "Stop stop").click()
    say(page, "By {{ trigger.who }}")
    expect(page.get_by_role("note", name="Result of Message")).to_have_text("By Ada")
