"""The inbox as people see it: a signed event comes in live, is read and replayed; a forged one is named."""

import json
import re
import secrets
import time
import urllib.error
import urllib.request

from playwright.sync_api import Page, expect

from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac, sign_hmac_sha256
from tests.e2e.journey import Server


def signed(url: str, secret: str, payload: dict[str, object], delivery: str) -> urllib.request.Request:
    """A delivery of the payload as its sender would make it."""
    body = json.dumps(payload).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": delivery,
        "X-Hub-Signature-256": sign_hmac_sha256(Secret(secret), body, "sha256="),
    }
    return urllib.request.Request(url, body, headers)  # noqa: S310 - loopback


def deliver(url: str, secret: str, payload: dict[str, object], delivery: str) -> int:
    """Send it; the answer's status."""
    try:
        with urllib.request.urlopen(signed(url, secret, payload, delivery)) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def new_workflow(page: Page, server: Server, name: str) -> None:
    """Create an empty workflow and open its editor."""
    page.goto(server.address("/workflows"))
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("list", name="Steps")).to_be_visible()


def publish(page: Page) -> None:
    """Publish the draft, also where no vendor could reach this address."""
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1").first).to_be_visible()


def stop_at_the_end(page: Page) -> None:
    """The shortest workflow that does something."""
    page.get_by_role("button", name="Add step", exact=True).click()
    picker = page.get_by_role("dialog", name="Add a step")
    picker.get_by_role("button", name="Stop End the run here").click()
    expect(page.get_by_role("region", name="Step", exact=True).get_by_role("heading", name="Stop")).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def listening(page: Page, server: Server, name: str, endpoint: str) -> tuple[str, str]:
    """A published workflow that a webhook starts and that stops; returns the address and its secret."""
    new_workflow(page, server, name)
    page.get_by_role("combobox", name="Trigger").select_option(label="Webhook")
    page.get_by_role("button", name="New endpoint").click()
    page.get_by_label("Endpoint name").fill(endpoint)
    page.get_by_role("button", name="Open endpoint").click()
    box = page.get_by_role("status").filter(has_text=f"The secret of “{endpoint}”.")
    secret = str(box.locator("code").text_content())
    url = str(page.locator("code", has_text="/api/webhooks/").first.text_content())
    box.get_by_role("button", name="Done").click()
    stop_at_the_end(page)
    publish(page)
    return url, secret


def test_a_run_that_an_event_started_shows_on_the_canvas_and_leaves_ones_own_alone(
    owner: Page, shared_server: Server
) -> None:
    page = owner
    url, secret = listening(page, shared_server, "Watched", "Watched orders")
    ran = page.get_by_role("region", name="Canvas", exact=True).get_by_role("button", name="Stop Succeeded")
    told = page.get_by_role("status", name="Run", exact=True)
    expect(told).to_have_count(0)
    assert deliver(url, secret, {"order": 1}, "w1") == 202
    expect(ran).to_be_visible()
    expect(told).to_contain_text("Started by an event · version 1")
    first = told.get_by_role("link", name="Open the run").get_attribute("href")
    assert deliver(url, secret, {"order": 2}, "w2") == 202
    expect(told.get_by_role("link", name="Open the run")).not_to_have_attribute("href", str(first))
    page.get_by_role("button", name="Run now").click()
    expect(told).not_to_contain_text("Started by an event")
    expect(told).to_contain_text("Succeeded")
    mine = str(told.get_by_role("link", name="Open the run").get_attribute("href"))
    assert deliver(url, secret, {"order": 3}, "w3") == 202
    with page.context.new_page() as runs:
        runs.goto(shared_server.address("/runs"))
        expect(runs.get_by_role("table").get_by_role("row").filter(has_text="Succeeded")).to_have_count(4)
    expect(told.get_by_role("link", name="Open the run")).to_have_attribute("href", mine)
    told.get_by_role("button", name="Hide the run").click()
    expect(ran).to_have_count(0)
    assert deliver(url, secret, {"order": 4}, "w4") == 202
    expect(ran).to_be_visible()
    expect(told).to_contain_text("Started by an event")


def test_a_signed_event_is_seen_read_and_replayed(owner: Page, shared_server: Server) -> None:
    page = owner
    url, secret = listening(page, shared_server, "An order came", "Orders")

    page.goto(shared_server.address("/events"))
    expect(page.get_by_text("Nothing has come in yet.")).to_be_visible()
    assert deliver(url, secret, {"order": {"id": "A-1"}}, "d1") == 202
    table = page.get_by_role("table", name="Events")
    row = table.get_by_role("row").filter(has_text="Accepted")
    expect(row).to_contain_text("Orders")
    expect(row).to_contain_text("Started 1 run")
    assert deliver(url, secret, {"order": {"id": "A-1"}}, "d1") == 200
    expect(row).to_contain_text("came 2 times")
    assert deliver(url, "somebody else's secret", {"order": {"id": "A-2"}}, "d2") == 401
    expect(table.get_by_role("row").filter(has_text="Rejected")).to_contain_text("The signature does not match.")
    page.get_by_role("combobox", name="Verdict").select_option(label="Came more than once")
    expect(table.get_by_role("row")).to_have_count(2)

    row.get_by_role("link").click()
    expect(page.get_by_role("region", name="Body")).to_contain_text('"id": "A-1"')
    expect(page.get_by_text("idempotency-key")).to_be_visible()
    runs = page.get_by_role("list", name="Runs of this event")
    expect(runs.get_by_role("listitem")).to_have_count(1)
    expect(runs).to_contain_text("Succeeded")
    page.get_by_role("button", name="Replay", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("Replayed: 1 run started.")).to_be_visible()
    expect(runs.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Replay", exact=True).click()
    question = page.get_by_role("alertdialog")
    question.get_by_label("Replay to").select_option(label="An order came (draft)")
    question.get_by_role("button", name="Replay", exact=True).click()
    expect(runs.get_by_role("listitem")).to_have_count(3)
    expect(runs.get_by_text("Succeeded")).to_have_count(3)
    new_workflow(page, shared_server, "Another")
    page.goto(shared_server.address("/events"))
    page.get_by_role("combobox", name="Workflow").select_option(label="An order came")
    expect(row).to_contain_text("Started 3 runs")
    page.get_by_role("combobox", name="Workflow").select_option(label="Another")
    expect(page.get_by_text("No event matches these filters.")).to_be_visible()


def test_a_sender_that_gives_its_own_secret(owner: Page, shared_server: Server) -> None:
    page, secret = owner, f"whsec_{secrets.token_hex(16)}"
    new_workflow(page, shared_server, "An invoice was paid")
    page.get_by_role("combobox", name="Trigger").select_option(label="Webhook")
    page.get_by_role("button", name="New endpoint").click()
    page.get_by_label("Endpoint name").fill("Payments")
    page.get_by_label("How senders prove who they are").select_option(label="Stripe")
    page.get_by_label("Secret of the sender").fill(secret)
    page.get_by_role("button", name="Open endpoint").click()
    url = str(page.locator("code", has_text="/api/webhooks/").first.text_content())
    expect(page.get_by_text("It is shown this once")).to_have_count(0)
    assert secret not in page.content()
    stop_at_the_end(page)
    publish(page)
    body, seconds = b'{"id": "evt_1", "type": "invoice.paid"}', int(time.time())
    signature = sign_hmac(Secret(secret), body, timestamp=seconds)
    headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={seconds},v1={signature}"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:  # noqa: S310 - loopback
        assert answer.status == 202
    page.goto(shared_server.address("/events"))
    row = page.get_by_role("table", name="Events").get_by_role("row").filter(has_text="Payments")
    expect(row).to_contain_text("invoice.paid")


def test_a_schedule_fires_a_run(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "Every minute")
    page.get_by_role("combobox", name="Trigger").select_option(label="On a schedule")
    upcoming = page.get_by_role("list", name="Next times, once published").get_by_role("listitem")
    schedule, zone = (page.get_by_role("combobox", name=name) for name in ("Schedule", "Time zone"))
    schedule.fill("9:00")
    page.get_by_role("option", name="Every Monday at 9:00").click()
    expect(schedule).to_have_value("0 9 * * 1")
    zone.fill("kolk")
    page.get_by_role("option", name="Asia/Kolkata").click()
    expect(upcoming).to_have_text([re.compile(r"^Mon .*, 09:00 IST$")] * 3)
    schedule.fill("* * * * *")
    schedule.press("Tab")
    expect(upcoming.first).not_to_contain_text("09:00")
    stop_at_the_end(page)
    publish(page)
    page.goto(shared_server.address("/runs"))
    row = page.get_by_role("table", name="Runs").get_by_role("row").filter(has_text="Every minute")
    expect(row).to_contain_text("Succeeded", timeout=75_000)


def test_an_unsigned_address_is_opened_only_after_a_warning_and_a_yes(owner: Page, shared_server: Server) -> None:
    page = owner
    new_workflow(page, shared_server, "Anybody may start it")
    page.get_by_role("combobox", name="Trigger").select_option(label="Webhook")
    page.get_by_role("button", name="New endpoint").click()
    page.get_by_label("Endpoint name").fill("Open door")
    agreed = page.get_by_label("Anybody who knows the address may start it")
    expect(agreed).to_be_hidden()
    page.get_by_label("How senders prove who they are").select_option(label="None: whoever knows the address")
    expect(page.get_by_text("Nothing is checked")).to_be_visible()
    expect(page.get_by_label("Secret of the sender")).to_be_hidden()
    page.get_by_role("button", name="Open endpoint").click()
    expect(page.get_by_text("Say that anybody may start the workflow")).to_be_visible()
    agreed.check()
    page.get_by_role("button", name="Open endpoint").click()
    expect(page.locator("code", has_text="/api/webhooks/")).to_be_visible()
