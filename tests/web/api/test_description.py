"""The description of the API and its page: complete, public, without scripts and strangers."""

import json
import re

from integrations_app.web.api.app import CALLS, describe, refusals_of
from tests.test_cli import command
from tests.web.api.conftest import API


async def test_the_description_is_public_and_names_every_call(client):
    answer = await client.get(f"{API}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told == describe()
    found = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert found == {(call.method, call.path) for call in CALLS}
    assert told["servers"] == [{"url": API}]
    assert told["security"] == [{"token": []}]


def test_every_call_says_what_it_does_needs_and_answers():
    told = describe()
    for call in CALLS:
        shown = told["paths"][call.path][call.method.lower()]
        assert shown["summary"]
        assert len(shown["summary"]) < 60
        assert shown["x-permission"] == call.needs.value
        assert set(shown["responses"]) == {
            str(status) for status in (call.status, *refusals_of(call), *([call.also] if call.also else []))
        }
        for status in refusals_of(call):
            schema = shown["responses"][str(status)]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Refusal"}


def test_every_reference_leads_somewhere():
    text = json.dumps(describe())
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= set(describe()["components"]["schemas"])
    assert not [word for word in ("HTTPValidationError", "Successful Response", "Listed_") if word in text]


async def test_the_page_needs_no_script_and_nothing_from_elsewhere(client):
    answer = await client.get(f"{API}/docs", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script" not in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    for call in CALLS:
        assert f'id="{call.handle.__name__}"' in answer.text


def test_the_command_prints_the_description(tmp_path):
    shown = command("openapi", data_dir=tmp_path / "none")
    assert json.loads(shown.stdout) == describe()
    assert command("openapi", "--json", data_dir=tmp_path / "none").stdout.count("\n") == 1
    assert not (tmp_path / "none").exists()
