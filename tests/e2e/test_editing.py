"""Editing as people do it: by keyboard alone, backwards and forwards, and two at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.journey import Server, sign_in


def new_workflow(page: Page, server: Server, name: str) -> None:
    """Create an empty workflow and open its editor."""
    page.goto(server.address("/workflows"))
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(steps(page)).to_be_visible()


def steps(page: Page) -> Locator:
    """The outline."""
    return page.get_by_role("list", name="Steps")


def lines(page: Page) -> list[str]:
    """What stands in the outline, line by line; steps that stand inside others with dots before them."""
    found: list[str] = steps(page).evaluate(
        """list => [...list.children].map(item => {
            const words = item.querySelector('.step-title, .branch-title').textContent;
            return '.'.repeat(Number(item.getAttribute('aria-level')) - 1) + words;
        })"""
    )
    return found


def shows(page: Page, expected: list[str]) -> None:
    """The outline comes to show these lines, and all is saved."""
    titles = steps(page).locator(".step-title, .branch-title")
    expect(titles).to_have_text([line.lstrip(".") for line in expected])
    for item, line in zip(steps(page).get_by_role("listitem").all(), expected, strict=True):
        expect(item).to_have_attribute("aria-level", str(1 + len(line) - len(line.lstrip("."))))
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def pick(page: Page, words: str) -> None:
    """Choose in the open step picker, by keyboard."""
    picker = page.get_by_role("dialog", name="Add a step")
    expect(picker.get_by_role("searchbox", name="Search steps")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(picker).to_have_count(0)


def press_on(page: Page, target: Locator, *keys: str) -> None:
    """Put the focus somewhere, as Tab would, and press keys."""
    target.focus()
    for key in keys:
        page.keyboard.press(key)


def step(page: Page, name: str) -> Locator:
    """The button of a step in the outline."""
    return steps(page).get_by_role("button", name=name).first


def test_five_steps_with_a_condition_and_a_loop_by_keyboard_alone(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "By keyboard")
    press_on(page, page.get_by_role("button", name="Add step", exact=True), "Enter")
    pick(page, "one way or another")
    press_on(page, page.get_by_role("button", name="Add step to If …"), "Enter")
    pick(page, "wait some seconds")
    shows(page, ["Manually", "Decide", ".If …", ".Wait", ".Otherwise"])
    press_on(page, page.get_by_role("button", name="Add step to Otherwise"), "Enter")
    pick(page, "same with every item")
    shows(page, ["Manually", "Decide", ".If …", ".Wait", ".Otherwise", ".For each item", "..For each item"])
    press_on(page, page.get_by_role("button", name="Add step to For each item"), "Enter")
    pick(page, "end the run here")
    press_on(page, page.get_by_role("button", name="Add step", exact=True), "Enter")
    pick(page, "wait some seconds")
    tree = [
        "Manually", "Decide", ".If …", ".Wait", ".Otherwise", ".For each item", "..For each item", "..Stop", "..Wait",
    ]  # fmt: skip
    shows(page, tree)
    press_on(page, step(page, "Wait wait_2"), "Alt+ArrowDown")
    shows(page, [*tree[:-1], ".Wait"])
    expect(step(page, "Wait wait_2")).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    shows(page, [*tree[:-1], "Wait"])
    press_on(page, step(page, "Decide"), "Enter")
    press_on(page, page.get_by_role("button", name="As expression: If"), "Enter")
    press_on(page, page.get_by_role("textbox", name="If", exact=True), *"true == true", "Tab")
    shows(page, [*tree[:2], ".If true == true", *tree[3:-1], "Wait"])
    press_on(page, step(page, "For each item"), "ArrowUp", "ArrowUp", "Enter")
    expect(page.get_by_role("heading", name="Condition")).to_be_visible()


def test_every_edit_is_undone_and_done_again_also_after_a_reload(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "Back and forth")
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    expect(undo).to_be_disabled()
    seen: list[list[str]] = [lines(page)]

    def note(expected: list[str]) -> None:
        shows(page, expected)
        seen.append(expected)

    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "wait some seconds")
    note(["Manually", "Wait"])
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "end the run here")
    note(["Manually", "Wait", "Stop"])
    press_on(page, step(page, "Stop"), "Alt+ArrowUp")
    note(["Manually", "Stop", "Wait"])
    press_on(page, step(page, "Wait"), "Control+d")
    note(["Manually", "Stop", "Wait", "Wait (copy)"])
    page.get_by_label("Step name").fill("Breathe")
    page.get_by_label("Step name").press("Tab")
    note(["Manually", "Stop", "Wait", "Breathe"])
    press_on(page, step(page, "Stop"), "Delete")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete step").click()
    note(["Manually", "Wait", "Breathe"])
    page.reload()
    expect(steps(page)).to_be_visible()
    expect(undo).to_have_attribute("title", "Undo: Delete “Stop”")
    for expected in seen[-2::-1]:
        undo.click()
        shows(page, expected)
    expect(undo).to_be_disabled()
    page.reload()
    expect(steps(page)).to_be_visible()
    for expected in seen[1:]:
        press_on(page, step(page, "Manually"), "Control+Shift+z")
        shows(page, expected)
    expect(redo).to_be_disabled()


@pytest.fixture
def two(shared_server: Server, somebody: str, new_context: Callable[..., BrowserContext]) -> tuple[Page, Page]:
    """The same workflow open in the browsers of one person at two desks."""
    first, second = new_context().new_page(), new_context().new_page()
    sign_in(shared_server, first, somebody)
    sign_in(shared_server, second, somebody)
    new_workflow(first, shared_server, "Together")
    first.get_by_role("button", name="Add step", exact=True).click()
    pick(first, "end the run here")
    second.goto(first.url)
    expect(step(second, "Stop")).to_be_visible()
    step(second, "Stop").click()
    return first, second


def test_two_at_once_lose_nothing(two: tuple[Page, Page]) -> None:
    first, second = two
    message = second.get_by_role("textbox", name="Message")
    first.get_by_label("Step name").fill("Enough")
    message.fill("Half written by the second")
    first.get_by_label("Step name").press("Tab")
    expect(step(second, "Enough")).to_be_visible()
    expect(message).to_have_value("Half written by the second")
    message.press("Tab")
    expect(first.get_by_role("textbox", name="Message")).to_have_value("Half written by the second")
    expect(step(first, "Enough")).to_be_visible()


@pytest.mark.parametrize(("decision", "kept"), [("Use mine", "of the second"), ("Keep theirs", "of the first")])
def test_the_same_field_written_by_two_is_decided_by_the_second(
    two: tuple[Page, Page], decision: str, kept: str
) -> None:
    first, second = two
    field = [page.get_by_role("textbox", name="Message") for page in two]
    field[1].fill("of the second")
    field[0].fill("of the first")
    field[0].press("Tab")
    expect(first.get_by_text("Saved", exact=True)).to_be_visible()
    expect(second.get_by_text("changed by somebody else")).to_be_visible()
    expect(field[1]).to_have_value("of the second")
    field[1].press("Tab")
    expect(second.get_by_text("Not saved: Change message of “Stop”")).to_be_visible()
    expect(field[0]).to_have_value("of the first")
    second.get_by_role("button", name=decision).click()
    for each in field:
        expect(each).to_have_value(kept)
    expect(second.get_by_text("Saved", exact=True)).to_be_visible()
