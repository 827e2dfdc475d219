"""The draft as YAML: edited as a whole, with the places of what is wrong."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_editing import step
from tests.e2e.test_versions import both_themes, more, published


def test_the_draft_is_edited_as_yaml_with_the_places_of_what_is_wrong(owner: Page, shared_server: Server) -> None:
    page = owner
    published(page, shared_server, "As text")
    more(page, "As YAML")
    dialog = page.get_by_role("dialog", name="Workflow as YAML")
    text = dialog.get_by_role("textbox", name="Definition as YAML")
    written = text.input_value()
    assert written.startswith("format: 1\nname: As text\n")
    text.fill(written.replace("type: stop", "type: halt"))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status", name="Problems of the text")).to_contain_text("steps.0")
    text.fill(written.replace("First", "From YAML"))
    both_themes(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    step(page, "Stop stop").click()
    expect(page.get_by_role("textbox", name="Message (optional)")).to_have_value("From YAML")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="Message (optional)")).to_have_value("First")
