"""Conditions in the editor: put together from rows, shown as the expression they say, and edited as text."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_accessibility import SCHEMES, in_scheme, violations
from tests.e2e.test_editing import new_workflow, pick, press_on, shows


def decide(page: Page, server: Server, name: str) -> None:
    """A workflow with one condition, which is selected."""
    new_workflow(page, server, name)
    page.get_by_role("button", name="Add step", exact=True).click()
    pick(page, "one way or another")
    expect(page.get_by_role("group", name="If", exact=True)).to_be_visible()


def test_a_condition_from_rows_is_the_expression_below_them(owner: Page, shared_server: Server) -> None:
    page = owner
    decide(page, shared_server, "From rows")
    condition = page.get_by_role("group", name="If", exact=True)
    press_on(page, condition.get_by_role("textbox", name="Value 1"), *"trigger.state", "Tab")
    condition.get_by_role("textbox", name="Compare to 1").fill("open")
    condition.get_by_role("textbox", name="Compare to 1").press("Tab")
    shows(page, ["Manually", "Decide", ".If trigger.state == 'open'", ".Otherwise"])
    condition.get_by_role("button", name="Add condition to If").click()
    condition.get_by_role("combobox", name="Join 2").select_option("or")
    condition.get_by_role("button", name="Insert variable into Value 2").click()
    page.get_by_role("button", name="workflow.name").click()
    condition.get_by_role("combobox", name="Operator 2").select_option("is not empty")
    said = "trigger.state == 'open' or workflow.name | default: '' != ''"
    expect(condition.get_by_role("note", name="Expression")).to_have_text(said)
    shows(page, ["Manually", "Decide", f".If {said}", ".Otherwise"])
    page.reload()
    page.get_by_role("list", name="Steps").get_by_role("button", name="Decide decide").click()
    expect(condition.get_by_role("combobox", name="Operator 2")).to_have_value("is_not_empty")
    condition.get_by_role("button", name="Remove condition 1").click()
    shows(page, ["Manually", "Decide", ".If workflow.name | default: '' != ''", ".Otherwise"])
    page.get_by_role("button", name="Undo").click()
    expect(condition.get_by_role("textbox", name="Compare to 1")).to_have_value("open")
    for scheme in SCHEMES:
        in_scheme(page, scheme)
        assert violations(page) == []


def test_rows_are_put_into_groups_and_come_back_as_groups(owner: Page, shared_server: Server) -> None:
    page = owner
    decide(page, shared_server, "In groups")
    condition = page.get_by_role("group", name="If", exact=True)

    def says(number: int, variable: str) -> None:
        condition.get_by_role("combobox", name=f"Operator {number}").select_option("is true")
        press_on(page, condition.get_by_role("textbox", name=f"Value {number}"), *variable, "Tab")

    says(1, "trigger.a")
    condition.get_by_role("button", name="Add condition to If").click()
    says(2, "trigger.b")
    shows(page, ["Manually", "Decide", ".If trigger.a and trigger.b", ".Otherwise"])
    condition.get_by_role("button", name="Add group to If").click()
    first, second = (condition.get_by_role("group", name=f"Group {number}") for number in (1, 2))
    expect(first.get_by_role("textbox", name="Value 2")).to_have_value("trigger.b")
    expect(condition.get_by_role("combobox", name="Join 3")).to_have_value("or")
    says(3, "trigger.c")
    expect(second.get_by_role("combobox", name="Join 4")).to_have_value("and")
    says(4, "trigger.d")
    said = "(trigger.a and trigger.b) or (trigger.c and trigger.d)"
    shows(page, ["Manually", "Decide", f".If {said}", ".Otherwise"])
    page.reload()
    page.get_by_role("list", name="Steps").get_by_role("button", name="Decide decide").click()
    expect(second.get_by_role("textbox", name="Value 4")).to_have_value("{{ trigger.d }}")
    for scheme in SCHEMES:
        in_scheme(page, scheme)
        assert violations(page) == []
    first.get_by_role("button", name="Add condition to group 1").click()
    says(3, "trigger.e")
    condition.get_by_role("combobox", name="Join 4").select_option("and")
    said = "(trigger.a and trigger.b and trigger.e) and (trigger.c and trigger.d)"
    shows(page, ["Manually", "Decide", f".If {said}", ".Otherwise"])
    second.get_by_role("combobox", name="Join 5").select_option("or")
    said = "(trigger.a and trigger.b and trigger.e) and (trigger.c or trigger.d)"
    shows(page, ["Manually", "Decide", f".If {said}", ".Otherwise"])
    first.get_by_role("button", name="Ungroup group 1").click()
    said = "trigger.a and trigger.b and trigger.e and (trigger.c or trigger.d)"
    shows(page, ["Manually", "Decide", f".If {said}", ".Otherwise"])
    condition.get_by_role("button", name="Remove group 1").click()
    shows(page, ["Manually", "Decide", ".If trigger.a and trigger.b and trigger.e", ".Otherwise"])
    page.get_by_role("button", name="Undo").click()
    expect(condition.get_by_role("group", name="Group 1").get_by_role("textbox", name="Value 5")).to_be_visible()


def test_an_expression_that_rows_cannot_say_stays_text(owner: Page, shared_server: Server) -> None:
    page = owner
    decide(page, shared_server, "As text")
    condition = page.get_by_role("group", name="If", exact=True)
    condition.get_by_role("button", name="As expression: If").click()
    text = "trigger.a and (trigger.b or (trigger.c and trigger.d))"
    condition.get_by_role("textbox", name="If", exact=True).fill(text)
    condition.get_by_role("textbox", name="If", exact=True).press("Tab")
    shows(page, ["Manually", "Decide", f".If {text}", ".Otherwise"])
    page.reload()
    page.get_by_role("list", name="Steps").get_by_role("button", name="Decide decide").click()
    expect(condition.get_by_role("textbox", name="If", exact=True)).to_have_value(text)
    expect(condition.get_by_role("button", name="As rows: If")).to_be_disabled()
    condition.get_by_role("textbox", name="If", exact=True).fill("trigger.a and trigger.b")
    condition.get_by_role("textbox", name="If", exact=True).press("Tab")
    condition.get_by_role("button", name="As rows: If").click()
    expect(condition.get_by_role("textbox", name="Value 2")).to_have_value("{{ trigger.b }}")


def test_a_row_that_cannot_be_is_marked_and_kept(owner: Page, shared_server: Server) -> None:
    page = owner
    decide(page, shared_server, "Refused")
    condition = page.get_by_role("group", name="If", exact=True)
    condition.get_by_role("textbox", name="Value 1").fill("two words")
    condition.get_by_role("textbox", name="Compare to 1").fill("x")
    condition.get_by_role("textbox", name="Compare to 1").press("Tab")
    expect(condition.get_by_text("Condition 1: character 5: unexpected 'words'")).to_be_visible()
    expect(condition.get_by_role("textbox", name="Value 1")).to_have_value("two words")
    condition.get_by_role("textbox", name="Value 1").fill("trigger.words")
    condition.get_by_role("textbox", name="Value 1").press("Tab")
    shows(page, ["Manually", "Decide", ".If trigger.words == 'x'", ".Otherwise"])
