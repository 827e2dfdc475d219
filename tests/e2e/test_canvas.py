"""The canvas with the mouse: built, dragged, taken back, watched while it runs, and looked at when it is long."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.journey import Server, connect, create_person, sign_in
from tests.e2e.test_editing import new_workflow, pick, press_on, shows, steps

ORGANIZATION = "Canvas works"


def canvas(page: Page) -> Locator:
    """The workflow as a picture."""
    return page.get_by_role("region", name="Canvas", exact=True)


def card(page: Page, name: str) -> Locator:
    """A step of the picture, by its title and its key."""
    return canvas(page).get_by_role("button", name=re.compile(f"^{name}"))


def insert(page: Page, place: str, words: str) -> None:
    """Press a `+` and choose what to add there."""
    canvas(page).get_by_role("button", name=f"Insert a step {place}", exact=True).click()
    pick(page, words)


def middle(target: Locator) -> tuple[float, float]:
    """Where to put the mouse."""
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def hold(page: Page, step: Locator, over: Locator) -> None:
    """Take a step with the mouse and hold it over something."""
    page.mouse.move(*middle(step))
    page.mouse.down()
    page.mouse.move(*middle(over), steps=8)


def imported(server: Server, organization: str, definition: dict[str, Any]) -> str:
    """The address of a workflow that was read from a file."""
    command = [sys.executable, "-m", "integrations_app.cli", "workflows", "import", "-", "--json"]
    done = subprocess.run(
        [*command, "--organization", organization],
        env={**os.environ, "INTEGRATIONS_DATA_DIR": str(server.data)},
        input=json.dumps(definition).encode(),
        check=True,
        capture_output=True,
    )
    return server.address(f"/workflows/{json.loads(done.stdout)['id']}")


def test_five_steps_with_a_condition_and_a_loop_by_mouse_alone(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "By mouse")
    insert(page, "after Manually", "one way or another")
    shows(page, ["Manually", "Decide", ".If …", ".Otherwise"])
    insert(page, "first in If …", "wait some seconds")
    insert(page, "first in Otherwise", "same with every item")
    insert(page, "first in For each item", "end the run here")
    insert(page, "after Decide", "wait some seconds")
    tree = [
        "Manually", "Decide", ".If …", ".Wait", ".Otherwise", ".For each item", "..For each item", "..Stop", "Wait",
    ]  # fmt: skip
    shows(page, tree)
    card(page, "Wait wait$").click()
    expect(card(page, "Wait wait$")).to_have_attribute("aria-current", "step")
    expect(page.get_by_role("region", name="Step", exact=True).get_by_label("Step name")).to_have_value("Wait")
    canvas(page).get_by_role("button", name="Duplicate Wait").click()
    shows(page, [*tree[:4], ".Wait (copy)", *tree[4:]])
    canvas(page).get_by_role("button", name="Delete Wait (copy)").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete step").click()
    shows(page, tree)


@pytest.fixture
def three(owner: Page, shared_server: Server) -> Page:
    """An editor with a loop and two steps behind it."""
    new_workflow(owner, shared_server, "To be sorted")
    insert(owner, "after Manually", "same with every item")
    insert(owner, "after For each item", "wait some seconds")
    insert(owner, "after Wait", "end the run here")
    shows(owner, ["Manually", "For each item", ".For each item", "Wait", "Stop"])
    return owner


def test_a_step_is_dragged_into_a_loop_and_taken_back(three: Page) -> None:
    page = three
    place = canvas(page).get_by_role("button", name="Insert a step first in For each item")
    hold(page, card(page, "Stop stop"), place)
    expect(place).to_have_class("canvas-plus nopan nodrag open over")
    shows(page, ["Manually", "For each item", ".For each item", "Wait", "Stop"])
    page.mouse.up()
    shows(page, ["Manually", "For each item", ".For each item", ".Stop", "Wait"])
    page.get_by_role("button", name="Undo").click()
    shows(page, ["Manually", "For each item", ".For each item", "Wait", "Stop"])
    press_on(page, card(page, "Stop stop"), "Control+Shift+z")
    shows(page, ["Manually", "For each item", ".For each item", ".Stop", "Wait"])


def test_escape_ends_a_drag_and_a_step_is_not_dropped_into_itself(three: Page) -> None:
    page = three
    before = ["Manually", "For each item", ".For each item", "Wait", "Stop"]
    first = canvas(page).get_by_role("button", name="Insert a step after Manually")
    stood = card(page, "Stop stop").bounding_box()
    hold(page, card(page, "Stop stop"), first)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(first).to_have_class("canvas-plus nopan nodrag ")
    assert card(page, "Stop stop").bounding_box() == stood
    shows(page, before)
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("title", "Undo: Add “Stop”")
    inside = canvas(page).get_by_role("button", name="Insert a step first in For each item")
    hold(page, card(page, "For each item each"), first)
    expect(inside).to_be_hidden()
    page.mouse.up()
    shows(page, before)


def settled(place: Locator) -> tuple[float, float]:
    """The middle of what moves along, once it has come to rest."""
    place.element_handle().wait_for_element_state("stable")
    return middle(place)


class Finger:
    """One finger on the page."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)

    def carry(self, step: Locator, over: Locator, by: Locator | None = None) -> None:
        """Put it down on the step, or on the part of it to take it by, and bring the step's middle over something."""
        x, y = middle(by or step)
        (from_x, from_y), (to_x, to_y) = middle(step), middle(over)
        self.touch(x, y)
        for part in range(1, 9):
            self.move(x + (to_x - from_x) * part / 8, y + (to_y - from_y) * part / 8)

    def touch(self, x: float, y: float) -> None:
        """Put it down."""
        self._send("touchStart", {"x": x, "y": y})

    def move(self, x: float, y: float) -> None:
        """Move it there while it is down."""
        self._send("touchMove", {"x": x, "y": y})

    def lift(self) -> None:
        """Let go."""
        self._send("touchEnd")

    def lose(self) -> None:
        """The browser takes the touch away, as for a gesture of its own."""
        self._send("touchCancel")

    def _send(self, kind: str, *points: dict[str, float]) -> None:
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})


def test_a_finger_drags_a_step_by_its_grip_and_the_canvas_elsewhere(
    new_context: Callable[..., BrowserContext], shared_server: Server
) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    create_person(shared_server, "finger@acme.test", organization="By finger")
    sign_in(shared_server, page, "finger@acme.test")
    waits = [{"key": key, "name": key.title(), "type": "delay", "seconds": 1} for key in ("first", "second", "third")]
    definition = {"format": 1, "name": "By finger", "trigger": {"type": "manual"}, "steps": waits}
    page.goto(imported(shared_server, "By finger", definition))
    page.get_by_role("radio", name="Canvas").click()
    third, grip = card(page, "Third third"), canvas(page).locator("[data-grip=third]")
    place = canvas(page).get_by_role("button", name="Insert a step after Manually")
    grip.scroll_into_view_if_needed()
    finger = Finger(page)
    finger.carry(third, place, by=grip)
    expect(place).to_have_class("canvas-plus nopan nodrag open over")
    finger.lose()
    expect(place).to_have_class("canvas-plus nopan nodrag ")
    finger.carry(third, place, by=grip)
    finger.lift()
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("title", "Undo: Move “Third”")
    expect(canvas(page).get_by_role("button", name="Insert a step after Third")).to_be_visible()
    ground = canvas(page).locator(".react-flow__viewport")
    stood = str(ground.get_attribute("style"))
    finger.carry(card(page, "Second second"), place)
    finger.lift()
    expect(ground).not_to_have_attribute("style", stood)
    page.get_by_role("radio", name="Outline").click()
    shows(page, ["Manually", "Third", "First", "Second"])


def test_the_canvas_moves_along_while_a_finger_waits_at_its_edge(
    new_context: Callable[..., BrowserContext], shared_server: Server
) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    create_person(shared_server, "edge@acme.test", organization="At the edge")
    sign_in(shared_server, page, "edge@acme.test")
    waits = [{"key": f"w{one}", "name": f"Wait {one}", "type": "delay", "seconds": 1} for one in range(10)]
    definition = {"format": 1, "name": "At the edge", "trigger": {"type": "manual"}, "steps": waits}
    page.goto(imported(shared_server, "At the edge", definition))
    page.get_by_role("radio", name="Canvas").click()
    last, grip = (
        canvas(page).get_by_role("button", name="Insert a step after Wait 9"),
        canvas(page).locator("[data-grip=w0]"),
    )
    expect(last).not_to_be_in_viewport()
    grip.scroll_into_view_if_needed()
    frame = canvas(page).bounding_box()
    assert frame is not None
    finger, (x, y) = Finger(page), middle(grip)
    finger.touch(x, y)
    finger.move(x, frame["y"] + frame["height"] - 10)
    expect(last).to_be_in_viewport(timeout=10_000)
    to_x, to_y = settled(last)
    step_x, step_y = middle(card(page, "Wait 0 w0"))
    finger.move(x + to_x - step_x, frame["y"] + frame["height"] - 10 + to_y - step_y)
    expect(last).to_have_class("canvas-plus nopan nodrag open over")
    finger.lift()
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("title", "Undo: Move “Wait 0”")
    page.get_by_role("radio", name="Outline").click()
    shows(page, ["Manually", *(f"Wait {one}" for one in (*range(1, 10), 0))])


def test_the_canvas_answers_the_keys_of_the_outline(three: Page) -> None:
    page = three
    press_on(page, card(page, "Manually Trigger"), "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    expect(card(page, "Stop stop")).to_have_attribute("aria-current", "step")
    page.keyboard.press("Alt+ArrowUp")
    shows(page, ["Manually", "For each item", ".For each item", "Stop", "Wait"])
    expect(card(page, "Stop stop")).to_be_focused()
    page.keyboard.press("Delete")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete step").click()
    shows(page, ["Manually", "For each item", ".For each item", "Wait"])
    press_on(page, canvas(page).get_by_role("button", name="Insert a step after Manually"), "Enter")
    pick(page, "end the run here")
    shows(page, ["Manually", "Stop", "For each item", ".For each item", "Wait"])


def test_outline_and_canvas_take_turns_where_there_is_no_room_for_both(three: Page) -> None:
    page = three
    page.get_by_role("button", name="Hide outline").click()
    expect(steps(page)).to_be_hidden()
    page.get_by_role("button", name="Show outline").click()
    expect(steps(page)).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="All steps").click()
    expect(canvas(page)).to_be_hidden()
    page.get_by_role("radio", name="Canvas").click()
    expect(steps(page)).to_be_hidden()
    card(page, "Wait wait").click()
    expect(page.get_by_label("Step name")).to_have_value("Wait")
    expect(canvas(page)).to_be_hidden()
    page.get_by_role("button", name="All steps").click()
    expect(card(page, "Wait wait")).to_be_in_viewport()


def test_a_run_shows_on_the_canvas_green_and_red_with_its_data(
    shared_server: Server, somebody: str, page: Page
) -> None:
    sign_in(shared_server, page, somebody)
    connect(page, "Slack")
    inputs = [{"channel": "triage", "text": "All is well"}, {"channel": "nowhere", "text": "Who is there?"}]
    tell: list[dict[str, Any]] = [
        {"key": f"tell_{number}", "name": f"Tell {number}", "type": "action", "action": "slack.send_message"}
        | {"connection": "Acme", "inputs": given}
        for number, given in enumerate(inputs, 1)
    ]
    never = {"key": "rest", "name": "Rest", "type": "delay", "seconds": 1}
    two_calls = {"format": 1, "name": "Two calls", "trigger": {"type": "manual"}, "steps": [*tell, never]}
    page.goto(imported(shared_server, f"Acme {somebody}", two_calls))
    for line in ("Tell 1 tell_1", "Tell 2 tell_2", "Rest rest"):
        expect(card(page, line)).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    shown = canvas(page)
    expect(shown.get_by_role("button", name="Tell 2 Failed")).to_be_visible()
    expect(shown.get_by_role("button", name="Tell 1 Succeeded")).to_be_visible()
    expect(card(page, "Rest rest")).to_be_visible()
    shown.get_by_role("button", name="Tell 1 Succeeded").click()
    data = page.get_by_role("region", name="In this run")
    data.get_by_text("Data", exact=True).click()
    expect(data.get_by_role("region", name="Inputs")).to_contain_text("All is well")
    shown.get_by_role("button", name="Tell 2 Failed").click()
    expect(data.get_by_role("region", name="Inputs")).to_contain_text("Who is there?")
    expect(data).to_contain_text("There is no such channel")


def long_workflow(count: int) -> dict[str, Any]:
    """A workflow of `count` steps, with a condition and a loop among them."""

    def waits(name: str, number: int) -> list[dict[str, Any]]:
        return [
            {"key": f"{name}_{one}", "name": f"{name.title()} {one}", "type": "delay", "seconds": 1}
            for one in range(number)
        ]

    fifth = (count - 2) // 5
    branches = [{"when": "true", "steps": waits("left", fifth)}, {"else": True, "steps": waits("right", fifth)}]
    return {
        "format": 1,
        "name": "A long one",
        "trigger": {"type": "manual"},
        "steps": [
            *waits("first", fifth),
            {"key": "decide", "name": "Decide", "type": "condition", "branches": branches},
            {"key": "each", "name": "Each", "type": "for_each", "items": [1], "steps": waits("inner", fifth)},
            *waits("last", count - 2 - 4 * fifth),
        ],
    }


def test_a_workflow_of_a_hundred_steps_has_a_map_and_is_walked_through(shared_server: Server, page: Page) -> None:
    create_person(shared_server, "long@acme.test", organization=ORGANIZATION)
    sign_in(shared_server, page, "long@acme.test")
    page.goto(imported(shared_server, ORGANIZATION, long_workflow(100)))
    expect(canvas(page).get_by_role("img", name="Map of the workflow")).to_be_visible()
    expect(canvas(page).get_by_role("button", name="Insert a step")).to_have_count(104)
    expect(card(page, "Last 3 last_3")).not_to_be_in_viewport()
    steps(page).get_by_role("button", name="Last 3 last_3").click()
    expect(card(page, "Last 3 last_3")).to_be_in_viewport()
    canvas(page).get_by_role("button", name="Show the whole workflow").click()
    expect(card(page, "Manually Trigger")).to_be_in_viewport()
