"""Files of releases, uploaded over HTTP as they are."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, MissingScope, OutcomeUnknown, Rejected
from integrations_app.providers.github.actions.assets import UploadReleaseAsset, uploads_base

HERE: dict[str, Any] = {"repository": "acme/web"}


@pytest.fixture
async def release(github: Any) -> int:
    """The number of a release."""
    return int((await github.run("create_release", "made", **HERE, tag_name="v2.0.0", name="Two")).id)


async def test_a_file_arrives_as_it_is(github: Any, sandbox: Any, release: int) -> None:
    raw = bytes(range(256))
    file = {"name": "app.zip", "content": base64.b64encode(raw).decode(), "encoding": "base64"}
    file |= {"label": "The app & more"}
    made = await github.run("upload_release_asset", **HERE, release_id=release, **file, content_type="application/zip")
    assert (made.name, made.label, made.size, made.state) == ("app.zip", "The app & more", 256, "uploaded")
    assert made.content_type == "application/zip"
    assert made.browser_download_url.endswith("/acme/web/releases/download/v2.0.0/app.zip")
    [call] = sandbox.requests("/assets", "POST")
    assert call["path"].startswith("/github/api/uploads/repos/acme/web/releases/")


async def test_a_text(github: Any, release: int) -> None:
    made = await github.run("upload_release_asset", **HERE, release_id=release, name="notes.txt", content="öne")
    assert (made.size, made.content_type, made.label) == (4, "application/octet-stream", None)


async def test_a_lost_answer_is_found(github: Any, sandbox: Any, release: int) -> None:
    params = HERE | {"release_id": release, "name": "a.txt", "content": "x"}
    assert await github.find("upload_release_asset", **params) is None
    sandbox.fault(vendor="github", method="POST", path="/assets$", effect="lose")
    with pytest.raises(OutcomeUnknown):
        await github.run("upload_release_asset", **params)
    assert (await github.find("upload_release_asset", **params)).name == "a.txt"
    assert len(sandbox.requests("/assets", "POST")) == 1


async def test_a_file_of_before_is_not_ours(github: Any, release: int) -> None:
    params = HERE | {"release_id": release, "name": "a.txt", "content": "x"}
    await github.run("upload_release_asset", **params)
    later = replace(github, started=github.started + timedelta(hours=1))
    assert await later.find("upload_release_asset", **params) is None


async def test_one_that_arrived_in_part_is_for_a_person(github: Any, sandbox: Any, release: int) -> None:
    half = {"id": 1, "name": "a.txt", "state": "starter", "size": 0, "browser_download_url": "https://x.example"}
    half |= {"created_at": "2999-01-01T00:00:00Z"}
    sandbox.fault(vendor="github", method="GET", path="/assets$", status=200, body=[half])
    with pytest.raises(Rejected, match="in part"):
        await github.find("upload_release_asset", **HERE, release_id=release, name="a.txt", content="x")


async def test_a_name_stands_in_a_release_once(github: Any, release: int) -> None:
    params = HERE | {"release_id": release, "name": "a.txt", "content": "x"}
    await github.run("upload_release_asset", **params)
    with pytest.raises(Rejected, match="already_exists") as refused:
        await github.run("upload_release_asset", "again", **params)
    assert refused.value.code == "validation_failed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "my file.zip"}, "name"),
        ({"name": "../a"}, "name"),
        ({"name": ".hidden"}, "name"),
        ({"content_type": "zip\r\nX: y"}, "content_type"),
        ({"content": "%%%", "encoding": "base64"}, "content"),
        ({"content": " ", "encoding": "base64"}, "content"),
        ({"content": "x" * 1_000_001}, "content"),
    ],
)
async def test_what_github_would_change_or_refuse_is_never_sent(
    github: Any, sandbox: Any, change: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await github.run("upload_release_asset", **(HERE | {"release_id": 1, "name": "a", "content": "x"} | change))
    assert list(refused.value.fields) == [field]
    assert sandbox.requests("/assets") == []


async def test_needs_its_permission(connect: Any, sandbox: Any, release: int) -> None:
    reader = connect("github", access_token=sandbox.token("github", "octo-hub", ["read:user"]))
    with pytest.raises(MissingScope):
        await reader.run("upload_release_asset", **HERE, release_id=release, name="a", content="x")


async def test_the_picker_is_live(github: Any, release: int) -> None:
    found = await github.choices(UploadReleaseAsset, "release_id", **HERE)
    assert [one.value for one in found.choices] == [str(release)]


@pytest.mark.parametrize(
    ("api", "uploads"),
    [
        ("https://api.github.com", "https://uploads.github.com"),
        ("https://api.octo.ghe.com", "https://uploads.octo.ghe.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example/api/uploads"),
    ],
)
def test_where_files_go(api: str, uploads: str) -> None:
    assert uploads_base(api) == uploads
