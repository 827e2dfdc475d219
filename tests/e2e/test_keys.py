"""Rotating and retiring keys on the settings page, in a browser."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.journey import Server, connect, create_owner


def test_an_owner_rotates_both_keys_and_retires_the_old_ones(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page: Page = new_context().new_page()
    create_owner(server, page)
    connect(page, "Slack")
    page.goto(server.address("/settings"))
    section = page.get_by_role("region", name="Encryption keys")
    listed = section.get_by_role("list", name="Data keys").get_by_role("listitem")
    expect(listed.filter(has_text="in use")).to_have_count(1)
    for name in ("Rotate data key", "Rotate root key"):
        section.get_by_role("button", name=name).click()
        page.get_by_role("alertdialog").get_by_role("button", name="Rotate now").click()
        retire = section.get_by_role("button", name="Retire old keys")
        expect(retire).to_be_enabled()
        if name == "Rotate data key":
            expect(listed.filter(has_text="leaving")).to_contain_text("0 records")
        retire.click()
        page.get_by_role("alertdialog").get_by_role("button", name="Retire now").click()
        expect(retire).to_have_count(0)
        expect(section.get_by_role("button", name="Rotate data key")).to_be_enabled()
    expect(listed.filter(has_text="leaving")).to_have_count(0)
    assert sorted(path.name for path in server.data.glob("keys*")) == ["keys"]
    page.goto(server.address("/integrations/slack"))
    page.get_by_role("button", name="Test").first.click()
    expect(page.get_by_text("Connected").first).to_be_visible()
