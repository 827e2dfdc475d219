"""A run that failed at a mapping: mended in the editor, it goes on from that step, and nothing before is done again."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server, connect, posts
from tests.e2e.test_editing import step
from tests.e2e.test_library import ask_import, from_menu, open_list

BROKEN = """
format: 1
name: Files and comments
steps:
- key: file
  name: File it
  type: action
  action: github.create_issue
  inputs: {repository: acme/web, title: From a workflow}
- key: say
  name: Say so
  type: action
  action: github.comment_issue
  inputs: {repository: acme/web, number: "{{ steps.file.output.nothing }}", body: Seen}
"""


def test_after_mending_the_mapping_it_goes_on_from_the_failed_step(owner: Page, shared_server: Server) -> None:
    page = owner
    page.goto(shared_server.address("/integrations"))
    connect(page, "GitHub")
    open_list(page, shared_server)
    dialog = ask_import(page)
    dialog.get_by_label("Or paste it").fill(BROKEN)
    dialog.get_by_role("button", name="Show what it does").click()
    page.get_by_role("dialog").get_by_role("button", name="Import workflow").click()
    page.wait_for_url("**/workflows/*")
    editor = page.url
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
    filed, said = len(posts(shared_server, "/acme/web/issues")), len(posts(shared_server, "/comments"))
    open_list(page, shared_server)
    from_menu(page, "Files and comments", "Run now")
    page.wait_for_url("**/runs/*")
    run = page.url
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible()
    assert len(posts(shared_server, "/acme/web/issues")) == filed + 1

    page.goto(editor)
    step(page, "Say so").click()
    number = page.get_by_role("combobox", name="Issue or pull request")
    number.fill("{{ steps.file.output.number }}")
    number.press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish changes").click()
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()

    page.goto(run)
    page.get_by_label("Version to replay on").select_option("latest")
    page.get_by_role("button", name="Replay from failed step").click()
    page.wait_for_url(lambda url: url != run)
    done = page.get_by_role("list", name="Steps").get_by_text("Succeeded", exact=True)
    expect(done).to_have_count(2)  # the first was taken over, the second is what we wait for
    mine = [one for one in posts(shared_server, "/comments") if "Seen" in str(one["body"])]
    assert len(mine) == 1 and len(posts(shared_server, "/comments")) == said + 1
    # Posts below the issues are that one issue and the comment on it.
    assert len(posts(shared_server, "/acme/web/issues")) == filed + 2
