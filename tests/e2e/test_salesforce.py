"""Salesforce in the browser: signing in as a person of the organisation, and the form that says where."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, card, connect

PROVIDER = "Salesforce"


def test_connecting_names_the_person_and_the_calls_left(shared_server: Server, owner: Page) -> None:
    connect(owner, PROVIDER)
    shown = card(owner, PROVIDER)
    expect(shown.get_by_text("ada@acme.sandbox.example").first).to_be_visible()
    owner.goto(shared_server.address("/integrations/salesforce"))
    owner.get_by_role("button", name="Test connection").click()
    expect(owner.get_by_text("calls left")).to_be_visible()


def test_people_sign_in_only_where_the_vendor_is(shared_server: Server, owner: Page) -> None:
    connect(owner, PROVIDER)
    owner.goto(shared_server.address("/integrations/salesforce"))
    owner.get_by_label("Sign in at").select_option("my_domain")
    domain = owner.get_by_role("textbox", name="My Domain")
    domain.fill("evil.example")
    owner.get_by_role("button", name="Save settings").click()
    expect(owner.get_by_text("is not the name of a My Domain")).to_be_visible()
    domain.fill("https://acme.my.salesforce.com/")
    owner.get_by_role("button", name="Save settings").click()
    expect(owner.get_by_text("Saved.")).to_be_visible()
