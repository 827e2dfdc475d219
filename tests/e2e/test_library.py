"""The library of workflows: exported and imported, begun from a template, sorted by tags."""

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.journey import Server, card, connect
from tests.e2e.test_accessibility import violations

NEWS = """
format: 1
name: News for the channel
trigger: {type: schedule, config: {cron: 0 9 * * 1, timezone: UTC}}
steps:
- {key: nap, type: delay, name: Take a breath, seconds: 5}
- key: tell
  name: Tell them
  type: action
  action: slack.send_message
  connection: the other office
  inputs: {channel: C0TRIAGE, text: Good morning}
"""


def open_list(page: Page, server: Server) -> None:
    """Open the list of workflows."""
    page.goto(server.address("/workflows"))
    expect(page.get_by_role("heading", name="Workflows", level=1)).to_be_visible()


def ask_import(page: Page) -> Locator:
    """Open the dialog."""
    page.get_by_role("button", name="Import", exact=True).click()
    return page.get_by_role("dialog", name="Import a workflow")


def from_menu(page: Page, name: str, item: str) -> None:
    """Choose in the menu of a row."""
    page.get_by_role("button", name=f"More for {name}").click()
    page.get_by_role("menuitem", name=item).click()


def test_a_workflow_is_imported_after_a_look_and_comes_out_the_same(
    owner: Page, shared_server: Server, tmp_path: Path
) -> None:
    page = owner
    connect(page, "Slack")
    expect(card(page, "Slack").get_by_text("Connected", exact=True)).to_be_visible()
    open_list(page, shared_server)
    dialog = ask_import(page)
    dialog.get_by_label("Or paste it").fill(NEWS.replace("format: 1", "format: 7").replace("5}", "5, run: id}"))
    dialog.get_by_role("button", name="Show what it does").click()
    refused = dialog.get_by_role("list", name="Why not")
    expect(refused.get_by_text("format", exact=True)).to_be_visible()
    expect(refused.get_by_text("steps.0.run")).to_be_visible()
    assert violations(page) == []
    given = tmp_path / "news.yaml"
    given.write_text(NEWS)
    dialog.get_by_label("Drop a file here, or choose one").set_input_files(given)
    shown = page.get_by_role("dialog", name="Import “News for the channel”?")
    steps = shown.get_by_role("list", name="What it does").get_by_role("listitem")
    expect(steps).to_have_text(["On a schedule", "Take a breath", "Tell them"])
    choice = shown.get_by_role("combobox", name="Slack connection for “the other office”")
    expect(choice.locator("option:checked")).not_to_have_text("Choose later")
    expect(shown.get_by_text("Nothing is left to do")).to_be_visible()
    choice.select_option(label="Choose later")
    expect(shown.get_by_role("list", name="Left to do")).to_contain_text("Tell them")
    assert violations(page) == []
    choice.select_option(index=1)
    expect(shown.get_by_text("Nothing is left to do")).to_be_visible()
    shown.get_by_role("button", name="Import workflow").click()
    page.wait_for_url("**/workflows/*")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("Take a breath")
    open_list(page, shared_server)
    with page.expect_download() as saved:
        from_menu(page, "News for the channel", "Export as JSON")
    assert saved.value.suggested_filename == "news-for-the-channel.json"
    exported = json.loads(Path(saved.value.path()).read_text())
    assert exported["trigger"]["config"]["cron"] == "0 9 * * 1"
    assert [step["key"] for step in exported["steps"]] == ["nap", "tell"]


def test_a_large_file_and_a_bomb_are_refused_and_leave_nothing(
    owner: Page, shared_server: Server, tmp_path: Path
) -> None:
    page = owner
    open_list(page, shared_server)
    dialog = ask_import(page)
    large = tmp_path / "large.json"
    large.write_bytes(b"x" * 5_000_000)
    dialog.get_by_label("Drop a file here, or choose one").set_input_files(large)
    expect(dialog.get_by_text("large.json is larger than 512 KiB.")).to_be_visible()
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    dialog.get_by_label("Drop a file here, or choose one").set_input_files(bomb)
    expect(dialog.get_by_text("must not use anchors and aliases")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="No workflows yet")).to_be_visible()


def test_a_template_is_found_looked_at_and_begun(owner: Page, shared_server: Server) -> None:
    page = owner
    connect(page, "GitHub")
    open_list(page, shared_server)
    gallery = page.get_by_role("list", name="Templates")
    expect(gallery.get_by_role("listitem").nth(7)).to_be_visible()
    page.get_by_label("Search templates").fill("github new issues")
    expect(gallery.get_by_role("listitem")).to_have_count(2)
    assert violations(page) == []
    page.get_by_role("button", name="Preview Tell a channel about new issues").click()
    dialog = page.get_by_role("dialog", name="Tell a channel about new issues")
    expect(dialog.get_by_role("list", name="What it does").get_by_role("listitem")).to_have_text(
        ["GitHub: Issue changes", "Tell the channel"]
    )
    expect(dialog.get_by_role("combobox", name="GitHub connection").locator("option:checked")).not_to_have_text(
        "Choose later"
    )
    expect(dialog.get_by_role("combobox", name="Slack connection").locator("option:checked")).to_have_text(
        "Choose later"
    )
    expect(dialog.get_by_role("list", name="Left to do")).to_contain_text("Repository is needed.")
    assert violations(page) == []
    dialog.get_by_role("button", name="Use template").click()
    page.wait_for_url("**/workflows/*")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("Tell the channel")
    expect(page.get_by_role("button", name="3 problems")).to_be_visible()


def test_one_click_makes_a_draft_of_a_template(owner: Page, shared_server: Server) -> None:
    page = owner
    open_list(page, shared_server)
    page.get_by_role("button", name="Templates", exact=True).click()
    dialog = page.get_by_role("dialog", name="Start from a template")
    assert violations(page) == []
    dialog.get_by_role("button", name="Use Ask for the stand-up").click()
    page.wait_for_url("**/workflows/*")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("Ask the channel")


def new_workflow(page: Page, server: Server, name: str) -> None:
    """Make an empty one and go back to the list."""
    open_list(page, server)
    page.get_by_role("button", name="New workflow").click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    page.wait_for_url("**/workflows/*")
    open_list(page, server)


def test_workflows_are_tagged_and_found_by_tag_status_and_words(owner: Page, shared_server: Server) -> None:
    page = owner
    for name in ("Count leads", "Watch builds"):
        new_workflow(page, shared_server, name)
    from_menu(page, "Count leads", "Edit tags")
    dialog = page.get_by_role("dialog", name="Tags of Count leads")
    dialog.get_by_label("Tags, separated by commas").fill(", ".join(str(number) for number in range(11)))
    dialog.get_by_role("button", name="Save tags").click()
    expect(dialog.get_by_text("Tags are at most 10.")).to_be_visible()
    dialog.get_by_label("Tags, separated by commas").fill("Sales,  On   call")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save tags").click()
    rows = page.get_by_role("list", name="Workflows").get_by_role("listitem")
    expect(rows.filter(has_text="Count leads").get_by_role("button", name="on call")).to_be_visible()
    page.get_by_role("combobox", name="Tag").select_option(label="sales")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(shared_server.address("/workflows?tag=sales"))
    assert violations(page) == []
    page.get_by_role("combobox", name="Status").select_option(label="Live")
    expect(page.get_by_text("No workflow matches these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(rows).to_have_count(2)
    expect(page).to_have_url(shared_server.address("/workflows"))
    page.get_by_label("Search workflows").press_sequentially("sal")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(shared_server.address("/workflows?search=sal"))
    page.reload()
    expect(page.get_by_label("Search workflows")).to_have_value("sal")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="sales").click()
    expect(page).to_have_url(shared_server.address("/workflows?search=sal&tag=sales"))
    from_menu(page, "Count leads", "Duplicate")
    page.get_by_role("button", name="Clear filters").click()
    expect(rows).to_have_count(3)


def test_a_step_is_copied_into_another_workflow(owner: Page, shared_server: Server) -> None:
    page = owner
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    new_workflow(page, shared_server, "From here")
    page.get_by_role("link", name="From here").click()
    steps = page.get_by_role("list", name="Steps")
    page.get_by_role("button", name="Add step", exact=True).click()
    page.get_by_role("dialog", name="Add a step").get_by_role("button", name="Delay").click()
    page.get_by_label("Step name").fill("Breathe")
    page.get_by_label("Step name").press("Tab")
    steps.get_by_role("button", name="Breathe wait", exact=True).focus()
    page.keyboard.press("Control+c")
    expect(page.get_by_text("Copied. Paste it behind a step")).to_be_visible()
    page.keyboard.press("Control+v")
    titles = steps.locator(".step-title")
    expect(titles).to_have_text(["Manually", "Breathe", "Breathe"])
    new_workflow(page, shared_server, "To there")
    page.get_by_role("link", name="To there").click()
    expect(titles).to_have_text(["Manually"])
    from_menu(page, "Manually", "Paste after")
    expect(titles).to_have_text(["Manually", "Breathe"])
    from_menu(page, "Breathe", "Copy")
    expect(page.get_by_text("Copied. Paste it behind a step")).to_be_visible()
    from_menu(page, "Breathe", "Paste after")
    expect(titles).to_have_text(["Manually", "Breathe", "Breathe"])
    page.get_by_role("button", name="Undo").click()
    expect(titles).to_have_text(["Manually", "Breathe"])
