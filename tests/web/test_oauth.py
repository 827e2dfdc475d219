"""Authorize and callback over real HTTP: the whole product on a loopback port, the sandbox beside it."""

import re
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.routing import Mount

from integrations_app.connections.models import Connection, OAuthAttempt
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations import service, sessions
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import AuditEvent
from integrations_app.sandbox import create_app
from integrations_app.sandbox.serve import serving
from integrations_app.sdk.registry import Registry, registry
from integrations_app.settings import Settings
from integrations_app.web.routes import layers, routes
from integrations_app.web.sockets import OpenSockets
from tests.conftest import quick_passwords

AUTHORIZE = "/api/integrations/github/authorize"
OWN_CLICK = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FROM_VENDOR = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@dataclass
class Product:
    """The product on its port."""

    origin: str
    hub: Hub

    def browser(self, cookie: str = "") -> httpx.Client:
        headers = {"Accept": "text/html"} | ({"Cookie": f"{sessions.COOKIE}={cookie}"} if cookie else {})
        return httpx.Client(base_url=self.origin, headers=headers)

    def rows(self, table: type) -> list[Any]:
        from sqlalchemy import select

        def read(session: Session) -> list[Any]:
            with across_organizations("a test looks at everything"):
                return list(session.scalars(select(table)))

        return self.hub.database.read_now(read)

    def sign_in(self, role: str = "owner", organization: str = "Acme") -> str:
        """A person of that role, signed in; the cookie's token."""
        user_id, organization_id = self.hub.database.write_now(
            lambda session: service.create_user(
                session,
                self.hub.keyring,
                email=f"{role}-{new_id()}@example.org",
                organization=organization,
                role=role,
                password_hash=self.hub.passwords.hash_now(Secret("a long enough password")),
                now=self.hub.clock(),
                new_id=self.hub.new_id,
            )
        )
        token = sessions.new_token(self.hub)
        self.hub.database.write_now(
            lambda session: sessions.add(session, self.hub.keyring, user_id, organization_id, token, self.hub.clock())
        )
        return token


@pytest.fixture
def providers() -> Registry:
    """The providers of the product; a test module may put its own in their place."""
    return registry()


@pytest.fixture
def product(database: Database, tmp_path: Any, clock: Any, keyring: Any, providers: Registry) -> Iterator[Product]:
    later = Starlette()
    closing: list[Hub] = []

    @asynccontextmanager
    async def lifespan(_app: Any) -> Any:
        yield
        for hub in closing:
            await hub.door.aclose()

    root = Starlette(routes=[Mount("", app=later)], lifespan=lifespan)
    with serving(root) as port:
        origin = f"http://localhost:{port}"
        hub = Hub(
            settings=Settings(data_dir=tmp_path / "data", port=port, public_url=origin, sandbox=True),
            database=database,
            keyring=keyring,
            door=Door(EgressPolicy.parse(own=(f"localhost:{port}", f"127.0.0.1:{port}"))),
            registry=providers,
            bus=LocalBus(),
            clock=clock,
            new_id=new_id,
            passwords=quick_passwords(),
        )
        closing.append(hub)
        later.mount("", _whole(hub))
        yield Product(origin, hub)
        hub.passwords.close()


def _whole(hub: Hub) -> Any:
    """All layers, without Reflex behind them."""
    app: Any = Starlette()
    for layer in layers(hub, [*routes(hub, {}), Mount("/sandbox", app=create_app())], OpenSockets(hub)):
        if isinstance(layer, Starlette):
            layer.mount("", app)
            app = layer
        else:
            app = layer(app)
    return app


def consent(location: str, account: str = "octo-hub", decision: str = "allow") -> str:
    """What a person does at the vendor; returns the address the vendor sends the browser to."""
    parts = urlsplit(location)
    query = dict(parse_qsl(parts.query)) | {"account": account, "decision": decision}
    answer = httpx.post(f"{parts.scheme}://{parts.netloc}{parts.path}", data=query)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_click_goes_straight_to_the_vendor_and_comes_back_to_the_page(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        away = browser.get(f"{AUTHORIZE}?next=/integrations/github", headers=OWN_CLICK)
        assert away.status_code == 303 and away.headers["cache-control"] == "no-store"
        location = away.headers["location"]
        assert urlsplit(location).hostname == "127.0.0.1"  # another site than ours
        back = consent(location)
        assert back.startswith(f"{product.origin}/api/integrations/github/callback?")
        done = browser.get(back, headers=FROM_VENDOR)
    assert (done.status_code, done.headers["location"]) == (303, "/integrations/github")
    assert done.headers["referrer-policy"] == "no-referrer" and done.headers["cache-control"] == "no-store"
    [row] = product.rows(Connection)
    assert (row.status, row.account_name) == ("connected", "octo-hub")


def test_a_popup_closes_itself_and_says_so_without_script(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        away = browser.get(f"{AUTHORIZE}?mode=popup", headers=OWN_CLICK)
        done = browser.get(consent(away.headers["location"]), headers=FROM_VENDOR)
    assert done.status_code == 200 and "You can close this window" in done.text
    nonce = re.search(r'<script nonce="([^"]+)">window\.close\(\);</script>', done.text)
    policy = done.headers["content-security-policy"]
    assert nonce and f"script-src 'nonce-{nonce[1]}'" in policy and "unsafe-inline" not in policy
    assert done.headers["referrer-policy"] == "no-referrer" and done.headers["cache-control"] == "no-store"
    assert "code=" not in done.text and "state=" not in done.text and "opener" not in done.text
    with product.browser(product.sign_in()) as browser:
        again = browser.get(f"{AUTHORIZE}?mode=popup", headers=OWN_CLICK)
        other = browser.get(consent(again.headers["location"]), headers=FROM_VENDOR)
    assert nonce[1] not in other.text


@pytest.mark.parametrize("more", [{}, {"uninstall": True}])
def test_the_vendor_pushes_that_access_ended_and_the_connection_needs_a_person(product: Any, more: Any) -> None:
    control = f"http://127.0.0.1:{urlsplit(product.origin).port}/sandbox/_control"
    events = f"{product.origin}/api/integrations/github/events"
    httpx.patch(f"{control}/settings", json={"github": {"app_webhook_url": events}}).raise_for_status()
    with product.browser(product.sign_in()) as browser:
        browser.get(consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"]), headers=FROM_VENDOR)
    [row] = product.rows(Connection)
    assert row.status == "connected"
    httpx.post(f"{control}/revoke", json={"vendor": "github", "account": "octo-hub", **more}).raise_for_status()
    httpx.post(f"{control}/settle", timeout=15).raise_for_status()
    [row] = product.rows(Connection)
    assert row.status == "needs_reauth"
    [told] = [one for one in product.rows(AuditEvent) if one.name == "connection.needs_reauth"]
    assert told.subject == f"connection:{row.id}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        OWN_CLICK | {"Sec-Purpose": "prefetch;prerender"},
        OWN_CLICK | {"Sec-Fetch-Dest": "image"},
        OWN_CLICK | {"Sec-Fetch-Dest": "iframe"},
    ],
)
def test_a_link_from_elsewhere_only_asks(product: Any, headers: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        asked = browser.get(AUTHORIZE, headers=headers)
    assert asked.status_code == 200 and "Connect GitHub to Acme?" in asked.text
    assert product.rows(OAuthAttempt) == [] and product.rows(Connection) == []
    assert "frame-ancestors 'none'" in asked.headers["content-security-policy"]
    assert "form-action" not in asked.headers["content-security-policy"]
    assert asked.headers["referrer-policy"] == "same-origin"  # no-referrer would make the form's Origin null


def test_the_confirmation_begins_the_flow(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        asked = browser.get(f"{AUTHORIZE}?mode=popup&next=/integrations")
        action = re.search(r'<form method="post" action="([^"]+)">', asked.text)
        assert action
        path = action[1].replace("&amp;", "&")
        own = {"Origin": product.origin, "Sec-Fetch-Site": "same-origin"}
        away = browser.post(path, headers=own)
        assert away.status_code == 303 and "/sandbox/github/" in away.headers["location"]


def test_another_account_is_refused_and_then_switched_to_by_a_person_who_was_asked(product: Any) -> None:
    own = {"Origin": product.origin, "Sec-Fetch-Site": "same-origin"}
    with product.browser(product.sign_in()) as browser:
        browser.get(consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"]), headers=FROM_VENDOR)
        [row] = product.rows(Connection)
        away = browser.get(f"{AUTHORIZE}?connection={row.id}", headers=OWN_CLICK)
        refused = browser.get(consent(away.headers["location"], "mona-lisa"), headers=FROM_VENDOR)
        assert refused.status_code == 409 and "You allowed <q>mona-lisa</q>" in refused.text
        assert product.rows(Connection)[0].account_name == "octo-hub"
        link = re.search(r'href="([^"]+switch=1)"', refused.text)
        assert link
        asked = browser.get(link[1].replace("&amp;", "&"), headers=OWN_CLICK)  # even our own click is asked about
        assert asked.status_code == 200 and "Switch octo-hub to another account?" in asked.text
        action = re.search(r'<form method="post" action="([^"]+)">', asked.text)
        assert action
        away = browser.post(action[1].replace("&amp;", "&"), headers=own)
        done = browser.get(consent(away.headers["location"], "mona-lisa"), headers=FROM_VENDOR)
        assert done.status_code == 303
    assert [one.account_name for one in product.rows(Connection)] == ["mona-lisa"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_f13_a_form_of_another_site_is_refused(product: Any, headers: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        refused = browser.post(AUTHORIZE, headers=headers)
    assert refused.status_code == 403 and "csrf" in refused.text and product.rows(OAuthAttempt) == []


def test_head_begins_and_consumes_nothing(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        assert browser.head(AUTHORIZE, headers=OWN_CLICK).status_code == 405
        assert product.rows(OAuthAttempt) == []
        back = consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"])
        assert browser.head(back, headers=FROM_VENDOR).status_code == 405
        assert browser.get(back, headers=FROM_VENDOR).status_code == 303


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "switch=1",
        f"switch=yes&connection={'a' * 32}",
        "redirect_uri=https://evil",
        "mode=frame",
        "mode=popup&mode=redirect",
        "connection=x",
        "scopes=a%20b",
    ],
)
def test_an_unknown_or_odd_parameter_is_a_bad_request(product: Any, query: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        refused = browser.get(f"{AUTHORIZE}?{query}", headers=OWN_CLICK)
    assert refused.status_code == 400 and "oauth_bad_request" in refused.text
    assert product.rows(OAuthAttempt) == []


def test_without_a_session_one_signs_in_first_and_no_foreign_link_gets_behind_it(product: Any) -> None:
    with product.browser() as browser:
        away = browser.get(f"{AUTHORIZE}?mode=popup", headers=OWN_CLICK)
    assert away.headers["location"] == "/login?next=%2Fintegrations%2Fgithub"
    with product.browser(product.sign_in()) as browser:
        sneaky = browser.get(f"/login?{urlencode({'next': AUTHORIZE})}")
    assert sneaky.headers["location"] == "/integrations"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_may_not_connect_is_told(product: Any, role: Any) -> None:
    with product.browser(product.sign_in(role)) as browser:
        for answer in (browser.get(AUTHORIZE, headers=OWN_CLICK), browser.get(AUTHORIZE)):
            assert answer.status_code == 403 and "forbidden" in answer.text
    assert product.rows(OAuthAttempt) == []


def test_unknown_providers_apps_and_connections_are_not_found(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        for path in (
            "/api/integrations/nothing/authorize",
            "/api/integrations/webhook/authorize",
            f"/api/integrations/github/{'f' * 32}/authorize",
            "/api/integrations/github/x/authorize",
            f"{AUTHORIZE}?connection={'f' * 32}",
        ):
            assert browser.get(path, headers=OWN_CLICK).status_code == 404, path
    assert product.rows(OAuthAttempt) == []


def test_g01_a_connection_of_another_organisation_cannot_be_reconnected(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        browser.get(consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"]), headers=FROM_VENDOR)
    [row] = product.rows(Connection)
    with product.browser(product.sign_in(organization="Beta")) as stranger:
        refused = stranger.get(f"{AUTHORIZE}?connection={row.id}", headers=OWN_CLICK)
        random = stranger.get(f"{AUTHORIZE}?connection={'f' * 32}", headers=OWN_CLICK)
    assert refused.status_code == random.status_code == 404 and refused.text == random.text
    assert [one.model_dump() for one in product.rows(Connection)] == [row.model_dump()]


def test_a03_a04_the_page_of_a_victim_shows_the_code(product: Any) -> None:
    attacker, victim = product.sign_in(), product.sign_in(organization="Beta")
    for cookie, status, code in (("", 401, "oauth_session_required"), (victim, 403, "oauth_session_mismatch")):
        with product.browser(attacker) as browser:
            back = consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"], "mona-lisa")
        with product.browser(cookie) as other:
            page = other.get(back, headers=FROM_VENDOR)
        assert page.status_code == status and code in page.text and "Try again" not in page.text
    assert product.rows(Connection) == []


def test_a05_a07_the_page_offers_another_try(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        back = consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"])
        browser.get(back, headers=FROM_VENDOR)
        page = browser.get(back, headers=FROM_VENDOR)
        assert page.status_code == 400 and "oauth_state_used" in page.text
        retry = re.search(r'<a href="([^"]+)">Try again</a>', page.text)
        assert retry
        assert browser.get(retry[1].replace("&amp;", "&"), headers=OWN_CLICK).status_code == 303


def test_a08_the_other_vendors_path_and_the_sandboxs_own_one(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        back = consent(browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"])
        page = browser.get(back.replace("/github/", "/slack/"), headers=FROM_VENDOR)
        assert page.status_code == 400 and "oauth_context_mismatch" in page.text
        own = browser.get("/api/integrations/github/sandbox/authorize", headers=OWN_CLICK)
        back = consent(own.headers["location"])
        assert urlsplit(back).path == "/api/integrations/github/sandbox/callback"
        assert browser.get(back, headers=FROM_VENDOR).status_code == 303


def test_a11_what_the_vendor_says_is_text(product: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        location = browser.get(AUTHORIZE, headers=OWN_CLICK).headers["location"]
        state = parse_qs(urlsplit(location).query)["state"][0]
        said = "<img src=x onerror=alert(1)>" * 80
        query = urlencode({"error": "access_denied", "error_description": said, "state": state})
        page = browser.get(f"/api/integrations/github/callback?{query}", headers=FROM_VENDOR)
    assert page.status_code == 200 and "<img src=x" not in page.text and "&lt;img src=x" in page.text
    assert page.text.count("onerror") <= 8 and product.rows(Connection) == []


@pytest.mark.parametrize("target", ["https://evil", "//evil", "/\\evil", "/%09/evil", "javascript:x", "https:evil"])
def test_a12_no_return_address_leads_away(product: Any, target: Any) -> None:
    with product.browser(product.sign_in()) as browser:
        away = browser.get(f"{AUTHORIZE}?{urlencode({'next': target})}", headers=OWN_CLICK)
        back = consent(away.headers["location"])
        done = browser.get(f"{back}&{urlencode({'next': target})}", headers=FROM_VENDOR)
        asked = browser.get(f"{AUTHORIZE}?{urlencode({'next': target})}")
    assert done.status_code == 303 and done.headers["location"] == "/integrations"
    assert 'href="/integrations">Cancel' in asked.text and "evil</a>" not in asked.text
