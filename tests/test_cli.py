"""The command line: quick help, documented exit codes, one line for a refusal."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integrations_app.cli import app, banner
from integrations_app.errors import StartRefused
from integrations_app.settings import Settings, load_settings
from integrations_app.workflows.engine.sole import sole


def command(*arguments: str, data_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    environment = {**kept, "INTEGRATIONS_DATA_DIR": str(data_dir), **variables}
    line = [sys.executable, "-m", "integrations_app.cli", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_help_lists_the_commands_and_imports_nothing_heavy(tmp_path: Path) -> None:
    shown = command("--help", data_dir=tmp_path)
    assert shown.returncode == 0
    verbs = {"run", "migrate", "doctor", "scan", "users", "tokens", "keys", "audit", "workflows"}
    assert verbs <= set(shown.stdout.split())
    code = "import sys, integrations_app.cli; print([m for m in ('reflex', 'sqlalchemy', 'httpx') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    assert command("dance", data_dir=tmp_path).returncode == 2
    assert command("run", "--port", "99999", data_dir=tmp_path).returncode == 2


@pytest.mark.parametrize("verb", ["run", "migrate", "doctor"])
def test_a_bad_setting_refuses_the_start_in_one_line(verb: str, tmp_path: Path) -> None:
    refused = command(verb, data_dir=tmp_path, INTEGRATIONS_PUBLIC_URL="http://hub.example.com")
    assert refused.returncode == 78
    assert refused.stderr.count("\n") == 1
    assert "INTEGRATIONS_PUBLIC_URL must be https" in refused.stderr


def test_several_web_processes_on_sqlite_are_refused(tmp_path: Path) -> None:
    refused = command("run", "--workers", "2", data_dir=tmp_path)
    assert refused.returncode == 78
    assert "PostgreSQL" in refused.stderr


def test_a_second_executing_process_is_refused_in_one_line(tmp_path: Path) -> None:
    assert command("migrate", data_dir=tmp_path).returncode == 0
    lock = sole(f"sqlite:///{tmp_path / 'integrations.db'}")
    lock.take()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = ("run", "--port", str(taken.getsockname()[1]))
        refused = command(*port, data_dir=tmp_path)
        lock.release()
    assert (refused.returncode, refused.stderr.count("\n")) == (78, 1)
    assert "already_executing" in refused.stderr
    assert "--no-execute" in refused.stderr


@pytest.mark.parametrize(("arguments", "looks"), [((), True), (("--no-execute",), False)])
def test_only_a_process_that_executes_minds_another(
    arguments: tuple[str, ...], looks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTEGRATIONS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("integrations_app.serve.build_if_stale", lambda _front_end: False)
    assert command("migrate", data_dir=tmp_path).returncode == 0
    lock = sole(f"sqlite:///{tmp_path / 'integrations.db'}")
    lock.take()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = ["run", "--port", str(taken.getsockname()[1]), *arguments]
        refusal = CliRunner().invoke(app, given).exception
        lock.release()
    assert isinstance(refusal, StartRefused)
    assert refusal.code == ("already_executing" if looks else "address_refused")


def test_migrate_makes_the_database_and_is_repeatable(tmp_path: Path) -> None:
    data_dir = tmp_path / "fresh"
    assert command("migrate", data_dir=data_dir).returncode == 0
    again = command("migrate", data_dir=data_dir)
    assert again.returncode == 0
    assert again.stdout.endswith("up to date\n")
    assert (data_dir / "integrations.db").exists()


def test_doctor_names_what_is_wrong_and_changes_nothing(tmp_path: Path) -> None:
    told = command("doctor", "--json", data_dir=tmp_path / "none", INTEGRATIONS_EGRESS_ALLOW="not a host")
    assert told.returncode == 1
    findings = {it["name"]: it for it in json.loads(told.stdout)}
    assert list(findings) == ["key", "database", "front end", "port", "egress", "providers"]
    assert not findings["egress"]["ok"]
    assert findings["key"]["ok"]
    assert findings["database"]["ok"]
    assert not (tmp_path / "none").exists()


def test_doctor_says_whether_the_outer_proxy_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"127.0.0.1:{proxy.getsockname()[1]}"
        url = f"http://us:short-marker@{address}"
        told = command("doctor", "--json", data_dir=tmp_path / "none", INTEGRATIONS_EGRESS_PROXY=url)
    egress = next(it for it in json.loads(told.stdout) if it["name"] == "egress")
    assert egress["ok"]
    trusted = "trusted to refuse names that stand for private addresses"
    assert egress["message"].endswith(f"through the proxy {address}, {trusted}")
    told = command("doctor", "--json", data_dir=tmp_path / "none", INTEGRATIONS_EGRESS_PROXY=url)
    egress = next(it for it in json.loads(told.stdout) if it["name"] == "egress")
    assert not egress["ok"]
    assert "short-marker" not in told.stdout + told.stderr


def test_doctor_finds_a_bad_key(tmp_path: Path) -> None:
    told = command("doctor", data_dir=tmp_path, INTEGRATIONS_ENCRYPTION_KEYS="k1:short-marker")
    assert told.returncode == 1
    assert "WRONG key:" in told.stdout
    assert "short-marker" not in told.stdout + told.stderr


def test_the_readme_names_every_verb_and_every_variable() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    groups = {group.name: group.typer_instance for group in app.registered_groups if group.typer_instance}
    verbs = [command.callback.__name__ for command in app.registered_commands if command.callback]
    for name, group in groups.items():
        inner = (command.name or command.callback.__name__ for command in group.registered_commands if command.callback)
        verbs += [f"{name} {one}" for one in inner]
    assert len(verbs) >= 9
    assert [verb for verb in verbs if f"| `{verb}" not in readme] == []
    variables = [
        f"INTEGRATIONS_{field.upper()}" for field in Settings.model_fields if field not in {"workers", "execute"}
    ]
    assert [variable for variable in variables if f"`{variable}`" not in readme] == []


def test_the_banner_offers_the_set_up_page_once(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, port=4001)
    assert "http://localhost:4001/setup?token=abc" in banner(settings, "http://localhost:4001/setup?token=abc")
    assert "owner" not in banner(settings, None)
