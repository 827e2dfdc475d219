"""The connection doctor in the browser: eight faults, each named on the page with its fix, and mended from there."""

import json
import secrets
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import launched
from tests.e2e.journey import (
    Server,
    allow_in_popup,
    build_workflow,
    card,
    connect,
    control,
    create_person,
    open_issue,
    sign_in,
)
from tests.kit.egress.test_tls import Authority

KEY = "the-right-key"


class Receiver(BaseHTTPRequestHandler):
    """Somebody's own service: takes one key."""

    def do_GET(self) -> None:
        self._answer(200 if self.headers.get("X-API-Key") == KEY else 401)

    def do_HEAD(self) -> None:
        self._answer(200)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def receiver(certificate: ssl.SSLContext | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    if certificate is not None:
        server.socket = certificate.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator lets it call loopback addresses."""
    with launched(tmp_path_factory.mktemp("clinic"), INTEGRATIONS_EGRESS_ALLOW="127.0.0.0/8") as running:
        yield running


@pytest.fixture
def admin(clinic: Server, page: Page) -> Page:
    email = f"owner-{secrets.token_hex(4)}@acme.test"
    create_person(clinic, email, organization=f"Acme {email}")
    sign_in(clinic, page, email)
    return page


@pytest.fixture
def faults(clinic: Server) -> Iterator[Any]:
    """Plant faults at the emulated vendors; they are gone afterwards."""
    yield lambda **fault: control(clinic, "faults", **fault)
    control(clinic, "faults", "DELETE")


def examine(page: Page, title: str, verdict: str = "Problem") -> Locator:
    """Let the doctor look, and return the finding of that title, which must have that verdict."""
    doctor = page.get_by_role("region", name="Connection doctor")
    button = doctor.get_by_role("button", name="Find out what is wrong")
    button.click()
    findings = doctor.get_by_role("list", name="Findings")
    expect(findings).to_be_visible()
    finding = findings.get_by_role("listitem").filter(has=page.get_by_text(title, exact=True))
    expect(finding.get_by_text(verdict, exact=True)).to_be_visible()
    return finding


def only_trouble(page: Page, title: str) -> None:
    """No other finding is a problem."""
    problems = page.get_by_role("list", name="Findings").get_by_role("listitem").filter(has_text="Problem")
    expect(problems).to_have_count(1)
    expect(problems).to_contain_text(title)


def open_page(clinic: Server, page: Page, provider: str) -> None:
    page.goto(clinic.address(f"/integrations/{provider}"))
    expect(page.get_by_role("region", name="Connection doctor")).to_be_visible()


def connect_webhook(clinic: Server, page: Page, url: str, key: str = "") -> None:
    page.goto(clinic.address("/integrations/webhook?new=1"))
    if key:
        page.get_by_label("How to connect").select_option(label="API key")
        page.get_by_label("API key", exact=True).fill(key)
    page.get_by_label("Name (optional)", exact=True).fill("Orders")
    page.get_by_label("Base URL").fill(url)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("region", name="Connection doctor")).to_be_visible()


def test_wrong_secret_then_the_right_one(clinic: Server, admin: Page) -> None:
    with receiver() as url:
        connect_webhook(clinic, admin, url, key="not the key")
        finding = examine(admin, "Credentials")
        only_trouble(admin, "Credentials")
        expect(finding).to_contain_text("does not accept the credentials")
        expect(finding).to_contain_text("Enter new credentials.")
        finding.get_by_role("button", name="Open the settings").click()
        admin.get_by_label("API key (optional)", exact=True).fill(KEY)
        admin.get_by_role("button", name="Save settings").click()
        expect(admin.get_by_text("Connected", exact=True).first).to_be_visible()


def test_revoked_then_reconnected(clinic: Server, admin: Page) -> None:
    connect(admin, "GitHub")
    open_page(clinic, admin, "github")
    control(clinic, "revoke", vendor="github", account="octo-hub")
    finding = examine(admin, "Credentials")
    only_trouble(admin, "Credentials")
    expect(finding).to_contain_text("Reconnect it")
    allow_in_popup(admin, finding.get_by_role("button", name="Reconnect").click)
    expect(admin.get_by_role("region", name="Status").get_by_text("Connected", exact=True)).to_be_visible()


def test_missing_scope(clinic: Server, admin: Page) -> None:
    token = control(clinic, "tokens", vendor="slack", account="T0ACME001", scopes=["chat:write"])["access_token"]
    admin.goto(clinic.address("/integrations/slack?new=1"))
    admin.get_by_label("How to connect").select_option(label="Bot token")
    admin.get_by_label("Bot token", exact=True).fill(token)
    admin.get_by_label("This is a token of the sandbox").check()
    admin.get_by_role("button", name="Connect", exact=True).click()
    expect(admin.get_by_role("region", name="Connection doctor")).to_be_visible()
    finding = examine(admin, "Permissions")
    only_trouble(admin, "Permissions")
    expect(finding).to_contain_text("channels:read")
    expect(finding.get_by_role("button", name="Open the settings")).to_be_visible()


def test_unreachable(clinic: Server, admin: Page) -> None:
    with receiver() as url:
        connect_webhook(clinic, admin, url)
    finding = examine(admin, "Address")
    only_trouble(admin, "Address")
    expect(finding).to_contain_text("does not answer")
    expect(finding).to_contain_text("Look whether the service is up")


def test_bad_certificate(clinic: Server, admin: Page, tmp_path: Path) -> None:
    with receiver(Authority().issue(tmp_path, "somewhere.else")) as url:
        connect_webhook(clinic, admin, url)
        finding = examine(admin, "Certificate (TLS)")
        only_trouble(admin, "Certificate (TLS)")
    expect(finding).to_contain_text("cannot prove who it is")
    expect(finding).to_contain_text("Renew the certificate there")


def test_hook_deleted_then_registered_again(clinic: Server, admin: Page) -> None:
    connect(admin, "GitHub")
    connect(admin, "Slack")
    build_workflow(admin)
    admin.get_by_role("button", name="Publish").click()
    expect(admin.get_by_text("Version 1").first).to_be_visible()
    token = control(clinic, "tokens", vendor="github", account="octo-hub", scopes=["repo"])["access_token"]
    hooks = f"{clinic.sandbox}/github/api/v3/repos/acme/web/hooks"
    head = {"Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(hooks, headers=head), timeout=10) as answer:  # noqa: S310
        mine = json.loads(answer.read())[-1]
    gone = urllib.request.Request(f"{hooks}/{mine['id']}", headers=head, method="DELETE")  # noqa: S310
    urllib.request.urlopen(gone, timeout=10).close()  # noqa: S310
    open_page(clinic, admin, "github")
    finding = examine(admin, "Events of acme/web")
    only_trouble(admin, "Events of acme/web")
    expect(finding).to_contain_text("deleted at the service")
    finding.get_by_role("button", name="Register it again").click()
    expect(finding.get_by_text("Well", exact=True)).to_be_visible()
    open_issue(admin.context, clinic, "Heard again")
    admin.goto(clinic.address("/runs"))
    expect(admin.get_by_text("Succeeded").first).to_be_visible()


def test_limit_used_up(clinic: Server, admin: Page, faults: Any) -> None:
    connect(admin, "GitHub")
    faults(vendor="github", path="/user", status=429, headers={"Retry-After": "300"})
    open_page(clinic, admin, "github")
    finding = examine(admin, "Rate limit")
    only_trouble(admin, "Rate limit")
    expect(finding).to_contain_text("in 5 minutes")
    expect(finding).to_contain_text("runs wait until then")


def test_clock_skew(clinic: Server, admin: Page, faults: Any) -> None:
    connect(admin, "GitHub")
    theirs = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    faults(vendor="github", method="HEAD", status=200, headers={"Date": theirs}, count=0)
    open_page(clinic, admin, "github")
    finding = examine(admin, "Clock")
    only_trouble(admin, "Clock")
    expect(finding).to_contain_text("10 minutes behind")
    expect(finding).to_contain_text("NTP")


def test_a_connection_that_works_is_well(clinic: Server, admin: Page) -> None:
    connect(admin, "GitHub")
    card(admin, "GitHub").get_by_role("button", name="Configure").click()
    examine(admin, "Account", "Well")
    expect(admin.get_by_role("status", name="Diagnosis")).to_contain_text("Everything is well.")
