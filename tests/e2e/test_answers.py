"""A workflow that answers its sender, as a person builds it: the endpoint waits, the step answers, no page is sent."""

import urllib.error
import urllib.request
from email.message import Message

from playwright.sync_api import Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_inbox import new_workflow, signed


def ask(url: str, secret: str, payload: dict[str, object], delivery: str) -> tuple[int, str, str, str]:
    """Deliver as the sender does; the answer's status, content type, policy for browsers, and body."""
    try:
        with urllib.request.urlopen(signed(url, secret, payload, delivery)) as answer:  # noqa: S310 - loopback
            return answer.status, *_told(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, *_told(refusal.headers), refusal.read().decode()


def _told(headers: Message) -> tuple[str, str]:
    return headers["Content-Type"], headers["Content-Security-Policy"]


def test_a_workflow_answers_its_sender(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "Quote a price")
    page.get_by_role("combobox", name="Trigger").select_option(label="Webhook")
    page.get_by_role("button", name="New endpoint").click()
    page.get_by_label("Endpoint name").fill("Quotes")
    page.get_by_label("Wait for the workflow's answer (seconds)").fill("20")
    page.get_by_role("button", name="Open endpoint").click()
    box = page.get_by_role("status").filter(has_text="The secret of “Quotes”.")
    secret = str(box.locator("code").text_content())
    url = str(page.locator("code", has_text="/api/webhooks/").first.text_content())
    box.get_by_role("button", name="Done").click()

    page.get_by_role("button", name="Add step", exact=True).click()
    page.get_by_role("dialog", name="Add a step").get_by_role("button", name="Answer the webhook").click()
    panel = page.get_by_role("region", name="Step", exact=True)
    expect(panel.get_by_role("heading", name="Answer the webhook")).to_be_visible()
    expect(panel.get_by_role("button", name="Test step")).to_have_count(0)  # without a sender there is nothing to try
    expect(panel.get_by_label("Status (optional)")).to_have_value("200")
    panel.get_by_label("Status (optional)").fill("201")
    panel.get_by_label("Body (optional)").fill('{"item": "{{ trigger.item }}", "price": 7}')
    panel.get_by_label("Headers (optional)").fill("Content-Type: text/html")
    panel.get_by_label("Status (optional)").focus()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    refused = "The header Content-Type cannot be text/html: an answer is never a page."
    expect(panel.get_by_text(refused).first).to_be_visible()
    panel.get_by_label("Headers (optional)").fill("Content-Type: application/json\nX-Currency: EUR")
    panel.get_by_label("Status (optional)").focus()
    expect(panel.get_by_text(refused)).to_have_count(0)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1").first).to_be_visible()

    answer_a_sender(page, shared_server, url, secret)


def answer_a_sender(page: Page, server: Server, url: str, secret: str) -> None:
    """The sender gets what the step says; the run and the endpoint show it."""
    answer = (201, "application/json", "sandbox", '{"item":"a \\"chair\\"","price":7}')
    assert ask(url, secret, {"item": 'a "chair"'}, "q1") == answer
    assert ask(url, secret, {"item": 'a "chair"'}, "q1") == answer
    page.goto(server.address("/runs"))
    rows = page.get_by_role("table").get_by_role("row").filter(has_text="Quote a price")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()
    step = page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(step).to_contain_text("Answer the webhook")
    expect(step).to_contain_text("Succeeded")

    page.goto(server.address("/settings"))
    section = page.get_by_role("region", name="Endpoints")
    line = section.get_by_role("list", name="Endpoints").get_by_role("listitem").filter(has_text="Quotes")
    line.get_by_text("Answers: what the workflow says within 20 s").click()
    field = line.get_by_label("Wait for the workflow's answer (seconds)")
    field.fill("26")
    line.get_by_role("button", name="Save answer").click()
    expect(section.get_by_text("Senders are answered at once.")).to_have_count(0)
    field.fill("0")
    line.get_by_role("button", name="Save answer").click()
    expect(section.get_by_text("Senders are answered at once.")).to_be_visible()
    assert ask(url, secret, {"item": "a table"}, "q2")[0] == 202
