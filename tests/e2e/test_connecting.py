"""What can go wrong while connecting, and how it is mended: each ends in a clear state on the card."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, card, connect, control

PROVIDER = "GitHub"


def test_cancel_on_the_consent_page(shared_server: Server, owner: Page) -> None:
    shown = card(owner, PROVIDER)
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Connect").click()
    expect(shown.get_by_text("Connecting…")).to_be_visible()
    popup.value.get_by_role("button", name="Cancel").click()
    expect(shown.get_by_text("Not connected")).to_be_visible()
    expect(shown.get_by_role("button", name="Connect")).to_be_visible()


def test_a_closed_popup_can_be_continued(shared_server: Server, owner: Page) -> None:
    shown = card(owner, PROVIDER)
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Connect").click()
    popup.value.get_by_role("button", name="Allow").wait_for()
    popup.value.close()
    expect(shown.get_by_text("Window closed?")).to_be_visible()
    with owner.expect_popup() as again:
        shown.get_by_role("button", name="Continue").click()
    again.value.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()
    expect(shown.get_by_text("Window closed?")).to_be_hidden()


def test_a_closed_popup_can_be_given_up(shared_server: Server, owner: Page) -> None:
    shown = card(owner, PROVIDER)
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Connect").click()
    popup.value.get_by_role("button", name="Allow").wait_for()
    popup.value.close()
    expect(shown.get_by_text("Window closed?")).to_be_visible()
    shown.get_by_role("button", name="Cancel").click()
    expect(shown.get_by_text("Not connected")).to_be_visible()


def test_a_blocked_popup_offers_the_same_window(shared_server: Server, owner: Page) -> None:
    owner.add_init_script("window.open = () => null")
    owner.reload()
    shown = card(owner, PROVIDER)
    shown.get_by_role("button", name="Connect").click()
    expect(shown.get_by_text("Your browser blocked the window.")).to_be_visible()
    shown.get_by_role("link", name="Continue in this window").click()
    owner.get_by_role("button", name="Allow").click()
    owner.wait_for_url("**/integrations")
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()


def test_a_revoked_token_is_noticed_and_reconnected(shared_server: Server, owner: Page) -> None:
    connect(owner, PROVIDER)
    shown = card(owner, PROVIDER)
    control(shared_server, "revoke", vendor="github", all=True)
    shown.get_by_role("button", name="Test connection").click()
    expect(shown.get_by_text("Needs reconnecting")).to_be_visible()
    expect(owner.get_by_text("1 needs attention")).to_be_visible()
    owner.get_by_role("button", name="Needs attention: 1").click()
    expect(owner.get_by_role("menuitem", name="octo-hub needs a person")).to_be_visible()
    owner.keyboard.press("Escape")
    with owner.expect_popup() as popup:
        shown.get_by_role("button", name="Reconnect").click()
    popup.value.get_by_role("button", name="Allow").click()
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()


def test_disconnect_asks_first(shared_server: Server, owner: Page) -> None:
    connect(owner, PROVIDER)
    shown = card(owner, PROVIDER)
    shown.get_by_role("button", name="Disconnect").click()
    question = owner.get_by_role("alertdialog")
    expect(question).to_contain_text("No workflow uses this connection.")
    question.get_by_role("button", name="Keep it").click()
    expect(shown.get_by_text("Connected", exact=True)).to_be_visible()
    shown.get_by_role("button", name="Disconnect").click()
    question.get_by_role("button", name="Disconnect now").click()
    expect(shown.get_by_text("Not connected")).to_be_visible()


def test_settings_and_test_on_the_provider_page(shared_server: Server, owner: Page) -> None:
    connect(owner, PROVIDER)
    card(owner, PROVIDER).get_by_role("button", name="Configure").click()
    expect(owner.get_by_role("heading", name=PROVIDER, level=1)).to_be_visible()
    owner.get_by_label("Default repository").fill("acme/web")
    owner.get_by_role("button", name="Save settings").click()
    expect(owner.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    owner.get_by_role("button", name="Test connection").click()
    result = owner.get_by_role("status", name="Test result")
    expect(result).to_contain_text("The connection works.")
    expect(result).to_contain_text("octo-hub")
    owner.get_by_role("tab", name="Activity").click()
    expect(owner.get_by_role("region", name="Acts")).to_contain_text("connection.tested")
    owner.reload()
    expect(owner.get_by_label("Default repository")).to_have_value("acme/web")


def test_a_webhook_with_a_bearer_token(shared_server: Server, owner: Page) -> None:
    card(owner, "Webhook").get_by_role("button", name="Connect").click()
    owner.get_by_label("Base URL").fill("http://127.0.0.1:8099/hooks")
    owner.get_by_label("How to connect").select_option(label="Bearer token")
    owner.get_by_label("Token").fill("a-secret-of-mine")
    expect(owner.get_by_label("Base URL")).to_have_value("http://127.0.0.1:8099/hooks")
    owner.get_by_role("button", name="Connect", exact=True).click()
    expect(owner.get_by_text("loopback").first).to_be_visible()
    assert "a-secret-of-mine" not in owner.content()
