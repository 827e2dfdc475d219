"""What the pages show of permissions: one row per connection that lacks some, and no consent page for pasted tokens."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from integrations_app.connections.models import Connection
from integrations_app.connections.views import ConnectionView, WorkflowUse, view
from integrations_app.sdk.registry import registry
from integrations_app.ui.pages.editor_consent import lack_lines, only_lacks
from integrations_app.ui.pages.permissions_rows import NeedLine, Permissions, optional_lines, permissions
from integrations_app.workflows.consent import Consent, Need
from integrations_app.workflows.problems import Lack, Problem, Severity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND = "1" * 32, "2" * 32
USE = WorkflowUse("w" * 32, "Greet", live=True)


def connected(key: str = FIRST, auth_kind: str = "oauth2", scopes: tuple[str, ...] = ("chat:write",)) -> ConnectionView:
    row = Connection(
        organization_id="o" * 32,
        id=key,
        provider="slack",
        name=f"Acme {key[0]}",
        auth_kind=auth_kind,
        scopes=list(scopes),
        created_at=NOW,
        updated_at=NOW,
    )
    return view(row, [])


def lacking(place: int, key: str, *scopes: str) -> Problem:
    return Problem(f"steps.{place}.connection", "missing_scope", "Needed.", Severity.ERROR, Lack(key, scopes))


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_a_connection_is_asked_once_for_all_that_its_steps_lack() -> None:
    steps = [(FIRST, "im:write"), (SECOND, "pins:read"), (FIRST, "im:write", "pins:write")]
    found = [lacking(place, *step) for place, step in enumerate(steps)]
    first, second = lack_lines(found, [connected(FIRST), connected(SECOND)])
    assert (first.name, first.scopes, second.name) == ("Acme 1", "im:write, pins:write", "Acme 2")
    asked = query(first.url)
    assert (asked["connection"], asked["scopes"], asked["mode"]) == ([FIRST], ["im:write,pins:write"], ["popup"])


def test_a_pasted_token_is_not_sent_to_a_consent_page() -> None:
    [line] = lack_lines([lacking(0, FIRST, "im:write")], [connected(auth_kind="access_token")])
    assert line.url == ""


def test_consent_is_offered_for_publishing_when_nothing_else_is_wrong() -> None:
    warning = Problem("steps.1.connection", "connection_not_ready", "Not ready.", Severity.WARNING)
    assert only_lacks([lacking(0, FIRST, "im:write"), warning])
    assert not only_lacks([lacking(0, FIRST, "im:write"), Problem("steps", "no_steps", "Add a step.")])
    assert not only_lacks([warning])


def test_the_provider_page_asks_for_what_is_missing_of_what_is_needed() -> None:
    slack = registry().get("slack")
    consent = Consent(("chat:write",), (Need("chat:write", (USE,)), Need("im:write", (USE,))), ("im:write",))
    shown = permissions(slack, connected(), consent)
    assert (shown.granted, shown.missing) == ("chat:write", [NeedLine("im:write", "“Greet”")])
    assert query(shown.allow_url)["scopes"] == ["im:write"]
    assert permissions(slack, connected(auth_kind="access_token"), consent).allow_url == ""
    assert permissions(slack, connected(), replace(consent, missing=())).allow_url == ""
    assert permissions(registry().get("webhook"), connected(), consent) == Permissions()


def test_only_what_is_not_granted_yet_can_be_added() -> None:
    slack = registry().get("slack")
    everything = {line.scope for line in optional_lines(slack, None)}
    assert {"channels:history", "chat:write.public"} <= everything
    row = connected(scopes=("chat:write", "chat:write.public"))
    assert {line.scope for line in optional_lines(slack, row)} == everything - {"chat:write.public"}
    assert optional_lines(slack, connected(auth_kind="access_token")) == []
    assert optional_lines(registry().get("webhook"), None) == []
