"""An answer that was lost, in the browser: the run is held and says why, and a person says what happened."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, add_step, connect, control, posts

DISPATCHES = "/dispatches"


def dispatches(server: Server) -> int:
    return len(posts(server, DISPATCHES))


@pytest.mark.parametrize(("answer", "calls"), [("It was sent", 1), ("It was not sent", 2)])
def test_a_person_resolves_it_on_the_page_of_the_run(
    shared_server: Server, owner: Page, answer: str, calls: int
) -> None:
    connect(owner, "GitHub")
    owner.get_by_role("link", name="Workflows").first.click()
    owner.get_by_role("button", name="New workflow").first.click()
    owner.get_by_role("dialog").get_by_label("Name").fill("Deploy")
    owner.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(owner.get_by_role("list", name="Steps")).to_be_visible()
    add_step(owner, "Start a workflow", "GitHub")
    for field, option in (("Repository", "acme/web"), ("Workflow", "deploy.yml"), ("Branch or tag", "main")):
        owner.get_by_role("combobox", name=field).first.click()
        owner.get_by_role("option").filter(has_text=option.removesuffix(".yml")).first.click()
    owner.get_by_role("textbox", name="Inputs").fill("environment: staging")
    owner.get_by_role("textbox", name="Inputs").press("Tab")
    expect(owner.get_by_text("Saved", exact=True)).to_be_visible()
    before = dispatches(shared_server)
    control(shared_server, "faults", vendor="github", method="POST", path=f"{DISPATCHES}$", effect="lose")
    owner.get_by_role("button", name="Run now").click()
    expect(owner.get_by_text("Held: nobody knows")).to_be_visible()
    assert dispatches(shared_server) == before + 1
    owner.goto(shared_server.address("/runs"))
    owner.get_by_role("row").filter(has_text="Deploy").get_by_role("link").first.click()
    expect(owner.get_by_text("may have taken effect").first).to_be_visible()
    owner.get_by_role("button", name=answer, exact=True).first.click()
    expect(owner.get_by_text("Succeeded").first).to_be_visible()
    assert dispatches(shared_server) == before + calls
