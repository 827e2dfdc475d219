"""A custom webhook in the browser: each way to authenticate, the request before it leaves, and the answer it brings."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest
from playwright.sync_api import Locator, Page, expect
from standardwebhooks import Webhook

from tests.e2e.conftest import launched
from tests.e2e.journey import Server, add_step, create_person, sign_in
from tests.providers.webhook.listeners import Authority, mutual

SET = "Set. Type here to replace it."
STANDARD = "whsec_" + base64.b64encode(b"CNRY_standard_0123456789abcdef").decode()


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """Somebody's own service: answers with an order, and sells tokens at /token."""

    base: str = ""
    got: list[Got] = field(default_factory=list)
    challenges: bool = False
    """Whether it asks for Digest authentication."""

    def last(self) -> Got:
        return next(one for one in reversed(self.got) if one.path.startswith("/orders"))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            made.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            said: dict[str, Any] = {"order": {"id": 7, "state": "paid"}, "seen": self.headers.get("Authorization", "")}
            if self.path == "/token":
                said = {"access_token": "CNRY-bought-token", "expires_in": 3600}
            content = json.dumps(said).encode()
            asks = made.challenges and "authorization" not in made.got[-1].headers
            self.send_response(401 if asks else 200)
            if asks:
                self.send_header("WWW-Authenticate", 'Digest realm="orders", nonce="n", qop="auth", algorithm=SHA-256')
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names that the library looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.base = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator lets it call loopback addresses."""
    with launched(tmp_path_factory.mktemp("webhook"), INTEGRATIONS_EGRESS_ALLOW="127.0.0.0/8") as running:
        yield running


@pytest.fixture
def admin(open_server: Server, page: Page) -> Page:
    email = f"owner-{secrets.token_hex(4)}@acme.test"
    create_person(open_server, email, organization=f"Acme {email}")
    sign_in(open_server, page, email)
    return page


def begin(server: Server, page: Page, service: Service, way: str) -> None:
    page.goto(server.address("/integrations/webhook?new=1"))
    page.get_by_label("How to connect").select_option(label=way)
    page.get_by_label("Base URL").fill(service.base)
    service.challenges = way == "Digest authentication"


def finish(page: Page) -> Locator:
    """Connect; the section that sends test requests."""
    page.get_by_role("button", name="Connect", exact=True).click()
    section = page.get_by_role("region", name="Send a test request")
    expect(section).to_be_visible()
    expect(page.get_by_role("region", name="Status").get_by_text("Connected", exact=True)).to_be_visible()
    return section


def api_key(page: Page, _service: Service) -> None:
    page.get_by_label("API key", exact=True).fill("CNRY-key")
    page.get_by_label("Name of the header or query parameter").fill("X-Key")


def bearer(page: Page, _service: Service) -> None:
    page.get_by_label("Token", exact=True).fill("CNRY-token")


def basic(page: Page, _service: Service) -> None:
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill("CNRY-password")


def digest(page: Page, _service: Service) -> None:
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill("CNRY-digest")


def client(page: Page, service: Service) -> None:
    page.get_by_label("Token URL").fill(f"{service.base}/token")
    page.get_by_label("Client ID").fill("ours")
    page.get_by_label("Client secret", exact=True).fill("CNRY-client")


def signed(page: Page, _service: Service) -> None:
    page.get_by_label("Signing secret", exact=True).fill("CNRY-signing")
    page.get_by_label("Algorithm").select_option(label="SHA-512")
    page.get_by_label("Before the signature").fill("sha512=")


def standard(page: Page, _service: Service) -> None:
    page.get_by_label("Standard Webhooks secret", exact=True).fill(STANDARD)


def by_header(name: str, value: str) -> Callable[[Got], bool]:
    return lambda got: got.headers.get(name) == value


def by_hmac(got: Got) -> bool:
    return got.headers["x-signature"] == "sha512=" + hmac.new(b"CNRY-signing", got.body, hashlib.sha512).hexdigest()


def by_digest(got: Got) -> bool:
    scheme, _, rest = got.headers["authorization"].partition(" ")
    said = parse_keqv_list(parse_http_list(rest))

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    ends = hashed("ada:orders:CNRY-digest"), hashed(f"POST:{got.path}")
    return scheme == "Digest" and said["response"] == hashed(
        f"{ends[0]}:n:{said['nc']}:{said['cnonce']}:auth:{ends[1]}"
    )


def by_library(got: Got) -> bool:
    return bool(Webhook(STANDARD).verify(got.body, got.headers))


WAYS: list[tuple[str, Any, str, Callable[[Got], bool]]] = [
    ("No authentication", None, "", lambda got: "authorization" not in got.headers),
    ("API key", api_key, "X-Key: ********", by_header("x-key", "CNRY-key")),
    ("Bearer token", bearer, "Authorization: Bearer ********", by_header("authorization", "Bearer CNRY-token")),
    (
        "User name and password",
        basic,
        "Authorization: Basic ********",
        by_header("authorization", "Basic " + base64.b64encode(b"ada:CNRY-password").decode()),
    ),
    ("Digest authentication", digest, "Authorization: Digest ********", by_digest),
    (
        "OAuth 2 client credentials",
        client,
        "Authorization: Bearer ********",
        by_header("authorization", "Bearer CNRY-bought-token"),
    ),
    ("HMAC signature", signed, "X-Signature: sha512=********", by_hmac),
    ("Standard Webhooks signature", standard, "webhook-signature: v1,********", by_library),
]


@pytest.mark.parametrize(("way", "fill", "shown", "proved"), WAYS, ids=[one[0] for one in WAYS])
def test_connect_preview_send_and_read(
    open_server: Server, admin: Page, service: Service, way: str, fill: Any, shown: str, proved: Any
) -> None:
    begin(open_server, admin, service, way)
    if fill:
        fill(admin, service)
    section = finish(admin)
    section.get_by_label("Path or URL").fill("orders/7")
    section.get_by_label("Path or URL").blur()
    section.get_by_label("Body (optional)", exact=True).fill('{"note": "it\'s ö"}')
    section.get_by_label("Body (optional)", exact=True).blur()
    preview = section.get_by_role("region", name="Request to be sent")
    expect(preview).to_contain_text(f"POST {service.base}/orders/7")
    expect(preview).to_contain_text('{"note": "it\'s ö"}')
    expect(preview).to_contain_text(shown)
    section.get_by_text("Answer", exact=True).first.click()
    section.get_by_label("Named outputs").fill("order: body.order.id")
    section.get_by_label("Named outputs").blur()
    section.get_by_role("button", name="Send test request").click()
    answer = section.get_by_role("region", name="Answer")
    expect(answer).to_contain_text('"state": "paid"')
    expect(answer).to_contain_text('"order": 7')
    got = service.last()
    assert (got.path, json.loads(got.body)) == ("/orders/7", {"note": "it's ö"})
    assert proved(got)
    assert "CNRY" not in admin.content()


def test_a_client_certificate_alone_and_beside_a_token(open_server: Server, admin: Page) -> None:
    authority = Authority()
    one, other = authority.client("us.test", passphrase="CNRY-passphrase"), authority.client("other.test")
    with mutual(authority.context(asks_clients=True)) as server:
        service = Service(server.base)
        begin(open_server, admin, service, "Client certificate (mutual TLS)")
        admin.get_by_label("Client certificate", exact=True).fill(one.certificate)
        admin.get_by_label("Private key", exact=True).fill(other.key)
        expect(admin.get_by_label("Private key", exact=True)).to_have_css("-webkit-text-security", "disc")
        admin.get_by_text("Headers, repeats, time and trust").click()
        admin.get_by_label("Certificates to trust").fill(authority.pem)
        admin.get_by_role("button", name="Connect", exact=True).click()
        expect(admin.get_by_text("does not belong to the certificate")).to_be_visible()
        assert other.key.splitlines()[1] not in admin.content()
        admin.get_by_label("Client certificate", exact=True).fill(one.certificate)
        admin.get_by_label("Private key", exact=True).fill(one.key)
        admin.get_by_label("Passphrase").fill("CNRY-passphrase")
        section = finish(admin)
        section.get_by_role("button", name="Send test request").click()
        expect(section.get_by_role("region", name="Answer")).to_contain_text("200")
        expect(admin.get_by_label("Private key")).to_have_attribute("placeholder", SET)
        expect(admin.get_by_label("Private key")).to_have_value("")
        begin(open_server, admin, service, "Bearer token")
        bearer(admin, service)
        admin.get_by_text("Headers, repeats, time and trust").click()
        admin.get_by_label("Certificates to trust").fill(authority.pem)
        admin.get_by_label("Client certificate (optional)").fill(other.certificate)
        admin.get_by_label("Private key (optional)").fill(other.key)
        finish(admin)
        assert set(server.clients) == {"us.test", "other.test"}
        assert not any(part in admin.content() for part in ("CNRY", one.key.splitlines()[1], other.key.splitlines()[1]))
        admin.get_by_text("Headers, repeats, time and trust").click()
        admin.get_by_label("Remove Client certificate").check()
        admin.get_by_role("button", name="Save settings").click()
        expect(admin.get_by_text("wants a client certificate").first).to_be_visible()
        expect(admin.get_by_label("Remove Client certificate")).to_have_count(0)


def test_a_pasted_command_fills_both_forms(open_server: Server, admin: Page, service: Service) -> None:
    command = f"curl -X PUT '{service.base}/orders/9?a=b' -H 'Authorization: Bearer CNRY-x' --json '{{\"n\": 1}}'"
    admin.goto(open_server.address("/integrations/webhook?new=1"))
    admin.get_by_text("Fill in from a curl command").click()
    admin.get_by_label("Paste the curl command").fill(command)
    admin.get_by_role("button", name="Fill in").click()
    expect(admin.get_by_label("Base URL")).to_have_value(service.base)
    expect(admin.get_by_label("How to connect")).to_have_value("bearer")
    expect(admin.get_by_text("The secret was not taken over")).to_be_visible()
    assert "CNRY" not in admin.content()
    bearer(admin, service)
    section = finish(admin)
    section.get_by_text("Fill in from a curl command").click()
    section.get_by_label("Paste the curl command").fill(command)
    section.get_by_role("button", name="Fill in").click()
    expect(section.get_by_role("region", name="Request to be sent")).to_contain_text(f"PUT {service.base}/orders/9?a=b")
    section.get_by_label("Paste the curl command").fill("wget x")
    section.get_by_role("button", name="Fill in").click()
    expect(section.get_by_text("does not begin with curl")).to_be_visible()


def test_a_step_shows_its_request_and_its_outputs(open_server: Server, admin: Page, service: Service) -> None:
    begin(open_server, admin, service, "Bearer token")
    bearer(admin, service)
    finish(admin)
    admin.goto(open_server.address("/workflows"))
    admin.get_by_role("button", name="New workflow").first.click()
    admin.get_by_role("dialog").get_by_label("Name").fill("Orders")
    admin.get_by_role("dialog").get_by_role("button", name="Create").click()
    add_step(admin, "Call a URL", "Webhook")
    step = admin.get_by_role("region", name="Step", exact=True)
    step.get_by_role("textbox", name="Path or URL").fill("orders/{{ run.id }}")
    step.get_by_role("textbox", name="Path or URL").blur()
    preview = step.get_by_role("region", name="Request to be sent")
    expect(preview).to_contain_text(f"{service.base}/orders/trial")
    expect(preview).to_contain_text("Authorization: Bearer ********")
    step.get_by_text("Answer", exact=True).first.click()
    step.get_by_role("textbox", name="Named outputs").fill("order: body.order.id")
    step.get_by_role("textbox", name="Named outputs").blur()
    expect(admin.get_by_text("Saved").first).to_be_visible()
    step.get_by_role("button", name="Test step").click()
    expect(step.get_by_role("region", name="Answer")).to_contain_text('"order": 7')
    step.get_by_label("Wait between attempts").select_option(label="Always the same")
    step.get_by_role("textbox", name="First wait (seconds)").fill("9")
    step.get_by_role("textbox", name="First wait (seconds)").blur()
    expect(admin.get_by_text("Saved").first).to_be_visible()
    admin.reload()
    admin.get_by_role("list", name="Steps").get_by_role("button", name="Call a URL").first.click()
    expect(step.get_by_role("textbox", name="First wait (seconds)")).to_have_value("9")
