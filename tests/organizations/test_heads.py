"""A cut tail is found against the heads that were written down outside the database."""

import stat
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text

from integrations_app.organizations import audit
from integrations_app.organizations.heads import BadChain, list_chains, read_heads, verify_all, write_heads

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CUT = "DELETE FROM audit_event WHERE organization_id = 'org-1' AND sequence > 2 OR organization_id = 'org-2'"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.heads"


def write(database, keyring, chain, count):
    def work(session):
        for _ in range(count):
            audit.record(session, keyring, None, "thing.done", now=NOW, organization_id=chain)

    database.write_now(work)


def verify(database, keyring, path):
    return database.read_now(lambda session: verify_all(session, keyring, read_heads(keyring, path)))


def cut(database, statement):
    engine = create_engine(database.url)
    with engine.begin() as connection:
        if database.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_event_no_delete"))
        else:
            connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
        connection.execute(text(statement))
    engine.dispose()


def test_heads_are_written_once_and_only_when_a_chain_has_grown(database, keyring, path):
    write(database, keyring, "org-1", 3)
    write(database, keyring, "org-2", 1)
    assert database.read_now(list_chains) == ["org-1", "org-2"]
    written = [database.read_now(lambda session: write_heads(session, keyring, path, NOW)) for _ in range(2)]
    assert written == [2, 0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write(database, keyring, "org-2", 1)
    assert database.read_now(lambda session: write_heads(session, keyring, path, NOW)) == 1
    assert read_heads(keyring, path)["org-2"].sequence == 2
    assert verify(database, keyring, path) == []


def test_a_cut_tail_and_a_chain_that_vanished_are_found(database, keyring, path):
    write(database, keyring, "org-1", 4)
    write(database, keyring, "org-2", 2)
    database.read_now(lambda session: write_heads(session, keyring, path, NOW))
    cut(database, CUT)
    assert verify(database, keyring, path) == [BadChain("org-1", 3), BadChain("org-2", 1)]


def test_lines_that_are_not_ours_prove_nothing(database, keyring, path):
    write(database, keyring, "org-1", 2)
    database.read_now(lambda session: write_heads(session, keyring, path, NOW))
    with path.open("a") as file:
        file.write('{"organization_id": "org-1", "sequence": 99, "mac": "x", "signature": "y"}\n[]\n{"torn')
    assert read_heads(keyring, path)["org-1"].sequence == 2
    assert verify(database, keyring, path) == []
