"""Logs and artifacts of runs, fetched over HTTP from where GitHub keeps them, and read within bounds."""

import base64
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integrations_app.errors import EgressDenied, ReconnectRequired, Rejected, ResponseRefused, Unavailable
from integrations_app.kit.egress import Door, EgressPolicy, Passport
from integrations_app.providers.github import downloads
from integrations_app.providers.github.downloads import Wish, unpack
from tests.providers.webhook.listeners import Authority
from tests.receiver import Received, receiving, reply

HERE: dict[str, Any] = {"repository": "acme/web"}
STORAGE = "/github/_storage/"
ALL = Wish((), 1000, "start", binary=True)


@pytest.fixture
def ended(sandbox: Any) -> int:
    """A run that is over."""
    headers = {"Authorization": f"Bearer {sandbox.token('github')}"}
    at = f"{sandbox.base}/github/api/v3/repos/acme/web/actions"
    body = {"ref": "main", "inputs": {"environment": "staging", "version": "7.7"}, "return_run_details": True}
    started = sandbox.http.post(f"{at}/workflows/deploy.yml/dispatches", headers=headers, json=body)
    form = {"user": "octo-hub", "act": "Finish the newest run: failure"}
    assert sandbox.http.post(f"{sandbox.base}/github/acme/web/happen", data=form).status_code == 303
    return int(started.json()["workflow_run_id"])


async def test_logs_come_as_texts_and_the_token_stays_at_the_api(github: Any, sandbox: Any, ended: int) -> None:
    found = await github.run("download_run_logs", **HERE, run_id=ended)
    assert [one.name for one in found.items] == ["0_deploy.txt", "deploy/1_Set up job.txt", "deploy/2_Run deploy.txt"]
    assert "It is failure." in found.items[0].text
    assert "7.7" in found.items[2].text
    assert not any(one.cut for one in found.items)
    [fetched] = sandbox.requests(STORAGE)
    assert (fetched["status"], "authorization" in fetched["headers"]) == (200, False)
    [asked] = sandbox.requests("/logs")
    assert asked["headers"]["authorization"]


async def test_only_the_files_and_the_end_that_are_wanted(github: Any, ended: int) -> None:
    wanted = {"names": ["*Run*"], "most": 12}
    [one] = (await github.run("download_run_logs", **HERE, run_id=ended, **wanted)).items
    assert (one.text, one.cut) == ("is failure.\n", True)
    [one] = (await github.run("download_run_logs", **HERE, run_id=ended, **wanted, end="start")).items
    assert (len(one.text), one.text[4], one.size > 100) == (12, "-", True)


async def test_artifacts_are_listed_and_downloaded(github: Any, ended: int) -> None:
    [made] = (await github.run("list_artifacts", **HERE, run_id=ended, name="report")).items
    assert (made.name, made.expired, made.workflow_run.id) == ("report", False, ended)
    assert (await github.run("list_artifacts", **HERE)).items == [made]
    assert (await github.run("list_artifacts", **HERE, name="other")).items == []
    text, raw = (await github.run("download_artifact", **HERE, artifact_id=made.id)).items
    assert (text.name, text.text, text.content_base64) == ("report.txt", "Run 1 of Deploy\n", None)
    assert (raw.name, raw.text, base64.b64decode(raw.content_base64)) == ("data.bin", None, bytes(range(256)))


async def test_a_run_that_goes_on_has_no_logs_yet(github: Any, sandbox: Any, ended: int) -> None:
    await github.run("rerun_workflow_run", **HERE, run_id=ended)
    with pytest.raises(Rejected) as refused:
        await github.run("download_run_logs", **HERE, run_id=ended)
    assert refused.value.code == "not_found_or_no_access"
    assert sandbox.requests(STORAGE) == []


async def test_what_is_kept_no_longer_is_said_so(github: Any, sandbox: Any, ended: int) -> None:
    sandbox.fault(vendor="github", path="/zip$", status=410, body={"message": "Artifact has expired"})
    with pytest.raises(Rejected, match="no longer") as refused:
        await github.run("download_artifact", **HERE, artifact_id=ended + 500_000)
    assert refused.value.code == "gone"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"path": "/logs$", "status": 401, "body": {"message": "Bad credentials"}}, ReconnectRequired),
        ({"path": "/logs$", "status": 502}, Unavailable),
        ({"path": "/logs$", "status": 200, "body": {}}, Rejected),
        ({"path": "/logs$", "status": 302, "headers": {"Location": "/sandbox/github/_storage/none"}}, Unavailable),
        ({"path": "/logs$", "status": 302, "headers": {"Location": "http://10.0.0.1/logs"}}, EgressDenied),
        ({"path": "/logs$", "status": 302, "headers": {"Location": "http://169.254.169.254/"}}, EgressDenied),
        ({"path": "/logs$", "status": 302, "headers": {"Location": "http://[of/logs"}}, ResponseRefused),
        ({"path": "/logs$", "status": 307, "headers": {"Location": "http://127.0.0.2/logs"}}, Rejected),
        ({"path": "/_storage/", "status": 302, "headers": {"Location": "http://[of/logs"}}, ResponseRefused),
        (
            {"path": "/_storage/", "status": 302, "headers": {"Location": "/sandbox/github/_storage/x"}, "count": 9},
            Rejected,
        ),
        ({"path": "/_storage/", "status": 302, "headers": {"Location": "http://10.0.0.1/logs"}}, EgressDenied),
        ({"path": "/_storage/", "status": 304}, Unavailable),
        ({"path": "/_storage/", "status": 200, "body": {"no": "archive"}}, ResponseRefused),
        ({"path": "/_storage/", "effect": "huge", "size": 11 * 1024 * 1024}, ResponseRefused),
        ({"path": "/_storage/", "effect": "drop"}, Unavailable),
    ],
)
async def test_what_can_go_wrong_on_the_way(
    github: Any, sandbox: Any, ended: int, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.fault(vendor="github", method="GET", **fault)
    with pytest.raises(error):
        await github.run("download_run_logs", **HERE, run_id=ended)


async def test_a_repository_that_was_renamed_is_followed_with_the_token(github: Any, sandbox: Any, ended: int) -> None:
    there = f"/sandbox/github/api/v3/repos/acme/web/actions/runs/{ended}/logs"
    sandbox.fault(vendor="github", path="/old/actions/.*logs$", status=301, headers={"Location": there})
    assert (await github.run("download_run_logs", repository="acme/old", run_id=ended)).items


async def test_another_host_is_told_no_token(github: Any, sandbox: Any, ended: int) -> None:
    elsewhere = sandbox.base.replace("127.0.0.1", "localhost")
    sandbox.settings(github={"storage_base": elsewhere})
    with pytest.raises(EgressDenied):  # it is loopback: nobody has allowed that host
        await github.run("download_run_logs", **HERE, run_id=ended)
    passport = github.access.passport
    origins = (*passport.origins, elsewhere.removesuffix("/sandbox"))
    allowed = replace(github, access=replace(github.access, passport=replace(passport, origins=origins)))
    assert len((await allowed.run("download_run_logs", **HERE, run_id=ended)).items) == 3
    [fetched] = sandbox.requests(STORAGE)
    assert (fetched["headers"]["host"].startswith("localhost:"), "authorization" in fetched["headers"]) == (True, False)


@pytest.mark.parametrize("safe", [True, False])
async def test_the_storage_redirects_to_encrypted_addresses_only(connect: Any, tmp_path: Path, safe: bool) -> None:
    authority, trusted = Authority(), tmp_path / "authority.pem"
    trusted.write_text(authority.pem)
    door = Door(EgressPolicy.parse(), extra_ca_file=trusted)
    async with receiving(authority.context()) as github, receiving() as plain:
        places = {"/storage": (github if safe else plain).base + "/file"}

        def answer(request: Received) -> bytes:
            if request.target == "/file":
                return reply(200, packed(log=b"hello"))
            return reply(302, Location=places.get(request.target, f"{github.base}/storage"))

        github.answer = plain.answer = answer
        made = connect("github", access_token="token", bases={"api": f"{github.base}/api", "web": github.base})
        passport = Passport(origins=(github.base, plain.base))
        made = replace(made, access=replace(made.access, door=door, passport=passport))
        if safe:
            [one] = (await made.run("download_run_logs", **HERE, run_id=1)).items
            assert one.text == "hello"
        else:
            with pytest.raises(Rejected) as refused:
                await made.run("download_run_logs", **HERE, run_id=1)
            assert refused.value.code == "redirected"
        assert plain.requests == []
    await door.aclose()


def packed(how: int = zipfile.ZIP_DEFLATED, /, **files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "UNPACKED", 1024 * 1024)
    with pytest.raises(ResponseRefused) as refused:
        unpack(packed(bomb=bytes(1024 * 1024), more=b"x"), ALL)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_can_only_be_unpacked_at_once_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, how: int) -> None:
    monkeypatch.setattr(downloads, "UNPACKED", 1024)
    with pytest.raises(ResponseRefused) as refused:
        unpack(packed(how, bomb=bytes(8 * 1024 * 1024)), ALL)
    assert refused.value.code == "archive_broken"


def test_a_piece_is_unpacked_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    spend = downloads._Budget.spend

    def counted(budget: downloads._Budget, size: int) -> None:
        pieces.append(size)
        spend(budget, size)

    monkeypatch.setattr(downloads._Budget, "spend", counted)
    monkeypatch.setattr(downloads, "UNPACKED", 1024 * 1024)
    with pytest.raises(ResponseRefused):
        unpack(packed(bomb=bytes(8 * 1024 * 1024)), ALL)
    assert (max(pieces), sum(pieces)) == (downloads.CHUNK, 1024 * 1024 + downloads.CHUNK)


def test_an_archive_that_names_too_much_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_MEMBERS", 2)
    assert len(unpack(packed(a=b"", b=b""), ALL).items) == 2
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ResponseRefused) as refused:
        unpack(b"PK\x01\x02" * 3, ALL)
    assert refused.value.code == "too_large"


def test_of_a_name_only_the_beginning_counts() -> None:
    archive = packed(**{"n" * 60_000 + ".log": b"hello"})
    assert [one.name for one in unpack(archive, ALL).items] == ["n" * downloads.LONGEST_NAME]
    assert unpack(archive, replace(ALL, names=("*.log",))).items == []


def test_all_texts_together_keep_to_the_bounds_of_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "RESULT", 400)
    found = unpack(packed(a=b"\x1b" * 50, b=b"y" * 200, c=b"z" * 10), ALL)
    assert [(one.name, one.text, one.cut) for one in found.items] == [
        ("a", "\x1b" * 50, False),
        ("b", None, True),
        ("c", "z" * 10, False),
    ]
    monkeypatch.setattr(downloads, "MOST_FILES", 2)
    assert unpack(packed(a=b"1", b=b"2", c=b"3"), ALL).left_out == 1


def far_away(raw: bytes) -> bytes:
    """The archive, whose file is said to begin where no address leads to."""
    start, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    entry = bytearray(raw[start:end])
    extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    entry[30:32], entry[42:46] = struct.pack("<H", len(extra)), b"\xff" * 4
    size = struct.pack("<L", len(entry) + len(extra))
    return raw[:start] + entry + extra + raw[end : end + 12] + size + raw[end + 16 :]


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[:-30],
        far_away,
        lambda raw: raw.replace(b"PK\x03\x04", b"PK\x03\x05"),
        lambda _: b"",
        lambda _: b"x",
    ],
)
def test_a_broken_archive_is_refused(harm: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ResponseRefused):
        unpack(harm(packed(a=b"hello")), ALL)


@pytest.mark.parametrize("end", ["start", "end"])
def test_a_letter_at_the_cut_stays_whole_or_goes(end: Any) -> None:
    text = "ä" * 300_000
    [one] = unpack(packed(a=text.encode()), Wish((), 10, end)).items
    assert (one.text, one.size, one.cut) == ("ä" * 10, 600_000, True)
