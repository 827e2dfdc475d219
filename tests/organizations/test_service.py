"""Sign-in, its limits, sessions and their ends, passwords (G06 to G11, P10)."""

import asyncio
import statistics
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from integrations_app.errors import Conflict, InvalidInput, NotFound, RateLimited, Unauthenticated
from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, service, sessions
from integrations_app.organizations.limits import Limits, address_block
from integrations_app.organizations.models import SignInSession
from integrations_app.organizations.passwords import Passwords

WRONG = Secret("not the password")


def names(hub, organization_id):
    page = hub.database.read_now(lambda session: audit.list_events(session, organization_id, audit.Filters()))
    return [event.name for event in reversed(page.items)]


async def settle(hub):
    for task in tuple(hub.background):
        await task


async def attempt(hub, email, password=WRONG, address="203.0.113.1"):
    try:
        await service.sign_in(hub, email=email, password=password, address=address)
    except (Unauthenticated, RateLimited) as error:
        return error.code
    return "in"


async def test_right_and_wrong_password(hub, person):
    ada = await person("owner")
    assert await attempt(hub, ada.email) == "unauthenticated"
    await settle(hub)  # a refusal is written down behind the answer
    assert await attempt(hub, f"  {ada.email.upper()} ", Secret(ada.password)) == "in"
    assert names(hub, ada.organization_id) == ["user.created", "auth.signed_in", "auth.failed", "auth.signed_in"]


@pytest.mark.parametrize("odd", ["\x00", "a\x00@acme.example", "\ud800@acme.example", "x" * 5000, ""])
async def test_what_is_no_address_is_somebody_unknown(hub, person, odd):
    ada = await person("owner")
    assert await attempt(hub, odd) == "unauthenticated"
    with pytest.raises(NotFound):
        await service.switch_organization(hub, ada.actor, odd)
    page = hub.database.read_now(
        lambda session: audit.list_events(session, ada.organization_id, audit.Filters(subject=f"x{odd}"))
    )
    assert page.items == []


async def test_one_account_is_shut_after_ten_failures_and_opens_again(hub, person, clock):
    ada = await person("owner")
    right = Secret(ada.password)
    codes = [await attempt(hub, ada.email, address=f"198.51.100.{number}") for number in range(12)]
    assert codes == ["unauthenticated"] * 10 + ["rate_limited"] * 2
    with pytest.raises(RateLimited) as refused:
        await service.sign_in(hub, email=ada.email, password=right, address="192.0.2.77")
    assert refused.value.after is not None
    assert 0 < refused.value.after <= 600
    clock.advance(timedelta(minutes=10, seconds=1))
    assert await attempt(hub, ada.email, right) == "in"


async def test_one_address_is_shut_after_ten_failures_for_every_account(hub, person):
    ada = await person("owner")
    codes = [await attempt(hub, f"guess{number}@acme.example") for number in range(11)]
    assert codes == ["unauthenticated"] * 10 + ["rate_limited"]
    assert await attempt(hub, ada.email, Secret(ada.password)) == "rate_limited"
    assert await attempt(hub, ada.email, Secret(ada.password), "192.0.2.99") == "in"


async def test_parallel_guesses_count_from_their_start(hub, person):
    ada = await person("owner")
    codes = await asyncio.gather(*(attempt(hub, ada.email) for _ in range(30)))
    assert codes.count("unauthenticated") == 10
    assert codes.count("rate_limited") == 20


async def test_signing_in_often_is_no_failure(hub, person):
    ada = await person("owner")
    for _ in range(15):
        assert await attempt(hub, ada.email, Secret(ada.password)) == "in"


def test_an_ipv6_block_is_one_address():
    assert address_block("2001:db8:1:2:3::4") == address_block("2001:db8:1:2:ffff::1")
    assert address_block("2001:db8:1:3::1") != address_block("2001:db8:1:2::1")
    assert address_block("203.0.113.1") != address_block("203.0.113.2")


def test_a_clock_set_back_locks_nobody_out(clock):
    limits = Limits(attempts=2)
    limits.enter(("x",), clock())
    limits.enter(("x",), clock())
    with pytest.raises(RateLimited):
        limits.enter(("x",), clock())
    clock.advance(timedelta(days=-1))
    limits.enter(("x",), clock())


async def test_an_unknown_person_costs_the_same_hash(hub):
    before = hub.passwords.verified
    await attempt(hub, "nobody@acme.example", address="198.51.100.1")
    assert hub.passwords.verified == before + 1


async def test_an_unknown_person_costs_as_much_time():
    passwords = Passwords()
    stored = passwords.hash_now(Secret("a long enough password"))

    async def measure(kept):
        started = time.perf_counter()
        await passwords.matches(WRONG, kept)
        return time.perf_counter() - started

    known, unknown = [], []
    for _ in range(9):
        known.append(await measure(stored))
        unknown.append(await measure(None))
    passwords.close()
    assert min(unknown) > 0.6 * min(known)
    assert statistics.median(unknown) < 2 * statistics.median(known)


async def test_refusals_of_known_and_unknown_people_read_the_same(hub, person):
    ada = await person("owner")
    told = []
    for email in (ada.email, "nobody@acme.example"):
        with pytest.raises(Unauthenticated) as refused:
            await service.sign_in(hub, email=email, password=WRONG, address="198.51.100.9")
        told.append(str(refused.value))
    assert told[0] == told[1]
    await settle(hub)
    assert names(hub, "system") == ["auth.failed"]


async def test_the_event_loop_stays_free_while_many_sign_in(hub, person):
    ada = await person("owner")
    right, longest = Secret(ada.password), 0.0
    work = asyncio.gather(*(attempt(hub, ada.email, right, f"198.51.100.{n}") for n in range(8)))
    while not work.done():
        started = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - started)
    assert await work == ["in"] * 8
    assert longest < 0.5


async def test_sessions_end_when_idle_and_at_their_absolute_limit(hub, person, clock):
    ada = await person("owner")
    clock.advance(timedelta(hours=11))
    assert await sessions.find(hub, ada.cookie)
    clock.advance(timedelta(hours=11))
    assert await sessions.find(hub, ada.cookie), "use moves the idle limit"
    for _ in range(28):
        clock.advance(timedelta(hours=11))
        await sessions.find(hub, ada.cookie)
    clock.advance(timedelta(hours=6))
    assert await sessions.find(hub, ada.cookie) is None, "14 days are the end, however busy"


async def test_a_clock_a_day_off_does_not_prolong_a_session(hub, person, clock):
    ada = await person("owner")
    clock.advance(timedelta(days=-1))
    assert await sessions.find(hub, ada.cookie)
    clock.advance(timedelta(days=2))
    assert await sessions.find(hub, ada.cookie) is None


async def test_a_copy_of_the_table_cannot_sign_in(hub, person):
    ada = await person("owner")
    rows = hub.database.read_now(lambda session: session.execute(select(SignInSession)).scalars().all())
    assert len(ada.cookie) == 64
    assert {row.token_hash for row in rows}.isdisjoint({ada.cookie})
    for row in rows:
        assert await sessions.find(hub, row.token_hash) is None


async def test_a_password_change_ends_the_other_sessions(hub, person):
    ada = await person("owner")
    other = await service.sign_in(hub, email=ada.email, password=Secret(ada.password))
    with pytest.raises(InvalidInput) as refused:
        await service.change_password(hub, ada.actor, current=WRONG, new=Secret("something new"))
    assert set(refused.value.fields) == {"current"}
    with pytest.raises(InvalidInput):
        await service.change_password(hub, ada.actor, current=Secret(ada.password), new=Secret("short"))
    await service.change_password(hub, ada.actor, current=Secret(ada.password), new=Secret("something new"))
    assert await sessions.find(hub, ada.cookie)
    assert await sessions.find(hub, other) is None
    assert await attempt(hub, ada.email, Secret(ada.password)) == "unauthenticated"
    assert await attempt(hub, ada.email, Secret("something new")) == "in"


async def test_guessing_the_current_password_is_limited(hub, person):
    ada = await person("owner")
    codes = []
    for _ in range(11):
        try:
            await service.change_password(hub, ada.actor, current=WRONG, new=Secret("something new"))
        except (InvalidInput, RateLimited) as error:
            codes.append(error.code)
    assert codes == ["invalid_input"] * 10 + ["rate_limited"]


async def test_a_disabled_person_is_out_everywhere(hub, person):
    ada = await person("owner")
    await service.disable_user(hub, ada.email)
    assert await sessions.find(hub, ada.cookie) is None
    assert await attempt(hub, ada.email, Secret(ada.password)) == "unauthenticated"
    with pytest.raises(NotFound):
        await service.disable_user(hub, "nobody@acme.example")


async def test_the_same_person_is_not_made_twice(hub, person):
    ada = await person("owner")
    with pytest.raises(Conflict):
        await person("viewer", email=ada.email)


async def test_every_chain_is_whole_after_all_this(hub, person):
    ada = await person("owner")
    await attempt(hub, ada.email)
    await attempt(hub, "nobody@acme.example")
    await service.sign_out(hub, ada.actor)
    await settle(hub)
    for chain in (ada.organization_id, "system"):
        bad = hub.database.read_now(lambda session, chain=chain: audit.verify(session, hub.keyring, chain))
        assert bad is None


def test_a_password_is_kept_as_owasp_asks():
    passwords = Passwords()
    kept = passwords.hash_now(Secret("a long enough password"))
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(kept)
    passwords.close()
