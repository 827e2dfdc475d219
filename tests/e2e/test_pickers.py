"""Fields with a line for each of several: what the vendor has is offered, chosen, and taken out again."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, add_step, connect
from tests.e2e.test_accessibility import violations
from tests.e2e.test_consent import new_workflow


def test_labels_are_chosen_from_the_repository(owner: Page, shared_server: Server) -> None:
    page = owner
    connect(page, "GitHub")
    new_workflow(page, shared_server, "Report")
    add_step(page, "Create an issue", "GitHub")
    page.get_by_role("button", name="Choose for Labels").click()
    offered = page.get_by_role("dialog", name="Choices for Labels")
    expect(offered).to_contain_text("repository: is missing")
    page.keyboard.press("Escape")
    expect(offered).to_have_count(0)
    page.get_by_role("combobox", name="Repository").click()
    page.get_by_role("option", name="acme/web").click()
    labels = page.get_by_role("textbox", name="Labels")
    page.get_by_role("button", name="Choose for Labels").click()
    for name in ("bug", "question"):
        offered.get_by_role("button", name=name).click()
        expect(offered.get_by_role("button", name=name, pressed=True)).to_be_visible()
    expect(labels).to_have_value("bug\nquestion")
    assert violations(page) == []
    offered.get_by_role("button", name="bug").click()
    expect(labels).to_have_value("question")
    offered.get_by_role("searchbox").fill("enh")
    expect(offered.get_by_role("button")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.reload()
    page.get_by_role("list", name="Steps").get_by_role("button", name="Create an issue create_issue").click()
    expect(labels).to_have_value("question")
