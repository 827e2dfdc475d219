"""Variables in the editor: found and inserted by keyboard, put through filters, and shown with what they come to."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_accessibility import SCHEMES, in_scheme, violations
from tests.e2e.test_editing import new_workflow, pick, press_on


def test_a_variable_is_inserted_filtered_and_shown_with_its_result(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "Rendered")
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "end the run here")
    field = page.get_by_role("textbox", name="Message (optional)")
    field.fill("About ")
    press_on(page, page.get_by_role("button", name="Insert variable into Message"), "Enter")
    variables = page.get_by_role("dialog", name="Variables for Message")
    expect(variables.get_by_role("searchbox", name="Search variables")).to_be_focused()
    page.keyboard.type("workflow.")
    expect(variables.get_by_role("button", name="workflow.name Rendered a text")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    result = page.get_by_role("note", name="Result of Message")
    expect(field).to_have_value("About {{ workflow.name }}")
    expect(result).to_have_text("About Rendered")
    page.get_by_role("group", name="Variables in Message").get_by_role("button", name="Filter workflow.name").click()
    for scheme in SCHEMES:
        in_scheme(page, scheme)
        assert violations(page) == []
    page.get_by_role("list", name="Filters for workflow.name").get_by_role("button", name="upper in capitals").click()
    expect(field).to_have_value("About {{ workflow.name | upper }}")
    expect(result).to_have_text("About RENDERED")


def test_the_result_follows_typing_after_a_pause_and_says_what_has_no_sample(
    owner: Page, shared_server: Server
) -> None:
    page = owner
    new_workflow(page, shared_server, "While typing")
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "end the run here")
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    page.reload()
    page.get_by_role("list", name="Steps").get_by_role("button", name="Stop stop").click()
    field, result = page.get_by_role("textbox", name="Message (optional)"), page.get_by_role("note", name="Result of")
    expect(field).to_be_visible()
    sent.clear()
    press_on(page, field, *"{{ workflow.name }} and {{ trigger.number }}")
    expect(result).to_have_text("No sample for trigger.number yet.")
    asked = [one for one in sent if "render_text" in one]
    assert len(asked) < len("{{ workflow.name }}")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
