"""Problems of a draft lead to their field, and errors alone keep from publishing."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_editing import new_workflow, pick, step


def test_a_problem_leads_to_its_field_and_errors_alone_block(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "Problems")
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "wait some seconds")
    page.get_by_role("textbox", name="Seconds").fill("")
    page.get_by_role("textbox", name="Seconds").press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    step(page, "Manually").click()
    page.get_by_role("button", name="1 problem", exact=True).click()
    page.get_by_role("list", name="Problems").get_by_role("button", name="Say how long to wait").click()
    expect(page.get_by_role("textbox", name="Seconds")).to_be_focused()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Not published. Mend the problems below")).to_be_visible()
