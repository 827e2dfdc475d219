"""Salesforce in the browser: signing in as a person of the organisation, and the form that says where."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import launched
from tests.e2e.journey import Server, add_step, card, connect, create_person, insert_variable, sign_in

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


@pytest.fixture
def eager(tmp_path: Path) -> Iterator[Server]:
    """A server that asks every second."""
    with launched(tmp_path, INTEGRATIONS_SALESFORCE_POLL_SECONDS="1") as running:
        yield running


def test_a_record_that_a_person_creates_starts_a_workflow(
    eager: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    create_person(eager, "owner@acme.test", organization="Acme")
    sign_in(eager, page, "owner@acme.test")
    connect(page, PROVIDER)
    page.get_by_role("link", name="Workflows").first.click()
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Greet new accounts")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    page.get_by_role("combobox", name="Trigger").select_option(label="Salesforce: Record created")
    page.get_by_role("combobox", name="Object").click()
    page.get_by_role("option", name="Account").first.click()
    add_step(page, "Read a record", "Salesforce")
    page.get_by_role("combobox", name="Object").click()
    page.get_by_role("option", name="Account").first.click()
    insert_variable(page, "Record id", "trigger.id")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1").first).to_be_visible()

    vendor = page.context.new_page()
    vendor.goto(f"{eager.sandbox}/salesforce/objects/Account/")
    vendor.get_by_text("New record").click()
    vendor.get_by_label("Account Name").fill("Initech")
    vendor.get_by_role("button", name="Create record").click()
    expect(vendor.get_by_role("heading", name="Initech")).to_be_visible()
    page.goto(eager.address("/runs"))
    page.get_by_role("row").filter(has_text="Greet new accounts").get_by_role("link").first.click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
