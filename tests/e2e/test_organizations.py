"""People in two organisations: they join the second by a link, and go from one to the other in the top bar."""

import secrets
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.journey import Server, create_person, sign_in


def invitation_link(page: Page, server: Server) -> str:
    """Make a link in the settings of the organisation, and read it while it is shown."""
    page.goto(server.address("/settings"))
    page.get_by_role("button", name="Create invitation link").click()
    link = page.get_by_role("status").filter(has_text="Send this link.").locator("code")
    expect(link).to_contain_text("/invitation/")
    return link.inner_text()


def test_people_in_two_organizations_switch(
    shared_server: Server, owner: Page, new_context: Callable[..., BrowserContext]
) -> None:
    host, name = new_context().new_page(), f"Globex {secrets.token_hex(4)}"
    email = f"host-{secrets.token_hex(4)}@globex.test"
    create_person(shared_server, email, organization=name)
    sign_in(shared_server, host, email)
    link = invitation_link(host, shared_server)
    top = owner.get_by_role("banner").first
    expect(top.get_by_text("Acme owner-")).to_be_visible()
    expect(top.get_by_role("button", name="Organization:")).to_have_count(0)
    owner.goto(link)
    owner.get_by_role("button", name="Join as").click()
    chooser = top.get_by_role("button", name=f"Organization: {name}")
    expect(chooser).to_be_visible()
    chooser.click()
    owner.get_by_role("list", name="Organizations").get_by_role("button", name="Acme owner-").press("Enter")
    expect(top.get_by_role("button", name="Organization: Acme owner-")).to_be_visible()
    expect(owner.get_by_role("article", name="GitHub")).to_be_visible()
    owner.get_by_role("link", name="Workflows").first.click()
    expect(owner.get_by_role("heading", name="Workflows", level=1)).to_be_visible()


def test_how_long_runs_are_kept_is_chosen_and_stays(owner: Page, shared_server: Server) -> None:
    page = owner
    page.goto(shared_server.address("/settings"))
    section = page.get_by_role("region", name="Retention")
    expect(section.get_by_label("Keep runs")).to_have_value("0")
    section.get_by_label("Keep runs").select_option("30 days")
    section.get_by_label("Keep events").select_option("7 days")
    section.get_by_role("button", name="Save retention").click()
    expect(section.get_by_role("status")).to_have_text("Saved.")
    page.reload()
    expect(section.get_by_label("Keep runs")).to_have_value("30")
    expect(section.get_by_label("Keep events")).to_have_value("7")
