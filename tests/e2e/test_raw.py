"""The draft as YAML and a step as JSON: edited as a text, with the places of what is wrong."""

import json

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


def test_a_step_is_edited_as_json_and_undone_after_a_reload(owner: Page, shared_server: Server) -> None:
    page = owner
    published(page, shared_server, "As JSON")
    page.get_by_role("region", name="Step", exact=True).get_by_role("button", name="Show as JSON").click()
    dialog = page.get_by_role("dialog", name="Step as JSON")
    text = dialog.get_by_role("textbox", name="Definition as JSON")
    written = text.input_value()
    assert json.loads(written) == {"key": "stop", "name": "Stop", "type": "stop", "message": "First"}
    problems = dialog.get_by_role("status", name="Problems of the text")
    text.fill(written.replace('"key": "stop"', '"key": "halt"'))
    dialog.get_by_role("button", name="Save").click()
    expect(problems).to_contain_text("key: must stay 'stop'")
    text.fill(written[:-1])
    dialog.get_by_role("button", name="Save").click()
    expect(problems).to_contain_text("It is not JSON")
    text.fill(written.replace("First", "From JSON"))
    both_themes(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    message = page.get_by_role("textbox", name="Message (optional)")
    expect(message).to_have_value("From JSON")
    page.reload()
    page.get_by_role("button", name="Undo").click()
    step(page, "Stop stop").click()
    expect(message).to_have_value("First")


def test_a_step_and_the_trigger_are_read_as_json_from_their_menus(owner: Page, shared_server: Server) -> None:
    page = owner
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    published(page, shared_server, "Read as JSON")
    for line, title, told in (("Stop", "Step as JSON", "First"), ("Manually", "Trigger as JSON", "manual")):
        page.get_by_role("button", name=f"More for {line}", exact=True).click()
        page.get_by_role("menuitem", name="Show as JSON").click()
        dialog = page.get_by_role("dialog", name=title)
        expect(dialog).to_contain_text(line)
        written = dialog.get_by_role("textbox", name="Definition as JSON").input_value()
        assert told in written
        dialog.get_by_role("button", name="Copy the text").click()
        assert page.evaluate("navigator.clipboard.readText()") == written
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
