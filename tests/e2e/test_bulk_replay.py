"""Failed runs are chosen in the list and replayed together, after a question, once."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_accessibility import violations
from tests.e2e.test_library import ask_import, open_list

FAILING = """
format: 1
name: Always fails
steps:
- {key: end, type: stop, outcome: failed, message: Not today}
"""


def test_failed_runs_are_chosen_and_replayed(owner: Page, shared_server: Server) -> None:
    page = owner
    open_list(page, shared_server)
    dialog = ask_import(page)
    dialog.get_by_label("Or paste it").fill(FAILING)
    dialog.get_by_role("button", name="Show what it does").click()
    page.get_by_role("dialog").get_by_role("button", name="Import workflow").click()
    page.wait_for_url("**/workflows/*")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
    for _ in range(3):
        open_list(page, shared_server)
        page.get_by_role("button", name="More for Always fails").click()
        page.get_by_role("menuitem", name="Run now").click()
        page.wait_for_url("**/runs/*")
        expect(page.get_by_text("Not today").first).to_be_visible()
    page.goto(shared_server.address("/runs"))
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.get_by_role("combobox", name="Status").select_option(label="Failed")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    expect(rows).to_have_count(4)
    page.get_by_role("checkbox", name=re.compile("Choose run")).first.click()
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_role("checkbox", name="Choose all shown").click()
    expect(page.get_by_text("3 chosen")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Replay failed runs").click()
    question = page.get_by_role("alertdialog", name="Replay 3 failed runs?")
    expect(question.get_by_text("Always fails: 3 runs")).to_be_visible()
    question.get_by_label("Begin at").select_option(label="The start")
    expect(question.get_by_text("is done once more")).to_be_visible()
    assert violations(page) == []
    question.get_by_role("button", name="Replay failed runs").click()
    told = page.get_by_role("status", name="Replay", exact=True)
    expect(told.get_by_text("3 runs replayed.")).to_be_visible()
    expect(rows).to_have_count(7)
    told.get_by_role("button", name="Dismiss").click()
    expect(told.get_by_text("3 runs replayed.")).to_have_count(0)
