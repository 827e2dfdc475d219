"""A workflow as a file: for the signed in, of their own organisation, in both forms."""

import json

import pytest

from integrations_app.kit.plain_yaml import read_plain
from integrations_app.workflows import service
from tests.web.conftest import cookie

DEFINITION = {
    "format": 1,
    "name": 'Tell "#triage"\\..',
    "trigger": {"type": "manual"},
    "steps": [{"key": "end", "type": "stop", "message": "bye"}],
}


@pytest.mark.parametrize(("kind", "read"), [("yaml", read_plain), ("json", json.loads)])
async def test_a_member_gets_the_file(hub, client, person, kind, read):
    editor, viewer = await person("editor"), await person("viewer")
    made = await service.create(hub, editor.actor, DEFINITION)
    answer = await client.get(f"/api/workflows/{made.id}/export.{kind}", headers=cookie(viewer.cookie))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="tell-triage.{kind}"'
    assert answer.headers["cache-control"] == "no-store"
    assert read(answer.content) == DEFINITION


async def test_nobody_else_does(hub, client, person):
    made = await service.create(hub, (await person("editor")).actor, DEFINITION)
    stranger = await person("owner", organization="Other")
    path = f"/api/workflows/{made.id}/export.yaml"
    assert (await client.get(path)).status_code == 401
    refused = await client.get(path, headers=cookie(stranger.cookie))
    unknown = await client.get(path.replace(made.id, "0" * 32), headers=cookie(stranger.cookie))
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
    assert refused.json()["error"]["message"] == unknown.json()["error"]["message"]
    for odd in (path.replace("yaml", "exe"), "/api/workflows/%00/export.yaml"):
        assert (await client.get(odd, headers=cookie(stranger.cookie))).status_code == 404
