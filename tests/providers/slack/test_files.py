"""Files: uploaded, shared, and what may be lost on the way."""

import base64
from typing import Any

import pytest

from integrations_app.errors import EgressDenied, InvalidInput, MissingScope, OutcomeUnknown, Rejected, Unavailable
from integrations_app.providers.slack.limits import LIMITS

FILE = {"channel": "C0GENERAL", "filename": "report.txt", "content": "all is well"}


def last(sandbox: Any) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.get("slack/messages", channel="general")["messages"][-1]
    return found


async def test_a_text_is_shared_with_a_message(full: Any, sandbox: Any) -> None:
    made = await full.run("upload_file", **FILE, title="Report", initial_comment="Here it is")
    message = last(sandbox)
    assert message["text"] == "Here it is"
    assert (message["files"][0]["id"], message["files"][0]["title"]) == (made.id, "Report")
    assert message["files"][0]["size"] == len("all is well")
    assert made.title == "Report"


async def test_the_address_of_the_upload_never_gets_the_token(full: Any, sandbox: Any) -> None:
    await full.run("upload_file", **FILE)
    [upload] = sandbox.requests("/slack/api/upload/")
    assert not any(name.lower() == "authorization" for name in upload["headers"])


async def test_bytes_go_to_a_thread(full: Any, sandbox: Any) -> None:
    parent = await full.run("send_message", channel="C0GENERAL", text="parent")
    content = base64.b64encode(bytes(range(256))).decode()
    await full.run(
        "upload_file", channel="#general", filename="a.bin", content=content, encoding="base64", thread_ts=parent.ts
    )
    assert last(sandbox)["thread_ts"] == parent.ts
    assert last(sandbox)["files"][0]["size"] == 256


@pytest.mark.parametrize(
    "wrong",
    [{"content": "not base64!", "encoding": "base64"}, {"content": "=", "encoding": "base64"}, {"thread_ts": "x"}],
)
async def test_what_cannot_be_sent_is_not(full: Any, sandbox: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        await full.run("upload_file", **(FILE | wrong))
    assert sandbox.requests("getUploadURLExternal") == []


async def test_a_file_beyond_the_limit_is_refused(full: Any) -> None:
    for size in (8 * 1024 * 1024 + 1, 17 * 1024 * 1024):
        with pytest.raises(InvalidInput) as refused:
            await full.run("upload_file", **(FILE | {"content": "x" * size}))
        assert refused.value.code == "input_too_long"


async def test_a_channel_it_is_not_in(full: Any) -> None:
    with pytest.raises(Rejected, match="Invite the app"):
        await full.run("upload_file", **(FILE | {"channel": "C0OPS0001"}))


async def test_a_missing_permission_is_named(connect: Any, sandbox: Any) -> None:
    slack = connect("slack", access_token=sandbox.token("slack", scopes=["chat:write"]))
    with pytest.raises(MissingScope, match="files:write"):
        await slack.run("upload_file", **FILE)


async def test_the_host_of_the_upload_is_judged(full: Any, sandbox: Any) -> None:
    """Slack names the address: what is not among its hosts is not called."""
    answer = {"ok": True, "upload_url": "http://127.0.0.1:9/steal", "file_id": "F1"}
    sandbox.fault(
        vendor="slack",
        path="getUploadURLExternal",
        status=200,
        headers={"Content-Type": "application/json"},
        body=answer,
    )
    with pytest.raises(EgressDenied):
        await full.run("upload_file", **FILE)


class TestLostAnswers:
    @pytest.mark.parametrize("path", ["getUploadURLExternal", "/upload/"])
    async def test_before_the_last_step_nobody_saw_anything(self, full: Any, sandbox: Any, path: str) -> None:
        sandbox.fault(vendor="slack", path=path, effect="lose", status=502)
        with pytest.raises(Unavailable):
            await full.run("upload_file", **FILE)
        assert "files" not in last(sandbox)

    async def test_of_the_last_step_leaves_it_open(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="completeUploadExternal", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("upload_file", **FILE)
        assert last(sandbox)["files"]


def test_secret_addresses_are_no_names_of_budgets() -> None:
    assert LIMITS.bucket("POST", "https://files.slack.com/upload/v1/CwABAAAAWgoAAZnBg") == "upload"
    assert LIMITS.bucket("POST", "https://slack.com/api/chat.postMessage") == "chat.postMessage"
