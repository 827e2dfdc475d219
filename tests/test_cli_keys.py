"""The verbs of keys on a real installation: rotating, retiring, and what they refuse."""

import base64
import json
import os
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from integrations_app.migrations import migrate
from tests.organizations.rotating import fill, open_process, read_credentials


@pytest.fixture
def verb(database_url, tmp_path, monkeypatch, capsys):
    """Run a verb on an installation with 30 records; exit code, stdout, stderr."""
    import logging
    import sys

    from integrations_app.cli import main

    migrate(database_url)
    (tmp_path / "data").mkdir(mode=0o700)
    hub = open_process(database_url, tmp_path / "data")
    fill(hub, 30)
    hub.database.close()
    handlers, level = logging.root.handlers[:], logging.root.level
    monkeypatch.setenv("INTEGRATIONS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("INTEGRATIONS_DATABASE_URL", database_url)

    def run(*arguments, **variables):
        with monkeypatch.context() as here:
            for name, value in variables.items():
                here.setenv(name, value)
            here.setattr(sys, "argv", ["integrations-app", "keys", *arguments])
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    yield run
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def shown(verb, **variables):
    return json.loads(verb("status", "--json", **variables)[1])


def test_data_keys_are_rotated_and_the_old_ones_retired(verb):
    before = {key["id"] for key in shown(verb)["data_keys"] if key["records"]}
    code, out, _ = verb("rotate")
    assert code == 0
    assert out.startswith("30 records moved in ")
    during = shown(verb)
    assert {key["id"] for key in during["data_keys"] if key["leaving"]} == before
    assert [(one["kind"], one["phase"], one["moved"]) for one in during["rotations"]] == [("data", "verified", 30)]
    assert "leaving  0 records" in verb("status")[1]
    assert verb("retire")[0] == 0
    after = {key["id"]: key["records"] for key in shown(verb)["data_keys"]}
    assert not before & after.keys()
    assert sum(after.values()) == 30
    code, _, told = verb("retire")
    assert (code, "nothing_to_retire" in told) == (1, True)


def test_the_root_key_file_is_replaced(verb, tmp_path):
    old = (tmp_path / "data" / "keys").read_bytes()
    code, out, _ = verb("rotate", "--root", "--json")
    done = json.loads(out)
    assert (code, done["kind"], done["phase"], done["moved"]) == (0, "root", "verified", 3)
    roots = shown(verb)["root_keys"]
    assert len(roots) == 2
    assert {key["root_key_id"] for key in shown(verb)["data_keys"]} == {roots[0]}
    code, _, told = verb("rotate", "--root")
    assert (code, "retire_first" in told) == (1, True)
    assert [one["phase"] for one in json.loads(verb("retire", "--json")[1])] == ["retired"]
    assert shown(verb)["root_keys"] == roots[:1]
    assert (tmp_path / "data" / "keys").read_bytes() != old


def test_listed_root_keys_are_replaced_by_the_operator_first(verb, tmp_path, database_url):
    one = f"one:{base64.b64encode((tmp_path / 'data' / 'keys').read_bytes()).decode()}"
    two = f"two:{base64.b64encode(os.urandom(32)).decode()}"
    fresh = tmp_path / "data" / "keys"
    file_id = shown(verb)["root_keys"][0]
    same = one.replace("one:", f"{file_id}:")
    code, _, told = verb("rotate", "--root", INTEGRATIONS_ENCRYPTION_KEYS=same)
    assert (code, "no_new_root_key" in told) == (1, True)
    both = {"INTEGRATIONS_ENCRYPTION_KEYS": f"{two},{same}"}
    assert verb("rotate", "--root", **both)[0] == 0
    code, _, told = verb("retire", **both)
    assert (code, "root_key_listed" in told) == (1, True)
    alone = {"INTEGRATIONS_ENCRYPTION_KEYS": two}
    assert verb("retire", **alone)[0] == 0
    view = shown(verb, **alone)
    assert view["sealed"] == ""
    assert {key["root_key_id"] for key in view["data_keys"]} == {"two"}
    assert fresh.exists()
    hub = open_process(database_url, tmp_path / "data", two)
    assert len(read_credentials(hub)) == 30
    hub.database.close()


def test_a_damaged_record_stops_the_rotation_with_its_name(verb, database_url):
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        row = connection.exec_driver_sql("SELECT envelope FROM credential WHERE connection_id = 'c00007'").one()
        damaged = bytes(row[0])[:-1] + bytes([row[0][-1] ^ 1])
        mark = "?" if database_url.startswith("sqlite") else "%s"
        statement = f"UPDATE credential SET envelope = {mark} WHERE connection_id = 'c00007'"  # noqa: S608
        connection.exec_driver_sql(statement, (damaged,))
    code, _, told = verb("rotate")
    assert (code, "records_unreadable" in told, "c00007" in told) == (1, True, True)
    assert "STOPPED: 1 records cannot be opened" in verb("status")[1]
    code, _, told = verb("retire")
    assert (code, "nothing_to_retire" in told) == (1, True)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM credential WHERE connection_id = 'c00007'")
    engine.dispose()
    assert verb("rotate")[0] == 0
    assert [one["phase"] for one in shown(verb)["rotations"]] == ["verified"]


def test_a_sealed_vault_rotates_nothing(verb, tmp_path: Path):
    other = base64.b64encode(b"k" * 32).decode()
    assert verb("rotate", INTEGRATIONS_ENCRYPTION_KEYS=f"other:{other}")[0] == 78
    assert shown(verb)["rotations"] == []
