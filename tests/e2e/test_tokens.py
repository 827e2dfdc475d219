"""API tokens in a browser: made, used by a program, seen as used, revoked."""

import json
import urllib.error
import urllib.request
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server


def ask(server: Server, token: str) -> tuple[int, Any]:
    """What the API says to `token`."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        server.address("/api/v1/me"), headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_token_is_made_used_and_revoked(shared_server: Server, owner: Page) -> None:
    owner.goto(shared_server.address("/settings"))
    section = owner.get_by_role("region", name="API tokens")
    expect(section.get_by_text("There are no tokens yet.")).to_be_visible()
    section.get_by_label("Name").fill("Nightly build")
    section.get_by_label("Role").select_option("viewer")
    section.get_by_label("Expires after").select_option("30")
    section.get_by_role("button", name="Create token").click()
    shown = section.get_by_role("status").filter(has_text="Copy the token").locator("code")
    expect(shown).to_contain_text("integrations_")
    token = shown.inner_text()
    line = section.get_by_role("list", name="API tokens").get_by_role("listitem").filter(has_text="Nightly build")
    expect(line).to_contain_text("viewer")
    expect(line).to_contain_text("never used")
    assert ask(shared_server, token)[1]["role"] == "viewer"
    owner.reload()
    expect(line).to_contain_text("used")
    expect(line).not_to_contain_text("never used")
    expect(owner.get_by_text(token)).to_have_count(0)
    line.get_by_role("button", name="Revoke the token Nightly build").click()
    question = owner.get_by_role("alertdialog")
    question.get_by_role("button", name="Keep").click()
    expect(line).to_be_visible()
    line.get_by_role("button", name="Revoke the token Nightly build").click()
    question.get_by_role("button", name="Revoke now").click()
    expect(section.get_by_text("There are no tokens yet.")).to_be_visible()
    status, told = ask(shared_server, token)
    assert (status, told["error"]["code"]) == (401, "unauthenticated")


def test_the_description_is_a_page_without_scripts(shared_server: Server, page: Page) -> None:
    page.goto(shared_server.address("/api/v1/docs"))
    expect(page.get_by_role("heading", name="REST API v1", level=1)).to_be_visible()
    page.get_by_role("navigation", name="Calls").get_by_role("link", name="POST /connections", exact=True).click()
    expect(page.get_by_role("heading", name="Make a connection")).to_be_in_viewport()
    assert page.locator("script").count() == 0
