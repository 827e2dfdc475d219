"""The verbs on a real installation: on SQLite, and again on PostgreSQL."""

import base64
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from integrations_app.cli import main

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Outcome:
    """What a verb left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Outcome]


@pytest.fixture
def home(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    return {
        **kept,
        "INTEGRATIONS_DATA_DIR": str(tmp_path / "data"),
        "INTEGRATIONS_DATABASE_URL": database_url,
    }


@pytest.fixture
def verb(home: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run the console script in this process, which has its imports already; keyword arguments are variables."""
    logging_before = logging.root.handlers[:], logging.root.level

    def run(*arguments: str, given: str = "", **variables: str) -> Outcome:
        with monkeypatch.context() as here:
            here.setattr(os, "environ", {**home, **variables})
            here.setattr(sys, "argv", ["integrations-app", *arguments])
            here.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        told = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), told.out, told.err)

    yield run
    logging.root.handlers[:], level = logging_before
    logging.root.setLevel(level)


@pytest.fixture
def acme(verb: Run) -> Run:
    """The same, with Acme and its owner."""
    made = verb("users", "create", "--email", "Owner@acme.test", "--organization", "Acme", given=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, "owner@acme.test is owner of Acme.\n")
    return verb


def execute(database_url: str, *statements: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_person_is_made_once_with_a_known_role_and_a_good_password(acme: Run):
    who = ("users", "create", "--organization", "Acme", "--email")
    twice = acme(*who, "owner@acme.test", given=f"{PASSWORD}\n")
    assert twice.returncode == 1
    assert "user_exists" in twice.stderr
    second = acme(*who, "second@acme.test", given=f"{PASSWORD}\n")
    assert second.stdout == "second@acme.test is viewer of Acme.\n"
    for arguments, given in (
        ((*who, "third@acme.test"), "short\n"),
        ((*who, "third@acme.test", "--role", "king"), PASSWORD),
        ((*who, "no e-mail"), PASSWORD),
    ):
        refused = acme(*arguments, given=given)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert "short" not in refused.stderr


def test_the_chain_is_verified_and_the_first_bad_row_named(acme: Run, database_url: str, tmp_path: Path):
    whole = acme("audit", "verify", "--json")
    assert (whole.returncode, json.loads(whole.stdout)["bad"]) == (0, [])
    heads = tmp_path / "data" / "audit.heads"
    assert heads.stat().st_mode & 0o777 == 0o600
    sqlite = database_url.startswith("sqlite")
    off = "DROP TRIGGER audit_event_no_delete" if sqlite else "ALTER TABLE audit_event DISABLE TRIGGER USER"
    execute(database_url, off, "DELETE FROM audit_event")
    cut = acme("audit", "verify")
    assert cut.returncode == 1
    assert "first bad row is 1" in cut.stdout
    assert acme("audit", "verify", "--heads", str(tmp_path / "other")).returncode == 0


def test_the_scan_finds_what_was_planted_and_shows_no_value(acme: Run, database_url: str, tmp_path: Path):
    planted, log = "planted-marker-4711", tmp_path / "server.log"
    values = tmp_path / "values"
    values.write_text(f"{planted}\nxoxb-nobody-has-this-one\n")
    log.write_text("all is well\n")
    clean = acme("scan", "--value-file", str(values), "--path", str(log))
    assert clean.returncode == 0, clean.stdout + clean.stderr
    hidden = base64.b64encode(f"x{planted}".encode()).decode()
    execute(database_url, f"UPDATE organization SET name = '{hidden}'")  # noqa: S608
    log.write_text(f"token={planted.encode().hex()} xoxb-1234567890-abcdef\n")
    found = acme("scan", "--value-file", "-", "--path", str(log), "--json", given=planted)
    assert found.returncode == 1
    rows = {(row["place"].rpartition("/")[2], row["what"]) for row in json.loads(found.stdout)["findings"]}
    assert {("table organization.name", "planted value 1"), ("server.log", "planted value 1")} <= rows
    assert any(place == "server.log" and "shape" in what for place, what in rows)
    assert planted not in found.stdout + found.stderr
    assert acme("scan", "--value-file", "-", given="abc\n").returncode == 2


def test_another_key_seals_the_vault_and_every_verb_says_so(acme: Run, tmp_path: Path):
    other = base64.b64encode(b"k" * 32).decode()
    sealed = acme("keys", "status", "--json", INTEGRATIONS_ENCRYPTION_KEYS=f"other:{other}")
    assert sealed.returncode == 1
    told = json.loads(sealed.stdout)
    assert told["sealed"]
    assert told["root_keys"] == ["other"]
    assert acme("audit", "verify", INTEGRATIONS_ENCRYPTION_KEYS=f"other:{other}").returncode == 78
    scanned = acme("scan", "--json", INTEGRATIONS_ENCRYPTION_KEYS=f"other:{other}")
    assert scanned.returncode == 1
    assert json.loads(scanned.stdout)["problems"]
    (tmp_path / "data" / "keys").unlink()
    gone = acme("keys", "status")
    assert gone.returncode == 78
    assert gone.stderr.count("\n") == 1


def test_keys_are_shown_with_their_records(acme: Run):
    shown = json.loads(acme("keys", "status", "--json").stdout)
    assert shown["sealed"] == ""
    assert shown["orphans"] == {}
    assert [(key["organization_id"], key["primary"], key["records"]) for key in shown["data_keys"]] == [
        ("system", True, 0)
    ]
    assert shown["data_keys"][0]["root_key_id"] == shown["root_keys"][0]


def test_a_token_is_printed_once_and_kept_as_a_hash(acme: Run, database_url: str, tmp_path: Path):
    ask = ("tokens", "create", "--email", "owner@acme.test", "--organization", "Acme", "--name", "ci")
    made = acme(*ask)
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token.startswith("integrations_")
    told = json.loads(acme(*ask, "--role", "viewer", "--days", "7", "--json").stdout)
    assert told["role"] == "viewer"
    assert told["expires_at"]
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT token_hash, role FROM api_token ORDER BY created_at")).all()
    engine.dispose()
    assert [row.role for row in rows] == ["owner", "viewer"]
    assert not any(row.token_hash in token for row in rows)
    assert acme("scan", "--value-file", "-", given=token).returncode == 0
    log = tmp_path / "server.log"
    log.write_text(f"somebody wrote {token} down")
    found = acme("scan", "--path", str(log))
    assert (found.returncode, "API token" in found.stdout, token in found.stdout) == (1, True, False)


def test_a_token_needs_a_member_and_a_role_within_its_own(acme: Run):
    acme("users", "create", "--email", "ed@acme.test", "--organization", "Acme", "--role", "editor", given=PASSWORD)
    ask = ("tokens", "create", "--organization", "Acme", "--name", "ci", "--email")
    for arguments, code in (
        ((*ask, "nobody@acme.test"), 1),
        ((*ask, "ed@acme.test", "--role", "admin"), 1),
        ((*ask, "ed@acme.test", "--role", "king"), 2),
        ((*ask, "no e-mail"), 2),
        ((*ask, "ed@acme.test", "--days", "0"), 2),
    ):
        refused = acme(*arguments)
        assert refused.returncode == code, arguments
        assert refused.stdout == ""


DEFINITION = """\
format: 1
name: Tell someone
trigger:
  type: manual
steps:
- key: tell
  type: action
  action: webhook.call
  connection: not there yet
  inputs:
    text: 'on'
"""


def test_a_workflow_goes_in_and_comes_out(acme: Run, tmp_path: Path):
    where = ("--organization", "Acme")
    made = acme("workflows", "import", "-", *where, "--json", given=DEFINITION)
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert "missing_connection" in {problem["code"] for problem in told["problems"]}
    assert acme("workflows", "export", told["id"], *where).stdout == DEFINITION
    exported = acme("workflows", "export", "Tell someone", *where, "--json")
    again = tmp_path / "again.json"
    again.write_text(exported.stdout)
    assert acme("workflows", "import", str(again), *where).returncode == 0
    twice = acme("workflows", "export", "Tell someone", *where)
    assert twice.returncode == 1
    assert "Give an id" in twice.stderr


def test_a_hostile_definition_is_refused(acme: Run):
    for given in ("a: &a [1]\nb: *a", DEFINITION.replace("format: 1", "format: 2"), "name: x\nevil: 1"):
        refused = acme("workflows", "import", "-", "--organization", "Acme", given=given)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1


def process(home: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "integrations_app.cli", *arguments]
    return subprocess.run(line, env=home, input=given, capture_output=True, text=True, timeout=120, check=False)


def test_processes_of_their_own_do_the_same(home: dict[str, str]):
    who = ("--email", "a@acme.test", "--organization", "Acme", "--role", "admin")
    made = process(home, "users", "create", *who, given=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout, made.stderr) == (0, "a@acme.test is admin of Acme.\n", "")
    scanned = process(home, "scan", "--json")
    assert (scanned.returncode, scanned.stderr) == (0, "")
    assert json.loads(scanned.stdout)["values"] == 1


def test_reading_verbs_make_nothing(tmp_path: Path):
    home = {"INTEGRATIONS_DATA_DIR": str(tmp_path / "none"), "PATH": os.environ["PATH"]}
    refused = process(home, "keys", "status")
    assert refused.returncode == 78
    assert "no_installation" in refused.stderr
    assert not (tmp_path / "none").exists()
