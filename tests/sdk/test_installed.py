"""Providers of installed packages, seen by processes of their own: one that works, and every way to be broken."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

OUTSIDE = Path(__file__).parent.parent / "fixtures" / "outside"
GROUP = "integrations_app.providers"
FROM_OUTSIDE = "from dataclasses import replace\nfrom outside_provider import provider as good\n"
PROBE = """
import asyncio, json
from starlette.applications import Starlette
from httpx import ASGITransport, AsyncClient
from integrations_app.connections.addresses import reach
from integrations_app.errors import EgressDenied
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.sdk.context import Access, ActionContext
from integrations_app.sdk.forms import form_fields
from integrations_app.sdk.registry import registry
from integrations_app.web import logos
from integrations_app.settings import load_settings

async def main():
    provider, action = registry().action("outside.fetch")
    web = AsyncClient(transport=ASGITransport(Starlette(routes=logos.routes(registry()))), base_url="http://t")
    logo = await web.get("/api/integrations/outside/logo.svg")
    door = Door(EgressPolicy.parse())
    reached = reach(load_settings(), provider, "none")
    access = Access("o", "c", {"access_token": Secret("t")}, reached.bases, provider.settings(), {}, door,
                    reached.passport)
    try:
        await action.run(action.params(url="https://elsewhere.example/"),
                         ActionContext(provider.open_client(access), "op", None))
        refused = ""
    except EgressDenied as error:
        refused = error.reason
    await door.aclose()
    return {
        "keys": [one.key for one in registry()],
        "form": [field.label for field in form_fields(provider.settings)],
        "action": action.title,
        "logo": [logo.status_code, logo.headers["content-type"]],
        "refused": refused,
        "templates": [one.key for one in registry().templates],
    }

print(json.dumps(asyncio.run(main())))
"""


def install(site: Path, name: str, value: str, **modules: str) -> None:
    """Leave behind what an installer leaves: modules, and the metadata of a distribution with its entry point."""
    site.mkdir(exist_ok=True)
    for module, text in modules.items():
        (site / f"{module}.py").write_text(text, encoding="utf-8")
    metadata = site / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    key, _, target = value.partition("=")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{key} = {target}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages with the good provider in it."""
    found = tmp_path / "site"
    project = tomllib.loads((OUTSIDE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((key, target),) = project["entry-points"][GROUP].items()
    install(found, project["name"], f"{key}={target}")
    shutil.copytree(OUTSIDE / "outside_provider", found / "outside_provider")
    return found


def python(site: Path, *line: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    environment = {**kept, "PYTHONPATH": str(site), "INTEGRATIONS_DATA_DIR": str(site.parent / "data")}
    return subprocess.run(
        [sys.executable, *line], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def finding(site: Path) -> dict[str, object]:
    """What `integrations-app doctor` says of the providers."""
    told = python(site, "-m", "integrations_app.cli", "doctor", "--json")
    return next(one for one in json.loads(told.stdout) if one["name"] == "providers")


def test_an_installed_provider_is_one_among_the_others(site: Path) -> None:
    told = python(site, "-c", PROBE)
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout)
    assert "outside" in seen["keys"] and len(seen["keys"]) > 1
    assert (seen["form"], seen["action"]) == (["Room"], "Read an address")
    assert seen["logo"] == [200, "image/svg+xml"]
    assert seen["refused"] == "host_not_allowed"
    assert "outside/read_every_morning" in seen["templates"]
    assert finding(site)["ok"]


BROKEN = {
    "import": ("raise RuntimeError('no library here')", "no library here"),
    "exit": ("raise SystemExit(3)", "SystemExit"),
    "syntax": ("def (", "SyntaxError"),
    "nothing": ("", "AttributeError"),
    "no provider": ("provider = 7", "not a Provider"),
    "own key": (FROM_OUTSIDE + "provider = good", "another provider called 'outside'"),
    "product's key": (FROM_OUTSIDE + "provider = replace(good, key='webhook')", "another provider called 'webhook'"),
    "odd key": (FROM_OUTSIDE + "provider = replace(good, key='../x')", "lower-case"),
    "no name": (FROM_OUTSIDE + "provider = replace(good, key='b', name='')", "name is missing"),
    "no logo": (FROM_OUTSIDE + "provider = replace(good, key='b', logo='none.svg')", "logo"),
    "no auth": (FROM_OUTSIDE + "provider = replace(good, key='b', auth=())", "auth is empty"),
    "settings": (FROM_OUTSIDE + "provider = replace(good, key='b', settings=dict)", "Settings model"),
    "hosts": (FROM_OUTSIDE + "provider = replace(good, key='b', hosts=('x.example',))", "hosts does not name"),
    "pattern": (FROM_OUTSIDE + "provider = replace(good, key='b', secret_patterns=('(',))", "unterminated"),
    "twice": (FROM_OUTSIDE + "provider = replace(good, key='b', actions=good.actions * 2)", "one key"),
    "template": (
        "import tempfile, pathlib\nfolder = pathlib.Path(tempfile.mkdtemp())\n(folder / 'templates').mkdir()\n"
        "(folder / 'logo.svg').write_text('<svg/>')\n(folder / 'templates' / 'a.yaml').write_text('title: x')\n"
        + FROM_OUTSIDE
        + "provider = replace(good, key='b', folder=folder)",
        "template a.yaml: summary",
    ),
    "no action": (FROM_OUTSIDE + "provider = replace(good, key='b', actions=(1,))", "actions is none"),
}


def test_every_broken_one_is_named_with_its_reason_and_the_others_work(site: Path) -> None:
    for number, (text, _) in enumerate(BROKEN.values()):
        install(site, f"zz-{number}", f"broken={module(number)}:provider", **{module(number): text})
    found = finding(site)
    assert not found["ok"]
    told = {part.partition(" ")[0]: part for part in str(found["message"]).split("; ")}
    assert len(told) == len(BROKEN)
    for number, (name, (_, reason)) in enumerate(BROKEN.items()):
        said = told[f"zz-{number}"]
        assert said.startswith(f"zz-{number} (broken = {module(number)}:provider) is left out: "), name
        assert reason in said, name
    works = python(site, "-c", PROBE)
    assert works.returncode == 0, works.stderr
    assert "outside" in json.loads(works.stdout)["keys"]


def module(number: int) -> str:
    return f"broken_{number}"


def test_a_broken_one_is_named_in_the_log_and_stops_no_verb(site: Path) -> None:
    install(site, "zz-broken", "broken=broken_one:provider", broken_one="raise RuntimeError('no library here')")
    assert python(site, "-m", "integrations_app.cli", "migrate").returncode == 0
    told = python(site, "-m", "integrations_app.cli", "audit", "verify")
    assert told.returncode == 0, told.stderr
    assert "the installed provider zz-broken (broken = broken_one:provider) is left out" in told.stderr
    assert "no library here" in told.stderr
