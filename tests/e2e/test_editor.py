"""The editor beyond the main job: endpoints and the secrets that are shown once, and a step tried by itself."""

import secrets

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, add_step, connect

WORKFLOW = "A form was sent"


def new_workflow(page: Page, server: Server) -> None:
    """Create an empty workflow and open its editor."""
    page.goto(server.address("/workflows"))
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(WORKFLOW)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()


def open_endpoint(page: Page, name: str) -> None:
    """Let the workflow listen on an address of its own."""
    page.get_by_role("combobox", name="Trigger").select_option(label="Webhook")
    page.get_by_role("button", name="New endpoint").click()
    page.get_by_label("Endpoint name").fill(name)
    page.get_by_role("button", name="Open endpoint").click()


def test_the_secret_of_an_endpoint_is_shown_this_once(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server)
    open_endpoint(page, "Forms")
    secret = page.get_by_role("status").filter(has_text="The secret of “Forms”.")
    expect(secret.locator("code")).not_to_be_empty()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_label("Endpoint", exact=True)).to_be_visible()
    expect(page.get_by_text("Send a POST request to")).to_be_visible()
    expect(secret).to_have_count(0)


def test_an_invitation_link_is_shown_this_once(owner: Page, shared_server: Server) -> None:
    page = owner
    page.goto(shared_server.address("/settings"))
    page.get_by_role("button", name="Create invitation link").click()
    shown = page.get_by_role("status").filter(has_text="Send this link.")
    expect(shown.locator("code")).to_contain_text("/invitation/")
    shown.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Send this link.")).to_have_count(0)
    page.get_by_role("button", name="Create invitation link").click()
    expect(shown.locator("code")).to_contain_text("/invitation/")
    page.reload()
    expect(page.get_by_role("list", name="Open invitations")).to_be_visible()
    expect(page.get_by_text("Send this link.")).to_have_count(0)


def test_a_step_is_tried_by_itself(owner: Page, shared_server: Server) -> None:
    page, text = owner, f"Tried {secrets.token_hex(4)}"
    connect(page, "Slack")
    new_workflow(page, shared_server)
    add_step(page, "Send a message to a channel", "Slack")
    page.get_by_role("combobox", name="Channel").click()
    page.get_by_role("option", name="triage").click()
    page.get_by_label("Text", exact=True).fill(text)
    expect(page.get_by_text("This really calls Slack now")).to_be_visible()
    page.get_by_role("button", name="Test step").click()
    result = page.get_by_role("status", name="Result of the test")
    expect(result.get_by_text("Succeeded")).to_be_visible()
    expect(result.get_by_role("region", name="Request")).to_contain_text(text)
    expect(result.get_by_role("region", name="Answer")).to_contain_text("ts")
    vendor = page.context.new_page()
    vendor.goto(f"{shared_server.sandbox}/slack/workspaces/T0ACME001/channels/C0TRIAGE")
    expect(vendor.get_by_role("article").filter(has_text=text)).to_have_count(1)


def test_the_secret_is_rotated_and_the_endpoint_deleted(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server)
    open_endpoint(page, "Orders")
    code = page.get_by_role("status").filter(has_text="The secret of “Orders”.").locator("code")
    expect(code).not_to_be_empty()
    former = code.inner_text()
    page.get_by_role("button", name="Rotate secret").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("The sender needs the new secret")
    question.get_by_label("Take the present secret for").select_option(label="No longer")
    question.get_by_role("button", name="Rotate now").click()
    expect(page.get_by_text("The former secret is refused from now on.")).to_be_visible()
    expect(code).not_to_have_text(former)
    page.get_by_role("button", name="Delete endpoint").click()
    expect(question).to_contain_text("Its address answers no longer")
    question.get_by_role("button", name="Delete now").click()
    expect(page.get_by_text("Deleted “Orders”.")).to_be_visible()
    expect(page.get_by_text("Send a POST request to")).to_have_count(0)
    expect(code).to_have_count(0)
    new_workflow(page, shared_server)
    page.get_by_role("combobox", name="Trigger").select_option(label="Webhook")
    expect(page.get_by_label("Endpoint", exact=True)).to_be_visible()
    expect(page.get_by_text("Deleted “Orders”.")).to_have_count(0)
