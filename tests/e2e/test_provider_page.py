"""The provider page with several connections: which one is used where none is named."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, card, connect


def test_another_connection_becomes_the_default(shared_server: Server, owner: Page) -> None:
    connect(owner, "GitHub")
    shown = card(owner, "GitHub")
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Add another").click()
    popup.value.get_by_label("mona-lisa").check()
    popup.value.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("mona-lisa")).to_be_visible()
    owner.goto(shared_server.address("/integrations/github"))
    connections = owner.get_by_role("navigation", name="Connections")
    first, second = connections.get_by_role("button", name="octo-hub"), connections.get_by_role("button", name="mona")
    make_default = owner.get_by_role("button", name="Make default")
    first.click()
    make_default.click()
    expect(first.get_by_text("Default", exact=True)).to_be_visible()
    expect(make_default).to_have_count(0)
    second.click()
    make_default.click()
    expect(second.get_by_text("Default", exact=True)).to_be_visible()
    expect(first.get_by_text("Default", exact=True)).to_have_count(0)
    expect(make_default).to_have_count(0)
