"""Pinned data in the editor: written, marked, used by samples and by Run now, and let go; and Run with data."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.journey import Server, sign_in
from tests.e2e.test_accessibility import SCHEMES, in_scheme, violations
from tests.e2e.test_editing import new_workflow, pick


def stopping(page: Page, server: Server, name: str) -> None:
    """A workflow that ends with a message read from its trigger."""
    new_workflow(page, server, name)
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "end the run here")
    message = page.get_by_role("textbox", name="Message (optional)")
    message.fill("By {{ trigger.who }}")
    message.press("Tab")
    expect(page.get_by_role("note", name="Result of Message")).to_have_text("No sample for trigger.who yet.")


def test_pinned_data_is_marked_shown_and_run_with(owner: Page, shared_server: Server) -> None:
    page = owner
    stopping(page, shared_server, "Pinned")
    outline = page.get_by_role("list", name="Steps")
    outline.get_by_role("button", name="Manually Trigger").click()
    page.locator("summary", has_text="Sample data").click()
    written = page.get_by_role("textbox", name="Sample data as JSON")
    written.fill("[1]")
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("status", name="Sample data")).to_have_text("the trigger's data is an object, such as {}")
    written.fill('{"who": "Ada"')
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("status", name="Sample data")).to_contain_text("Line 1, column 14: this is no JSON")
    written.fill('{"who": "Ada"}')
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(outline.get_by_label("Pinned data")).to_have_count(1)
    for scheme in SCHEMES:
        in_scheme(page, scheme)
        assert violations(page) == []
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("With the pinned data.")).to_be_visible()
    outline.get_by_role("button", name="Stop stop").click()
    expect(page.get_by_role("note", name="Result of Message")).to_have_text("By Ada")
    outline.get_by_role("button", name="Manually Trigger").click()
    page.locator("summary", has_text="Sample data").click()
    page.get_by_role("button", name="Unpin").click()
    expect(outline.get_by_label("Pinned data")).to_have_count(0)


def test_run_with_data_checks_it_and_may_pin_it(owner: Page, shared_server: Server) -> None:
    page = owner
    stopping(page, shared_server, "With data")
    page.get_by_role("button", name="Run with data…").click()
    dialog = page.get_by_role("dialog", name="Run with data")
    dialog.get_by_label("Data of the trigger as JSON").fill("[]")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog.get_by_role("status", name="Data")).to_have_text('Write an object, such as {"id": 1}.')
    dialog.get_by_label("Data of the trigger as JSON").fill('{"who": "Grace"}')
    dialog.get_by_label("Pin it for tests and later runs").check()
    assert violations(page) == []
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("status", name="Run")).to_contain_text("Succeeded")
    expect(page.get_by_role("note", name="Result of Message")).to_have_text("By Grace")


def test_what_one_pins_another_sees(
    shared_server: Server, somebody: str, new_context: Callable[..., BrowserContext]
) -> None:
    first, second = new_context().new_page(), new_context().new_page()
    sign_in(shared_server, first, somebody)
    sign_in(shared_server, second, somebody)
    stopping(first, shared_server, "Together")
    second.goto(first.url)
    outline = second.get_by_role("list", name="Steps")
    expect(outline).to_be_visible()
    first.get_by_role("list", name="Steps").get_by_role("button", name="Manually Trigger").click()
    first.locator("summary", has_text="Sample data").click()
    first.get_by_role("textbox", name="Sample data as JSON").fill('{"who": "Ada"}')
    first.get_by_role("button", name="Pin", exact=True).click()
    expect(outline.get_by_role("button", name="Manually Trigger").get_by_label("Pinned data")).to_be_visible()
