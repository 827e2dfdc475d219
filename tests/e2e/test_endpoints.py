"""Endpoints in the settings: opened, tried, sent to from a shell's commands, fenced, deleted after a question."""

import time
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Locator, Page, expect

from tests.e2e.journey import Server
from tests.e2e.test_inbox import deliver
from tests.kit.test_jwt import PRIVATE, private_pem, public_pem, signed


def add(page: Page, server: Server, name: str) -> tuple[Locator, Locator, str]:
    """Open an endpoint in the settings; the section, its line, and its secret."""
    page.goto(server.address("/settings"))
    section = page.get_by_role("region", name="Endpoints")
    section.get_by_role("button", name="Add endpoint").click()
    section.get_by_label("Endpoint name").fill(name)
    section.get_by_role("button", name="Open endpoint").click()
    box = section.get_by_role("status").filter(has_text=f"The secret of “{name}”.")
    secret = str(box.locator("code").text_content())
    box.get_by_role("button", name="Done").click()
    line = section.get_by_role("list", name="Endpoints").get_by_role("listitem").filter(has_text=name)
    return section, line, secret


def address_of(line: Locator) -> str:
    return str(line.locator("code", has_text="/api/webhooks/").first.text_content())


def test_an_endpoint_is_added_tried_and_deleted(owner: Page, shared_server: Server) -> None:
    page = owner
    page.goto(shared_server.address("/settings"))
    expect(page.get_by_role("region", name="Endpoints").get_by_text("There are no endpoints yet.")).to_be_visible()
    section, line, secret = add(page, shared_server, "Orders")
    expect(line).to_contain_text("Signature (X-Hub-Signature-256)")
    expect(line).to_contain_text("Nothing came yet")
    expect(line).to_contain_text("No workflow uses it.")
    assert deliver(address_of(line), "somebody else's secret", {"order": 1}, "d1") == 401
    expect(line).to_contain_text("Rejected: The signature does not match.")

    line.get_by_role("button", name="Send a test delivery to Orders").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Send now").click()
    notice = section.get_by_role("status").filter(has_text="The test delivery to “Orders” was accepted")
    expect(notice).to_contain_text("started no run")
    expect(line).to_contain_text("Accepted")
    line.get_by_text("Send from a shell").click()
    commands = line.get_by_role("group", name="Commands for Orders")
    expect(commands).to_contain_text('openssl dgst -sha256 -hmac "$SECRET"')
    assert secret not in page.content()
    notice.get_by_role("link", name="Open the event").click()
    expect(page.get_by_role("region", name="Body")).to_contain_text('"test": true')

    page.goto(shared_server.address("/settings"))
    url = address_of(line)
    line.get_by_role("button", name="Delete Orders").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Keep it").click()
    expect(line).to_be_visible()
    line.get_by_role("button", name="Delete Orders").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete now").click()
    expect(section.get_by_text("There are no endpoints yet.")).to_be_visible()
    assert deliver(url, secret, {"order": 2}, "d2") == 404


def test_a_secret_is_rotated_and_the_former_one_ends(owner: Page, shared_server: Server) -> None:
    page = owner
    section, line, former = add(page, shared_server, "Orders")
    url = address_of(line)
    line.get_by_role("button", name="Rotate the secret of Orders").click()
    question = page.get_by_role("alertdialog")
    expect(question.get_by_label("Take the present secret for")).to_have_value("86400")
    question.get_by_role("button", name="Rotate now").click()
    box = section.get_by_role("status").filter(has_text="The secret of “Orders”.")
    fresh = str(box.locator("code").text_content())
    assert fresh != former
    expect(line).to_contain_text("The former secret is taken too and ends")
    assert [deliver(url, secret, {}, secret[:4]) for secret in (former, fresh)] == [202, 202]
    line.get_by_role("button", name="End the former secret of Orders").click()
    expect(section.get_by_text("The former secret is refused from now on.")).to_be_visible()
    assert [deliver(url, secret, {}, secret[4:8]) for secret in (former, fresh)] == [401, 202]


def test_a_cap_is_set_and_seen_when_it_is_met(owner: Page, shared_server: Server) -> None:
    page = owner
    section, line, secret = add(page, shared_server, "Orders")
    url = address_of(line)
    line.get_by_text("Cap: none").click()
    line.get_by_label("Deliveries a minute").fill("1")
    line.get_by_role("button", name="Save cap").click()
    expect(section.get_by_text("Deliveries are taken up to 1 a minute.")).to_be_visible()
    assert [deliver(url, secret, {}, name) for name in ("a", "b")] == [202, 429]
    page.reload()
    expect(line).to_contain_text("Cap: 1 a minute, last met")


def test_deliveries_are_taken_from_listed_addresses_only(owner: Page, shared_server: Server) -> None:
    page = owner
    section, line, secret = add(page, shared_server, "Orders")
    url = address_of(line)
    line.get_by_text("Taken from: any address").click()
    field = line.get_by_label("Take deliveries only from (optional)")
    field.fill("203.0.113.0/24\n\n203.0.113.7/24")
    line.get_by_role("button", name="Save addresses").click()
    wrong = "Line 3 of the addresses is no network: did you mean 203.0.113.0/24?"
    expect(section.get_by_text(wrong)).to_be_visible()
    field.fill("203.0.113.0/24\n2001:db8::1")
    line.get_by_role("button", name="Save addresses").click()
    expect(section.get_by_text("Deliveries are taken from the listed addresses only.")).to_be_visible()
    expect(line).to_contain_text("Taken from: 203.0.113.0/24 and 1 more only")
    assert deliver(url, secret, {}, "a") == 403
    expect(line).to_contain_text("Rejected: The endpoint takes no deliveries from 127.0.0.1.")
    field.fill("")
    line.get_by_role("button", name="Save addresses").click()
    expect(line).to_contain_text("Taken from: any address")
    assert deliver(url, secret, {}, "b") == 202


def test_senders_with_tokens_are_judged_by_key_issuer_and_address(owner: Page, shared_server: Server) -> None:
    page = owner
    page.goto(shared_server.address("/settings"))
    section = page.get_by_role("region", name="Endpoints")
    section.get_by_role("button", name="Add endpoint").click()
    section.get_by_label("Endpoint name").fill("Shop")
    expect(section.get_by_label("Token algorithm")).to_be_hidden()
    section.get_by_label("How senders prove who they are").select_option("JSON Web Token")
    expect(section.get_by_label("Secret of the sender (optional)")).to_be_visible()
    section.get_by_label("Token algorithm").select_option("ES256 (public key)")
    expect(section.get_by_label("Secret of the sender (optional)")).to_be_hidden()
    section.get_by_label("Issuer (iss, optional)").fill("https://shop.example")
    section.get_by_label("Public key of the sender (PEM)").fill(private_pem(PRIVATE["ES256"]))
    section.get_by_label("Take deliveries only from (optional)").fill("127.0.0.1")
    section.get_by_role("button", name="Open endpoint").click()
    expect(section.get_by_text("Secret is a private key, which stays with the sender")).to_be_visible()
    section.get_by_label("Public key of the sender (PEM)").fill(public_pem(PRIVATE["ES256"]))
    section.get_by_role("button", name="Open endpoint").click()
    line = section.get_by_role("list", name="Endpoints").get_by_role("listitem").filter(has_text="Shop")
    expect(line).to_contain_text("JSON Web Token")
    expect(line).to_contain_text("Token: ES256, of https://shop.example")
    expect(line).to_contain_text("Taken from: 127.0.0.1 only")

    url, soon = address_of(line), int(time.time()) + 300
    assert deliver_as(url, "ES256", {"exp": soon}) == 401
    expect(line).to_contain_text("Rejected: The token is of another issuer.")
    assert deliver_as(url, "ES256", {"exp": soon, "iss": "https://shop.example"}) == 202
    line.get_by_text("Token: ES256").click()
    line.get_by_label("Issuer (iss, optional)").fill("")
    line.get_by_role("button", name="Save token rules").click()
    expect(section.get_by_text("The tokens of its senders are judged by that from now on.")).to_be_visible()
    assert deliver_as(url, "ES256", {"exp": soon}) == 202

    line.get_by_role("button", name="Replace the public key of Shop").click()
    question = page.get_by_role("alertdialog")
    other = public_pem(ec.generate_private_key(ec.SECP256R1()))
    question.get_by_label("New public key of the sender (PEM)").fill(other)
    question.get_by_label("Take the present secret for").select_option("No longer")
    question.get_by_role("button", name="Rotate now").click()
    expect(section.get_by_text("Tokens that fit the new key are taken, others no longer.")).to_be_visible()
    assert deliver_as(url, "ES256", {"exp": soon}) == 401


def deliver_as(url: str, algorithm: str, claims: dict[str, Any]) -> int:
    """Post with a token over these claims; the answer's status."""
    headers = {"Authorization": f"Bearer {signed(algorithm, claims)}"}
    return httpx.post(url, json={}, headers=headers).status_code
