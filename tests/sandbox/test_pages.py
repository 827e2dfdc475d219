"""Pages of the sandbox for people: consent and inspectors, plain HTML without scripts."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

PAGES = [
    "/",
    "/slack/",
    "/slack/workspaces/T0ACME001/",
    "/slack/workspaces/T0ACME001/channels/C0GENERAL",
    "/github/",
    "/github/acme/web",
    "/github/acme/web/pull/1",
    "/github/acme/web/blob/feature/greeting/src/app.py",
    "/salesforce/",
    "/salesforce/objects/Account/",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_plain_and_carry_their_own_headers(sandbox: Any, path: str) -> None:
    answer = sandbox.http.get(path)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "Sandbox: an emulation" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "form-action" not in policy
    assert "cross-origin-opener-policy" not in answer.headers
    for link in re.findall(r'href="(http[^"]+)"', answer.text):
        assert link.startswith(sandbox.url)
        assert sandbox.http.get(link.partition("#")[0]).status_code == 200


def test_consent_shows_who_asks_for_what(sandbox: Any) -> None:
    query = {
        "client_id": "sandbox-slack-client",
        "scope": "chat:write,users:read",
        "redirect_uri": "http://localhost:3000/api/integrations/slack/callback",
        "state": '"><script>alert(1)</script>',
        "team": "T0GLOBEX1",
    }
    page = sandbox.http.get("/slack/oauth/v2/authorize", params=query).text
    assert "Integrations asks for access to Slack" in page
    assert "Send messages as the app" in page
    assert "See people in the workspace" in page
    assert "you return to http://localhost:3000" in page
    assert re.search(r'value="T0GLOBEX1" checked', page)
    assert "<script" not in page
    assert html.escape(query["state"]) in page.replace("&#34;", "&quot;")
    assert (
        "frame-ancestors 'none'"
        in sandbox.http.get("/slack/oauth/v2/authorize", params=query).headers["content-security-policy"]
    )


def test_a_person_writes_and_reacts_in_slack(sandbox: Any) -> None:
    place = "/slack/workspaces/T0ACME001/channels/C0TRIAGE"
    answer = sandbox.http.post(place, data={"user": "U0GRACE", "text": "<b>help</b>"})
    assert answer.status_code == 303
    ts = sandbox.http.get("/_control/slack/messages", params={"channel": "triage"}).json()["messages"][0]["ts"]
    sandbox.http.post(f"{place}/reactions", data={"user": "U0ADA", "ts": ts, "name": "eyes"})
    page = sandbox.http.get(place).text
    assert "&lt;b&gt;help&lt;/b&gt;" in page
    assert ":eyes: 1" in page
    assert page.count("<article") == 1
    assert sandbox.http.post(place, data={"user": "U0GRACE", "text": " "}).status_code == 400


def test_a_person_opens_and_comments_an_issue(sandbox: Any) -> None:
    form = {"user": "mona-lisa", "title": "It is broken", "body": "Badly"}
    made = sandbox.http.post("/github/acme/web/issues", data=form)
    assert made.headers["location"] == f"{sandbox.url}/github/acme/web/issues/2"
    sandbox.http.post("/github/acme/web/issues/2/comments", data={"user": "octo-hub", "body": "I see"})
    page = sandbox.http.get("/github/acme/web/issues/2").text
    assert "It is broken" in page
    assert "I see" in page
    assert sandbox.http.post("/github/acme/web/issues", data=form | {"title": ""}).status_code == 400


def test_a_person_creates_changes_and_deletes_a_record(sandbox: Any) -> None:
    place = "/salesforce/objects/Account/"
    made = sandbox.http.post(place, data={"Name": "Initech <b>", "AnnualRevenue": "12.5"})
    page = sandbox.http.get(made.headers["location"]).text
    assert "Initech &lt;b&gt;" in page and "12.5" in page
    before = _account(sandbox, "Initech <b>")
    sandbox.http.post(made.headers["location"], data={"Name": "Initech", "AnnualRevenue": ""})
    after = _account(sandbox, "Initech")
    assert (after["AnnualRevenue"], after["CreatedDate"]) == (None, before["CreatedDate"])
    assert after["SystemModstamp"] > before["SystemModstamp"]
    for where, form in ((place, {"Name": ""}), (made.headers["location"], {"Name": "x" * 300})):
        refused = sandbox.http.post(where, data=form)
        assert re.search(r'role="alert">[^<]+', sandbox.http.get(refused.headers["location"]).text)
    sandbox.http.post(made.headers["location"], data={"delete": "1"})
    assert _account(sandbox, "Initech")["IsDeleted"] is True
    assert "In the recycle bin" in sandbox.http.get(made.headers["location"]).text
    assert sandbox.http.post(f"{place}001Hs00000zzzzzIAA", data={"Name": "x"}).status_code == 404


def _account(sandbox: Any, name: str) -> dict[str, Any]:
    rows = sandbox.http.get("/_control/salesforce/records", params={"object": "Account"}).json()["records"]
    return dict(next(row for row in rows if row["Name"] == name))


def test_inspectors_hand_out_mask_and_revoke_tokens(sandbox: Any) -> None:
    page = sandbox.http.post("/github/accounts/octo-hub/tokens").text
    [token] = re.findall(r"<code>(ghp_\w+)</code>", page)
    assert sandbox.github("GET", "/user", token).status_code == 200
    assert token not in sandbox.http.get("/github/").text
    assert f"{token[:9]}…{token[-4:]}" in sandbox.http.get("/github/").text
    sandbox.http.post("/github/tokens/0/revoke")
    assert sandbox.github("GET", "/user", token).status_code == 401
    page = sandbox.http.post("/slack/workspaces/T0ACME001/tokens").text
    [token] = re.findall(r"<code>(xoxb-[\w-]+)</code>", page)
    assert sandbox.slack("auth.test", token)["ok"]
    sandbox.http.post("/slack/workspaces/T0ACME001/tokens/0/revoke")
    assert sandbox.slack("auth.test", token)["error"] == "token_revoked"


def test_hooks_and_their_deliveries_are_shown_and_redelivered(sandbox: Any, receiver: Any) -> None:
    token = sandbox.token("github")
    body = {"events": ["issues"], "config": {"url": receiver.url, "content_type": "json"}}
    sandbox.github("POST", "/repos/acme/web/hooks", token, json=body)
    sandbox.control("settle")
    page = sandbox.http.get("/github/acme/web").text
    assert "200 OK" in page
    [action] = re.findall(r'action="([^"]+/redeliver)"', page)
    assert sandbox.http.post(action).status_code == 303
    sandbox.control("settle")
    assert len(receiver.received) == 2
    assert len({headers["x-github-delivery"] for headers, _ in receiver.received}) == 1


def test_a_foreign_link_needs_one_more_click(sandbox: Any) -> None:
    answer = sandbox.http.get("/github/acme/web/pull/1", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert f'href="{sandbox.url}/github/acme/web/pull/1"' in answer.text


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    root = Path(__file__).parents[2] / "integrations_app" / "sandbox"
    found = {
        match
        for file in root.rglob("*.py")
        for match in re.findall(r"^\s*(?:from|import) (integrations_app[\w.]*)", file.read_text(), re.MULTILINE)
    }
    assert found
    assert all(name.startswith("integrations_app.sandbox") for name in found)
