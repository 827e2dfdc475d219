"""The scan finds what is readable however it is written, knows what this installation holds, and shows no value."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import LargeBinary, insert, update
from sqlmodel import col

import integrations_app.assembly  # noqa: F401 - registers where envelopes are kept
from integrations_app.cli.holdings import held_secrets
from integrations_app.cli.needles import Needles
from integrations_app.cli.stores import PIECE, database_files, file_texts, list_files, table_texts
from integrations_app.connections.models import OAuthApp
from integrations_app.kit.secret import Secret
from integrations_app.organizations.models import Organization
from integrations_app.organizations.rotation_places import places
from integrations_app.tables import metadata
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.sealing import seal_endpoint_secret

VALUE = b'planted/"marker" +\xc3\xa4 4711'
SPELLINGS = {
    "raw": VALUE,
    "hex": VALUE.hex().encode(),
    "HEX": VALUE.hex().upper().encode(),
    "url": quote(VALUE, safe="").encode(),
    "json": json.dumps(VALUE.decode()).encode(),
    "json in utf-8": json.dumps(VALUE.decode(), ensure_ascii=False).encode(),
    **{f"base64 at {offset}": base64.b64encode(b"x" * offset + VALUE + b"tail") for offset in range(3)},
    **{f"base64url at {offset}": base64.urlsafe_b64encode(b"x" * offset + VALUE + b"tail") for offset in range(3)},
}


def one_needle() -> Needles:
    needles = Needles()
    needles.add(VALUE, "planted")
    return needles


def tables(hub):
    return hub.database.read_now(lambda session: list(table_texts(session)))


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_a_value_is_found_in_every_spelling(spelled: bytes):
    assert one_needle().find(b"before " + spelled + b" after") == {"planted"}
    assert one_needle().find(b"before " + spelled[: len(spelled) // 2] + b" after") == set()


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_it_is_found_among_thousands(spelled: bytes):
    needles = one_needle()
    for number in range(500):
        needles.add(f"other value number {number:05}".encode(), f"other {number}")
    assert needles.find(b"before " + spelled + b" after") == {"planted"}


def test_shapes_are_found_by_their_pattern():
    needles = Needles()
    needles.add_shape(r"tok_[a-z]{10,}", "a token")
    assert needles.find(b"\0\xfftok_abcdefghijk\0") == {"a token"}
    assert needles.find(b"tok_abc") == set()


@pytest.mark.parametrize("offset", [PIECE - len(VALUE), PIECE - 5, PIECE - 1, PIECE, 2 * PIECE - 3])
def test_the_edge_of_a_piece_hides_nothing(offset: int, tmp_path: Path):
    file = tmp_path / "log"
    file.write_bytes(b"." * offset + VALUE + b"." * 10)
    needles = one_needle()
    assert {label for text in file_texts(file, needles.longest) for label in needles.find(text)} == {"planted"}


def test_files_are_listed_once_without_links_and_the_key(tmp_path: Path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("keys", "a", "deep/er/b"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    listed = list_files([tmp_path, tmp_path / "a", tmp_path / "absent"], without=tmp_path / "keys")
    assert listed == [tmp_path / "a", tmp_path / "deep/er/b"]


async def test_every_column_of_every_table_is_searched(hub, person):
    owner = await person()
    long = VALUE * 2000  # spans pages of a SQLite file
    config = {"inner": [{"deep": VALUE.decode()}]}
    row = {
        "organization_id": owner.organization_id,
        "kind": "none",
        "created_at": hub.clock(),
        "enabled": True,
        "allowed_addresses": [],
    }
    rows = [
        {**row, "id": "e1", "name": "plain", "config": config, "secret": None, "target": "", "hook_id": ""},
        {**row, "id": "e2", "name": "blob", "config": {}, "secret": long, "target": "", "hook_id": VALUE.hex()},
    ]
    await hub.database.write(lambda session: session.execute(insert(Endpoint), rows))
    needles = one_needle()
    found = {place for place, text in tables(hub) if needles.find(text)}
    assert found == {"endpoint.config", "endpoint.secret", "endpoint.hook_id"}
    assert [path.name for path in database_files(hub.database)][:1] == (["test.db"] if hub.database.is_sqlite else [])


async def test_a_large_table_comes_in_pieces_and_blocks_no_writer(hub, person):
    owner = await person()
    row = {
        "organization_id": owner.organization_id,
        "kind": "none",
        "created_at": hub.clock(),
        "enabled": True,
        "allowed_addresses": [],
    }
    filling = {**row, "name": "n", "config": {}, "secret": b"." * (PIECE // 8), "target": "", "hook_id": ""}

    def fill(session):
        session.execute(insert(Endpoint), [{**filling, "id": f"e{number:03}"} for number in range(100)])

    await hub.database.write(fill)

    def read(session):
        sizes = []
        for place, content in table_texts(session):
            if place == "endpoint.secret":
                sizes.append(len(content))
                hub.database.write_now(lambda session: session.execute(update(Organization).values(name="renamed")))
        return sizes

    sizes = hub.database.read_now(read)
    assert len(sizes) > 10
    assert max(sizes) < 2 * PIECE
    assert sum(sizes) >= 100 * (PIECE // 8)


async def test_a_damaged_row_does_not_end_the_search(hub, person):
    if not hub.database.is_sqlite:
        pytest.skip("PostgreSQL keeps its JSON whole")
    owner = await person()
    await hub.database.write(
        lambda session: session.connection().exec_driver_sql(
            "INSERT INTO workflow (organization_id, id, name, draft, draft_version, paused, trigger_type, created_by,"
            " created_at, updated_at) VALUES (?, 'w', ?, '{damaged', 1, 0, '', '', '', '')",
            (owner.organization_id, VALUE.decode()),
        )
    )
    needles = one_needle()
    assert {place for place, text in tables(hub) if needles.find(text)} == {"workflow.name"}


async def test_the_outer_proxy_is_among_them(hub):
    url = Secret("http://us:very%20hidden@proxy:4750")
    behind = replace(hub, settings=hub.settings.model_copy(update={"egress_proxy": url}))
    found = dict(held_secrets(behind)[0])
    assert found["user and password of the outer proxy"] == Secret("us:very hidden")


async def test_held_secrets_are_opened_and_unreadable_ones_named(hub, person):
    owner = await person()

    def write(session):
        row = Endpoint(organization_id=owner.organization_id, id="e1", name="n", kind="bearer", created_at=hub.clock())
        row.secret = seal_endpoint_secret(hub, session, row, Secret("whsec-of-e1"))
        session.add(row)

    await hub.database.write(write)
    secrets, problems = held_secrets(hub)
    assert {label: secret.reveal("test") for label, secret in secrets if "root" not in label} == {
        "secret of endpoint e1": "whsec-of-e1"
    }
    assert [label for label, _ in secrets if label.startswith("root key file-")]
    assert problems == []

    def damage(session):
        mine = (col(Endpoint.organization_id) == owner.organization_id, col(Endpoint.id) == "e1")
        session.execute(update(Endpoint).where(*mine).values(secret=b"\x01\x01" + bytes(80)))

    await hub.database.write(damage)
    secrets, problems = held_secrets(hub)
    assert len(secrets) == 1
    assert len(problems) == 1
    assert problems[0].startswith("endpoint e1 cannot be opened")


def test_every_column_with_envelopes_is_counted():
    counted = {str(place.envelope) for place in places()}
    binary = {
        f"{model.__name__}.{column.key}"
        for model in (OAuthApp, Endpoint, Organization)
        for column in metadata.tables[model.__tablename__].columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary <= counted
    tables = {
        (table.name, column.key)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert len(counted) == len(tables - {("data_key", "wrapped")})
