"""A third vendor like the first two, and two connections of one provider side by side."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, add_step, card, connect


def new_workflow(page: Page, name: str) -> None:
    """Begin a workflow that is started by hand."""
    page.get_by_role("link", name="Workflows").first.click()
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()


def test_salesforce_from_connect_to_disconnect(shared_server: Server, owner: Page) -> None:
    connect(owner, "Salesforce")
    shown = card(owner, "Salesforce")
    shown.get_by_role("button", name="Configure").click()
    expect(owner.get_by_role("heading", name="Salesforce", level=1)).to_be_visible()
    owner.get_by_label("API version").fill("61.0")
    owner.get_by_role("button", name="Save settings").click()
    expect(owner.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    owner.get_by_role("button", name="Test connection").click()
    expect(owner.get_by_role("status", name="Test result")).to_contain_text("The connection works.")

    new_workflow(owner, "Keep an account")
    add_step(owner, "Create a record", "Salesforce")
    owner.get_by_role("combobox", name="Object").click()
    owner.get_by_role("option", name="Account").first.click()
    owner.get_by_label("Fields", exact=True).fill('{"Name": "Initech", "Industry": "Technology"}')
    owner.get_by_label("Fields", exact=True).press("Tab")
    expect(owner.get_by_text("Saved", exact=True)).to_be_visible()
    owner.get_by_role("button", name="Run now").click()
    expect(owner.get_by_text("Succeeded").first).to_be_visible()
    vendor = owner.context.new_page()
    vendor.goto(f"{shared_server.sandbox}/salesforce/objects/Account/")
    expect(vendor.get_by_text("Initech")).to_be_visible()
    vendor.close()

    owner.goto(shared_server.address("/integrations"))
    shown.get_by_role("button", name="Disconnect").click()
    question = owner.get_by_role("alertdialog")
    expect(question).to_contain_text("Keep an account")
    question.get_by_role("button", name="Disconnect now").click()
    expect(shown.get_by_text("Not connected")).to_be_visible()


def test_two_connections_of_one_provider(shared_server: Server, owner: Page) -> None:
    connect(owner, "GitHub")
    shown = card(owner, "GitHub")
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Add another").click()
    popup.value.get_by_label("mona-lisa").check()
    popup.value.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("Connected", exact=True)).to_have_count(2)
    expect(shown.get_by_text("mona-lisa")).to_be_visible()

    shown.get_by_role("button", name="More for mona-lisa").click()
    owner.get_by_role("menuitem", name="Rename").click()
    owner.get_by_role("dialog").get_by_label("Name").fill("Release bot")
    owner.get_by_role("dialog").get_by_role("button", name="Save name").click()
    expect(shown.get_by_text("Release bot · mona-lisa")).to_be_visible()
    shown.get_by_role("button", name="More for Release bot").click()
    owner.get_by_role("menuitem", name="Pause").click()
    expect(shown.get_by_text("Paused")).to_be_visible()
    shown.get_by_role("button", name="More for Release bot").click()
    owner.get_by_role("menuitem", name="Resume").click()
    expect(shown.get_by_text("Connected", exact=True)).to_have_count(2)

    new_workflow(owner, "Choose one of two")
    add_step(owner, "Create an issue", "GitHub")
    connection = owner.get_by_role("combobox", name="Connection")
    connection.select_option(label="Release bot — Connected")
    expect(connection).to_contain_text("octo-hub")
    expect(owner.get_by_text("Saved", exact=True)).to_be_visible()
