"""The chain holds, and every kind of tampering by SQL is found at its place (G14)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from integrations_app.errors import IntegrationsError
from integrations_app.kit.secret import Secret
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations import audit
from integrations_app.organizations.permissions import Actor

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ACTOR = Actor("org-1", "u1", "ada@acme.example", "owner", address="203.0.113.7")


@pytest.fixture
def chain(database, keyring):
    """Six acts in org-1, one in another organisation."""

    def write(session):
        for number in range(6):
            at = NOW + timedelta(seconds=number)
            audit.record(
                session, keyring, ACTOR, f"thing.done{number}", now=at, subject="thing:1", detail={"n": number}
            )
        audit.record(session, keyring, None, "other.done", now=NOW, organization_id="org-2")

    database.write_now(write)
    return database


def tamper(database, *statements):
    """Change rows as somebody with the database in his hands would: triggers removed, hook not there."""
    engine = create_engine(database.url)
    with engine.begin() as connection:
        if database.is_sqlite:
            for name in ("no_update", "no_delete"):
                connection.execute(text(f"DROP TRIGGER audit_event_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def check(database, keyring, organization="org-1", known=None):
    return database.read_now(lambda session: audit.verify(session, keyring, organization, known))


def test_untouched_chains_are_whole(chain, keyring):
    assert check(chain, keyring) is None
    assert check(chain, keyring, "org-2") is None
    assert check(chain, keyring, "org-without-acts") is None


@pytest.mark.parametrize(
    ("statements", "bad"),
    [
        (["UPDATE audit_event SET name = 'thing.dune2' WHERE organization_id = 'org-1' AND sequence = 3"], 3),
        (["UPDATE audit_event SET actor = 'eve@acme.example' WHERE organization_id = 'org-1' AND sequence = 1"], 1),
        (["""UPDATE audit_event SET detail = '{"n": 9}' WHERE organization_id = 'org-1' AND sequence = 5"""], 5),
        (["UPDATE audit_event SET address = '' WHERE organization_id = 'org-1' AND sequence = 6"], 6),
        (["DELETE FROM audit_event WHERE organization_id = 'org-1' AND sequence = 4"], 4),
        (["DELETE FROM audit_event WHERE organization_id = 'org-1' AND sequence = 1"], 1),
        (
            [
                "UPDATE audit_event SET sequence = 99 WHERE organization_id = 'org-1' AND sequence = 2",
                "UPDATE audit_event SET sequence = 2 WHERE organization_id = 'org-1' AND sequence = 3",
                "UPDATE audit_event SET sequence = 3 WHERE organization_id = 'org-1' AND sequence = 99",
            ],
            2,
        ),
        (
            [
                (
                    "INSERT INTO audit_event SELECT organization_id, 7, at, name, actor_id, actor, subject, address, "
                    "detail, previous_mac, mac FROM audit_event WHERE organization_id = 'org-1' AND sequence = 6"
                )
            ],
            7,
        ),
        (["UPDATE audit_event SET organization_id = 'org-1', sequence = 7 WHERE organization_id = 'org-2'"], 7),
        (
            [
                "DELETE FROM audit_event WHERE organization_id = 'org-1' AND sequence = 4",
                "UPDATE audit_event SET sequence = 4 WHERE organization_id = 'org-1' AND sequence = 5",
            ],
            4,
        ),
    ],
)
def test_tampering_is_found_at_its_place(chain, keyring, statements, bad):
    tamper(chain, *statements)
    assert check(chain, keyring) == bad


def test_a_value_that_cannot_be_read_any_more_is_found(chain, keyring):
    if not chain.is_sqlite:
        pytest.skip("PostgreSQL does not store broken JSON")
    tamper(chain, "UPDATE audit_event SET detail = '{' WHERE organization_id = 'org-1' AND sequence = 4")
    assert check(chain, keyring) == 4


def test_a_cut_tail_is_found_against_a_head_kept_elsewhere(chain, keyring):
    known = chain.read_now(lambda session: audit.head(session, "org-1"))
    assert check(chain, keyring, known=known) is None
    tamper(chain, "DELETE FROM audit_event WHERE organization_id = 'org-1' AND sequence > 4")
    assert check(chain, keyring) is None
    assert check(chain, keyring, known=known) == 5


@pytest.mark.parametrize("verb", ["UPDATE audit_event SET name = 'x'", "DELETE FROM audit_event"])
def test_rows_cannot_be_changed_or_deleted(chain, verb):
    with pytest.raises((DBAPIError, IntegrationsError)), across_organizations("a test of the trigger"):
        chain.write_now(lambda session: session.connection().exec_driver_sql(verb))
    page = chain.read_now(lambda session: audit.list_events(session, "org-1", audit.Filters()))
    assert len(page.items) == 6


def test_a_rolled_back_act_leaves_no_record(chain, keyring):
    def fail(session):
        audit.record(session, keyring, ACTOR, "thing.failed", now=NOW)
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        chain.write_now(fail)
    chain.write_now(lambda session: audit.record(session, keyring, ACTOR, "thing.after", now=NOW))
    assert check(chain, keyring) is None


async def test_parallel_writers_never_meet_on_one_number(database, keyring):
    import asyncio

    def write(session):
        return audit.record(session, keyring, ACTOR, "thing.done", now=NOW)

    numbers = await asyncio.gather(*(database.write(write) for _ in range(40)))
    assert sorted(numbers) == list(range(1, 41))
    assert check(database, keyring) is None


def test_list_is_filtered_and_paged(chain):
    def page(filters, cursor="", limit=50):
        return chain.read_now(lambda session: audit.list_events(session, "org-1", filters, cursor, limit))

    first = page(audit.Filters(), limit=4)
    assert [event.sequence for event in first.items] == [6, 5, 4, 3]
    rest = page(audit.Filters(), first.next_cursor, 4)
    assert [event.sequence for event in rest.items] == [2, 1]
    assert rest.next_cursor == ""
    assert [event.name for event in page(audit.Filters(name="thing.done2")).items] == ["thing.done2"]
    assert len(page(audit.Filters(name="thing.*")).items) == 6
    assert page(audit.Filters(name="th%")).items == []
    assert len(page(audit.Filters(since=NOW + timedelta(seconds=4))).items) == 2
    assert page(audit.Filters(actor_id="nobody")).items == []


def test_a_secret_in_the_detail_is_refused_and_long_texts_are_cut(database, keyring):
    def write(detail):
        database.write_now(lambda session: audit.record(session, keyring, ACTOR, "x.y", now=NOW, detail=detail))

    with pytest.raises(TypeError):
        write({"token": Secret("CNRY_audit")})
    write({"text": "a" * 5000, "deep": {"list": ["b" * 5000]}})
    event = database.read_now(lambda session: audit.list_events(session, "org-1", audit.Filters())).items[0]
    assert len(event.detail["text"]) == audit.TEXT_LIMIT + 1
    assert len(event.detail["deep"]["list"][0]) == audit.TEXT_LIMIT + 1
    assert check(database, keyring) is None


def test_system_acts_are_one_row_per_minute_and_kind_with_a_count(database, keyring):
    throttle = audit.Throttle()

    def write(name, seconds):
        at = NOW + timedelta(seconds=seconds)
        database.write_now(lambda session: audit.record_system(session, keyring, name, now=at, throttle=throttle))

    for second in range(50):
        write("ws.origin_denied", second)
    write("csrf.denied", 1)
    write("ws.origin_denied", 61)
    events = database.read_now(lambda session: audit.list_events(session, "system", audit.Filters())).items
    assert [(event.name, event.detail["count"]) for event in events] == [
        ("ws.origin_denied", 50),
        ("csrf.denied", 1),
        ("ws.origin_denied", 1),
    ]
    assert check(database, keyring, "system") is None


def test_kinds_whose_minute_is_over_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(audit, "MOST_KINDS", 3)
    throttle = audit.Throttle()
    assert [throttle.admit(name, NOW) for name in ("a", "b", "b")] == [1, 1, 0]
    assert throttle.admit("c", NOW + timedelta(seconds=59)) == 1
    assert throttle.admit("d", NOW + timedelta(seconds=61)) == 1
    assert throttle._seen.keys() == {"c", "d"}
    assert throttle._held == {}
