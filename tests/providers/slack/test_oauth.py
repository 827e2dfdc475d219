"""Slack's token answers, refusals of callbacks, and the manifest."""

import re
from typing import Any

import pytest
import yaml

from integrations_app.errors import Rejected
from integrations_app.providers.slack import provider
from integrations_app.providers.slack.oauth import APP_HELP, OAUTH, parse_grant, redirect_refusal

ANSWER: dict[str, Any] = {
    "ok": True,
    "access_token": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "token_type": "bot",
    "scope": "commands,incoming-webhook",
    "bot_user_id": "U0KRQLJ9H",
    "app_id": "A0KRD7HC3",
    "team": {"name": "Slack Softball Team", "id": "T9TK3CUKW"},
    "enterprise": {"name": "slack-sports", "id": "E12345678"},
    "authed_user": {"id": "U1234", "scope": "chat:write", "access_token": "xoxp-1234", "token_type": "user"},
}


def test_the_bots_token_and_the_public_facts_are_taken() -> None:
    grant = parse_grant(ANSWER)
    assert grant.access_token.reveal("test") == ANSWER["access_token"]
    assert grant.scopes == ("commands", "incoming-webhook")
    assert (grant.refresh_token, grant.expires_in) == (None, None)
    assert grant.extra["team_id"] == "T9TK3CUKW"
    assert "xox" not in repr(dict(grant.extra))


def test_rotation_brings_life_and_a_refresh_token() -> None:
    grant = parse_grant({**ANSWER, "expires_in": 43200, "refresh_token": "xoxe-1-abc", "enterprise": None})
    assert grant.expires_in == 43200
    assert grant.refresh_token is not None
    assert "enterprise_id" not in grant.extra


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"ok": False, "error": "invalid_code"}, "invalid_code"),
        ({"ok": True}, "no_bot_token"),
        ({**ANSWER, "token_type": "user"}, "no_bot_token"),
    ],
)
def test_errors_in_disguise(answer: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_grant(answer)
    assert refused.value.code == code


def test_http_callbacks_are_refused_before_the_click_unless_emulated() -> None:
    real = provider.base_addresses(lambda _name: None)
    here = "http://localhost:3000/api/integrations/slack/callback"
    assert "https" in (redirect_refusal(here, real) or "")
    assert redirect_refusal(here.replace("http:", "https:"), real) is None
    assert redirect_refusal(here, provider.sandbox_addresses("http://127.0.0.1:3000/sandbox")) is None


def test_the_manifest_is_yaml_with_the_callback_and_the_scopes() -> None:
    manifest = filled(APP_HELP)
    assert manifest["oauth_config"]["redirect_urls"] == ["https://hub.example/cb"]
    assert manifest["oauth_config"]["scopes"]["bot"] == list(OAUTH.default_scopes)
    subscribed = manifest["settings"]["event_subscriptions"]
    assert subscribed["request_url"] == "https://hub.example/events"
    assert {"app_uninstalled", "tokens_revoked"} < set(subscribed["bot_events"])
    assert manifest["settings"]["interactivity"]["request_url"] == "https://hub.example/events"


def test_the_manifest_subscribes_to_what_triggers_listen_to_and_asks_for_no_more() -> None:
    """An event without its permission among the scopes would make Slack refuse the manifest."""
    needs = {
        "message.channels": "channels:history",
        "app_mention": "app_mentions:read",
        "reaction_added": "reactions:read",
        "reaction_removed": "reactions:read",
        "app_uninstalled": "",
        "tokens_revoked": "",
    }
    events = filled(APP_HELP)["settings"]["event_subscriptions"]["bot_events"]
    asked = {scope for trigger in provider.triggers for scope in trigger.scopes}
    assert {needs[event] for event in events} - {""} <= asked
    kinds = {kind for trigger in provider.triggers for kind in trigger.kinds}
    by_form = {"slash_command", "block_actions", "view_submission"}
    assert {event.partition(".")[0] for event in events} >= kinds - by_form


def test_taking_the_signs_off_the_rest_of_the_manifest_makes_it_whole() -> None:
    manifest = filled(re.sub(r"(?m)^( *)# (?=- \w|slash_commands:|  )", r"\1", APP_HELP).replace("   (", "  # ("))
    assert manifest["features"]["slash_commands"][0]["url"] == "https://hub.example/events"
    assert "message.im" in manifest["settings"]["event_subscriptions"]["bot_events"]


def filled(text: str) -> dict[str, Any]:
    for name, value in (
        ("{callback_url}", "https://hub.example/cb"),
        ("{events_url}", "https://hub.example/events"),
        ("{scopes}", OAUTH.scope_separator.join(OAUTH.default_scopes)),
    ):
        text = text.replace(name, value)
    found: dict[str, Any] = yaml.safe_load(text.split("```yaml")[1].split("```")[0])
    return found


CORE = ("send_message", "send_dm", "post_to_thread", "add_reaction")


def test_default_scopes_cover_the_core_actions_and_nothing_reads_messages() -> None:
    needed = {scope for action in provider.actions if action.key in CORE for scope in action.scopes}
    assert needed <= set(OAUTH.default_scopes)
    assert not any("history" in scope for scope in OAUTH.default_scopes)


def test_the_emulated_workspace_grants_what_was_asked(sandbox: Any) -> None:
    grant = parse_grant(sandbox.sign_in("slack", "T0ACME001"))
    assert set(grant.scopes) >= set(OAUTH.default_scopes)
    assert grant.extra["team_id"] == "T0ACME001"
    assert re.fullmatch(provider.secret_patterns[0], grant.access_token.reveal("test"))
