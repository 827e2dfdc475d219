"""What a viewer is offered: everything to look at, nothing to press that would be refused."""

import secrets

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, card, create_person, sign_in


def test_a_viewer_is_offered_only_what_a_viewer_may_do(shared_server: Server, page: Page) -> None:
    name = secrets.token_hex(4)
    create_person(shared_server, f"owner-{name}@acme.test", organization=f"Acme {name}")
    create_person(shared_server, f"viewer-{name}@acme.test", organization=f"Acme {name}", role="viewer")
    sign_in(shared_server, page, f"viewer-{name}@acme.test")
    expect(card(page, "GitHub").get_by_text("Ask an admin to connect it.")).to_be_visible()
    expect(card(page, "GitHub").get_by_role("button", name="Connect")).to_be_hidden()
    expect(page.get_by_role("link", name="Settings").first).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto(shared_server.address("/audit"))
    expect(page.get_by_text("Only admins and owners may read the audit.")).to_be_visible()
    page.goto(shared_server.address("/workflows"))
    expect(page.get_by_role("heading", name="Workflows", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="New workflow")).to_have_count(0)
