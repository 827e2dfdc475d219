"""Emulated vendors are found by their folders: nothing else lists them."""

from pathlib import Path
from typing import Any

from integrations_app import sandbox as package
from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.entrance import OPEN_TO_ALL

HERE = Path(package.__file__).parent


def test_every_folder_with_an_emulation_is_served_and_shown(sandbox: Any) -> None:
    assert list(EMULATIONS) == sorted(path.parent.name for path in HERE.glob("*/emulation.py"))
    front = sandbox.http.get("/").text
    for one in EMULATIONS.values():
        assert f'/{one.key}/">{one.name}</a>' in front and one.summary in front
        assert sandbox.http.get(f"/{one.key}/").status_code == 200
        assert sandbox.journal(one.key)


def test_what_is_open_to_all_is_below_a_vendor(sandbox: Any) -> None:
    del sandbox
    for path in OPEN_TO_ALL[1:]:
        assert path.strip("/").partition("/")[0] in EMULATIONS
        assert path.endswith("/") and path.count("/") > 2
