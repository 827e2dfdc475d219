"""Root key rules at the start (D06 to D08), and sealing on the table of data keys."""

import os
import stat
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from integrations_app.errors import CredentialUnreadable, StartRefused, VaultSealed
from integrations_app.kit.secret import Secret
from integrations_app.organizations.keys import Keyring, open_keyring
from integrations_app.organizations.models import DataKey, Organization

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLACE: dict[str, Any] = {"record": "c1", "kind": "vendor", "field": "token", "version": 1}


def clock() -> datetime:
    return NOW


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "data" / "keys"


def start(database, key_file, listed=None) -> Keyring:
    return open_keyring(database, listed=listed, key_file=key_file, clock=clock)


def rows(database):
    return database.read_now(lambda session: session.execute(select(DataKey)).scalars().all())


def seal(session: Session, keyring: Keyring, organization="org-1", **place) -> bytes:
    return keyring.seal(session, organization, **{**PLACE, **place}, secret=Secret("CNRY_keys"))


def test_first_start_makes_a_private_key_file_and_the_installation_key(database, key_file):
    keyring = start(database, key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [row.organization_id for row in rows(database)] == ["system"]
    assert keyring.sealed == ""
    again = start(database, key_file)
    assert again.hash_token("session", "x") == keyring.hash_token("session", "x")
    assert len(rows(database)) == 1


def test_two_installations_share_nothing(database, key_file, tmp_path):
    from integrations_app.kit.db import Database
    from integrations_app.tables import metadata

    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    metadata.create_all(other.engine)
    first, second = start(database, key_file), start(other, tmp_path / "else" / "keys")
    other.close()
    assert first.mac("audit", b"x") != second.mac("audit", b"x")


def test_missing_key_file_of_a_used_database_refuses_and_creates_nothing(database, key_file):
    start(database, key_file)
    key_file.unlink()
    before = [(row.id, row.wrapped) for row in rows(database)]
    with pytest.raises(StartRefused) as refused:
        start(database, key_file)
    assert refused.value.code == "root_key_missing"
    assert not key_file.exists()
    assert [(row.id, row.wrapped) for row in rows(database)] == before


def test_database_with_data_but_no_installation_key_is_refused(database, key_file):
    database.write_now(lambda session: session.add(Organization(id="o", name="Acme", created_at=NOW)))
    with pytest.raises(StartRefused, match="installation key") as refused:
        start(database, key_file)
    assert refused.value.code == "root_key_missing"
    assert not key_file.exists()


def test_wrong_root_key_seals_the_vault_and_names_both_ids(database, key_file, caplog):
    first = start(database, key_file)
    envelope = database.write_now(lambda session: seal(session, first))
    before = [(row.id, row.wrapped) for row in rows(database)]
    expected = rows(database)[0].root_key_id
    key_file.write_bytes(os.urandom(32))
    wrong = start(database, key_file)
    assert wrong.sealed
    assert expected in caplog.text
    found = next(word for word in caplog.text.split() if word.startswith("file-") and expected not in word)
    assert found.startswith("file-")
    with pytest.raises(VaultSealed):
        database.read_now(lambda session: wrong.open(session, "org-1", **PLACE, envelope=envelope))
    with pytest.raises(VaultSealed):
        database.write_now(lambda session: seal(session, wrong, "org-new"))
    with pytest.raises(VaultSealed):
        wrong.hash_token("session", "x")
    assert [(row.id, row.wrapped) for row in rows(database)] == before


@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        (os.urandom(32), 0o644, "root_key_permissions"),
        (os.urandom(31), 0o600, "root_key_invalid"),
        (bytes(32), 0o600, "root_key_invalid"),
    ],
    ids=["readable by others", "too short", "all zero"],
)
def test_bad_key_file_refuses(database, key_file, content, mode, code):
    key_file.parent.mkdir()
    key_file.write_bytes(content)
    key_file.chmod(mode)
    with pytest.raises(StartRefused) as refused:
        start(database, key_file)
    assert refused.value.code == code
    assert rows(database) == []


def test_key_file_may_not_be_a_symbolic_link(database, key_file):
    key_file.parent.mkdir()
    real = key_file.with_name("real")
    real.write_bytes(os.urandom(32))
    real.chmod(0o600)
    key_file.symlink_to(real)
    with pytest.raises(StartRefused) as refused:
        start(database, key_file)
    assert refused.value.code == "root_key_permissions"


def test_listed_keys_win_over_the_file(database, key_file):
    listed = Secret("r1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=")
    assert start(database, key_file, listed).sealed == ""
    assert not key_file.exists()
    assert rows(database)[0].root_key_id == "r1"


def test_a_data_key_is_made_once_and_opens_in_another_process(database, key_file):
    keyring = start(database, key_file)
    one = database.write_now(lambda session: seal(session, keyring))
    two = database.write_now(lambda session: seal(session, keyring, record="c2"))
    assert keyring.data_key_id(one) == keyring.data_key_id(two)
    assert [row.organization_id for row in rows(database)].count("org-1") == 1
    other = start(database, key_file)
    opened = database.read_now(lambda session: other.open(session, "org-1", **PLACE, envelope=one))
    assert opened == Secret("CNRY_keys")


def test_a_moved_value_is_unreadable(database, key_file):
    keyring = start(database, key_file)
    envelope = database.write_now(lambda session: seal(session, keyring))
    for change in ({"record": "c2"}, {"field": "other"}, {"version": 2}, {"kind": "else"}):
        with pytest.raises(CredentialUnreadable):
            database.read_now(
                lambda session, change=change: keyring.open(session, "org-1", **{**PLACE, **change}, envelope=envelope)
            )
    for process in (keyring, start(database, key_file)):
        with pytest.raises(CredentialUnreadable):
            database.read_now(
                lambda session, process=process: process.open(session, "org-2", **PLACE, envelope=envelope)
            )


def test_a_key_of_a_rolled_back_transaction_is_never_used_again(database, key_file):
    keyring = start(database, key_file)
    lost = []

    def fail(session: Session) -> None:
        lost.append(keyring.data_key_id(seal(session, keyring)))
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        database.write_now(fail)
    envelope = database.write_now(lambda session: seal(session, keyring))
    assert keyring.data_key_id(envelope) != lost[0]
    assert keyring.data_key_id(envelope) in {row.id for row in rows(database)}


def test_a_worn_key_is_replaced_and_still_opens(database, key_file):
    keyring = start(database, key_file)
    old = database.write_now(lambda session: seal(session, keyring))

    def wear(session: Session) -> None:
        session.get_one(DataKey, keyring.data_key_id(old)).use_count = 2**30

    database.write_now(wear)
    new = database.write_now(lambda session: seal(session, keyring))
    assert keyring.data_key_id(new) != keyring.data_key_id(old)
    assert database.read_now(lambda session: keyring.open(session, "org-1", **PLACE, envelope=old))
    assert sum(row.is_primary for row in rows(database) if row.organization_id == "org-1") == 1


def test_uses_are_saved(database, key_file, monkeypatch):
    monkeypatch.setattr("integrations_app.organizations.keys.SAVE_USES_EVERY", 3)
    keyring = start(database, key_file)
    for _ in range(3):
        database.write_now(lambda session: seal(session, keyring))
    assert next(row.use_count for row in rows(database) if row.organization_id == "org-1") == 3


def test_purposes_give_different_hashes(database, key_file):
    keyring = start(database, key_file)
    hashes = {keyring.hash_token(purpose, "same") for purpose in ("session", "state", "invitation", "setup")}
    assert len(hashes) == 4
    assert len(keyring.fingerprint(Secret("x"), "org-1")) == 8
