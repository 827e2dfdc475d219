"""Permissions that are known to be missing before a run fails: at the step, before publishing, on the provider page."""

import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.journey import Server, add_step, allow_in_popup, card, create_person, sign_in
from tests.e2e.test_accessibility import violations

FEW = "chat:write,channels:read,groups:read,users:read"
SENTENCE = "needs the permission im:write for this step."


def connect_with_few_scopes(page: Page) -> None:
    """Connect, but let the vendor grant less than is asked."""
    shown = card(page, "Slack")
    with page.expect_popup() as opened:
        shown.get_by_role("button", name="Connect").click()
    popup = opened.value
    expect(popup.get_by_role("button", name="Allow")).to_be_visible()
    parts = urlsplit(popup.url)
    popup.goto(parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | {"scope": FEW})).geturl())
    popup.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()


def new_workflow(page: Page, server: Server, name: str) -> None:
    page.goto(server.address("/workflows"))
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()


def add_direct_message(page: Page) -> None:
    add_step(page, "Send a direct message to a person", "Slack")
    page.get_by_role("combobox", name="Person").click()
    page.get_by_role("option", name="Ada").first.click()
    page.get_by_label("Text", exact=True).fill("Hello")
    page.get_by_label("Text", exact=True).press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def scopes_of(url: str) -> set[str]:
    return set(dict(parse_qsl(urlsplit(url).query))["scope"].split(","))


def test_a_missing_permission_is_allowed_at_its_step(shared_server: Server, somebody: str, page: Page) -> None:
    sign_in(shared_server, page, somebody)
    connect_with_few_scopes(page)
    new_workflow(page, shared_server, "Greet")
    add_direct_message(page)
    expect(page.get_by_text(SENTENCE)).to_be_visible()
    group = page.get_by_role("group", name="Missing permission")
    expect(group).to_be_visible()
    assert violations(page) == []
    with page.expect_popup() as opened:
        group.get_by_role("button", name="Allow it").click()
    expect(opened.value.get_by_role("button", name="Allow")).to_be_visible()
    assert scopes_of(opened.value.url) >= {*FEW.split(","), "im:write"}
    opened.value.get_by_role("button", name="Allow").click()
    expect(page.get_by_text(SENTENCE)).to_have_count(0)
    expect(group).to_have_count(0)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published version 1")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status", name="Run")).to_contain_text("Succeeded")


def test_publishing_offers_to_allow_it_and_then_publishes(shared_server: Server, somebody: str, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    sign_in(shared_server, page, somebody)
    connect_with_few_scopes(page)
    new_workflow(page, shared_server, "Greet")
    add_direct_message(page)
    page.get_by_role("button", name="Publish").click()
    question = page.get_by_role("alertdialog", name="This version needs more permissions")
    expect(question).to_contain_text("needs im:write")
    assert violations(page) == []
    question.get_by_role("button", name="Keep the draft").click()
    expect(question).to_have_count(0)
    page.get_by_role("button", name="Publish").click()
    allow_in_popup(page, question.get_by_role("button", name="Allow and publish").click)
    expect(question).to_have_count(0)
    expect(page.get_by_text("Published version 1")).to_be_visible()


def test_the_provider_page_names_the_workflows_and_asks_for_what_is_ticked(
    shared_server: Server, somebody: str, page: Page
) -> None:
    sign_in(shared_server, page, somebody)
    connect_with_few_scopes(page)
    new_workflow(page, shared_server, "Greet")
    add_direct_message(page)
    page.goto(shared_server.address("/integrations/slack"))
    section = page.get_by_role("region", name="Permissions")
    missing = section.get_by_role("group", name="Missing permissions")
    expect(missing).to_contain_text("im:write “Greet”")
    assert violations(page) == []
    allow_in_popup(page, missing.get_by_role("button", name="Allow missing permissions").click)
    expect(missing).to_have_count(0)
    expect(section).to_contain_text("im:write")
    section.get_by_text("More permissions").click()
    ask = section.get_by_role("button", name="Ask for these")
    expect(ask).to_be_disabled()
    section.get_by_label("chat:write.public").click()
    expect(ask).to_be_enabled()
    with page.expect_popup() as opened:
        ask.click()
    expect(opened.value.get_by_role("button", name="Allow")).to_be_visible()
    assert scopes_of(opened.value.url) >= {*FEW.split(","), "im:write", "chat:write.public"}
    opened.value.get_by_role("button", name="Allow").click()
    expect(section.get_by_label("chat:write.public")).to_have_count(0)
    expect(section).to_contain_text("chat:write.public")


def test_optional_permissions_of_a_first_connect_are_asked_only_when_ticked(
    shared_server: Server, somebody: str, page: Page
) -> None:
    sign_in(shared_server, page, somebody)
    page.goto(shared_server.address("/integrations/slack?new=1"))
    form = page.get_by_role("region", name="Settings")
    form.get_by_text("More permissions").click()
    expect(form.get_by_label("chat:write.public")).not_to_be_checked()
    form.get_by_label("channels:history").click()
    expect(form.get_by_label("channels:history")).to_be_checked()
    with page.expect_popup() as opened:
        form.get_by_role("button", name="Connect", exact=True).click()
    expect(opened.value.get_by_role("button", name="Allow")).to_be_visible()
    asked = scopes_of(opened.value.url)
    assert "channels:history" in asked and "chat:write.public" not in asked
    opened.value.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("region", name="Permissions")).to_contain_text("channels:history")


def test_an_editor_is_told_whom_to_ask(
    shared_server: Server, somebody: str, new_context: Callable[..., BrowserContext]
) -> None:
    page, second = new_context().new_page(), new_context().new_page()
    sign_in(shared_server, page, somebody)
    connect_with_few_scopes(page)
    email = f"editor-{secrets.token_hex(4)}@acme.test"
    create_person(shared_server, email, organization=f"Acme {somebody}", role="editor")
    sign_in(shared_server, second, email)
    new_workflow(second, shared_server, "Greet")
    add_direct_message(second)
    group = second.get_by_role("group", name="Missing permission")
    expect(group).to_contain_text("Only admins may allow it. Ask one of them.")
    expect(group.get_by_role("button")).to_have_count(0)
    second.get_by_role("button", name="Publish").click()
    question = second.get_by_role("alertdialog", name="This version needs more permissions")
    expect(question).to_contain_text("Ask one of them.")
    expect(question.get_by_role("button", name="Allow and publish")).to_have_count(0)
    second.keyboard.press("Escape")
    second.goto(shared_server.address("/integrations/slack"))
    section = second.get_by_role("region", name="Permissions")
    expect(section.get_by_role("group", name="Missing permissions")).to_contain_text("Ask one of them.")
    expect(section.get_by_text("More permissions")).to_have_count(0)
    page.goto(shared_server.address("/integrations/slack"))
    allow_in_popup(page, page.get_by_role("button", name="Allow missing permissions").click)
    expect(section.get_by_role("group", name="Missing permissions")).to_have_count(0)
