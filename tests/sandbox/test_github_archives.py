"""Logs and artifacts of the emulated GitHub: behind signed addresses, for a minute, without a token."""

from typing import Any
from urllib.parse import urlsplit

import pytest

ACTIONS = "/repos/acme/web/actions"


@pytest.fixture
def token(sandbox: Any) -> str:
    return str(sandbox.token("github"))


@pytest.fixture
def run(sandbox: Any, token: str) -> int:
    body = {"ref": "main", "inputs": {"environment": "staging"}, "return_run_details": True}
    started = sandbox.github("POST", f"{ACTIONS}/workflows/deploy.yml/dispatches", token, json=body)
    return int(started.json()["workflow_run_id"])


def finish(sandbox: Any) -> None:
    form = {"user": "octo-hub", "act": "Finish the newest run: success"}
    assert sandbox.http.post("/github/acme/web/happen", data=form).status_code == 303


def test_logs_are_there_when_the_run_is_over(sandbox: Any, token: str, run: int) -> None:
    assert sandbox.github("GET", f"{ACTIONS}/runs/{run}/logs", token).status_code == 404
    assert sandbox.github("GET", f"{ACTIONS}/artifacts", token).json() == {"total_count": 0, "artifacts": []}
    finish(sandbox)
    answer = sandbox.github("GET", f"{ACTIONS}/runs/{run}/logs", token)
    assert (answer.status_code, answer.content) == (302, b"")
    address = urlsplit(answer.headers["location"])
    signed = f"{address.path.removeprefix('/sandbox')}?{address.query}"
    assert sandbox.http.get(signed).headers["content-type"] == "application/zip"
    with_token = sandbox.http.get(signed, headers={"Authorization": f"Bearer {token}"})
    assert (with_token.status_code, "InvalidAuthenticationInfo" in with_token.text) == (400, True)
    assert sandbox.http.get(signed.replace("sig=", "sig=x")).status_code == 403
    assert sandbox.http.get("/github/_storage/none?sig=none").status_code == 403


def test_artifacts_of_a_run_by_name(sandbox: Any, token: str, run: int) -> None:
    finish(sandbox)
    [one] = sandbox.github("GET", f"{ACTIONS}/runs/{run}/artifacts", token).json()["artifacts"]
    assert (one["name"], one["expired"], one["workflow_run"]["id"]) == ("report", False, run)
    assert one["archive_download_url"].endswith(f"/actions/artifacts/{one['id']}/zip")
    assert sandbox.github("GET", f"{ACTIONS}/artifacts?name=other", token).json()["artifacts"] == []
    assert sandbox.github("GET", f"{ACTIONS}/artifacts/{one['id']}/zip", token).status_code == 302
    assert sandbox.github("GET", f"{ACTIONS}/artifacts/1/zip", token).status_code == 404
