"""E08 for every provider: our clock and the vendor's differ or jump, and no renewal but one is made for it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette

from integrations_app.connections.refresh_plan import SHARE, SPREAD
from integrations_app.sandbox.app import create_app
from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.serve import PREFIX, serving, standalone
from tests.connections.vendors import RENEWABLE, Case, connected_case

LIFE = 3600
LOOK = timedelta(minutes=5)
HOURS = 8
JUMPS_AFTER = timedelta(hours=4)


@dataclass
class Time:
    """What time it really is: the vendor's clock; ours is off by `off`."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))
    off: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return self.now + self.off


@pytest.fixture(scope="module")
def vendors_time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def sandbox(vendors_time: Time) -> Starlette:
    return create_app(clock=lambda: vendors_time.now.timestamp())  # noqa: PLW0108 - the time is replaced meanwhile


@pytest.fixture(scope="module")
def sandbox_url(sandbox: Starlette) -> Iterator[str]:
    with serving(standalone(sandbox)) as port:
        yield f"http://127.0.0.1:{port}{PREFIX}"


@pytest.fixture
def clock(vendors_time: Time) -> Time:
    """Our clock, right at first."""
    vendors_time.off = timedelta(0)
    return vendors_time


@pytest.fixture(params=RENEWABLE)
async def case(world: Any, request: pytest.FixtureRequest) -> Case:
    made = await connected_case(world, request.param)
    world.vendor.settings(**{request.param: {EMULATIONS[request.param].settings("").life: LIFE}})
    await made.connect()  # with a token of that life
    return made


def refused_tokens(case: Case, sandbox: Starlette) -> list[str]:
    """The tokens that came when the vendor called them expired, in order; one per call."""
    tokens = {one.value: one for one in EMULATIONS[case.provider.key].tokens(sandbox.state.world)}
    found = []
    for call in case.world.vendor.calls(f"/{case.provider.key}/"):
        value = call["headers"].get("authorization", "").split(" ")[-1]
        if value in tokens and 0 < tokens[value].expires_at <= call["at"]:
            found.append(value)
    return found


async def live(case: Case, clock: Time, hours: int, jump: timedelta = timedelta(0)) -> None:
    """Use the connection every five minutes; our clock jumps after four hours."""
    begun = clock.now
    while clock.now - begun < timedelta(hours=hours):
        if clock.now - begun == JUMPS_AFTER:
            clock.off += jump
        await case.use()
        clock.now += LOOK


def most(case: Case) -> int:
    """How many renewals there may be in the hours of one life, with clocks that are right."""
    life = timedelta(seconds=case.oauth.usual_life or LIFE)
    return math.ceil(timedelta(hours=HOURS) / (life * (SHARE - SPREAD)))


DIFFERENCES = [timedelta(minutes=10), timedelta(minutes=-10)]


@pytest.mark.parametrize("off", DIFFERENCES, ids=["ahead", "behind"])
async def test_a_clock_that_is_off_costs_one_renewal_at_most(
    case: Case, sandbox: Starlette, clock: Time, off: timedelta
) -> None:
    clock.off = off
    await case.connect()
    before = len(case.renewals())
    await live(case, clock, HOURS)
    assert 0 < len(case.renewals()) - before <= most(case) + 1
    refused = refused_tokens(case, sandbox)
    assert len(refused) == len(set(refused)) <= 1


JUMPS = [*DIFFERENCES, timedelta(hours=-1), timedelta(hours=1)]


@pytest.mark.parametrize("jump", JUMPS, ids=["10 min on", "10 min back", "an hour back", "an hour on"])
async def test_a_jump_costs_one_renewal_at_most(case: Case, sandbox: Starlette, clock: Time, jump: timedelta) -> None:
    before = len(case.renewals())
    await live(case, clock, HOURS, jump)
    assert 0 < len(case.renewals()) - before <= most(case) + 1
    refused = refused_tokens(case, sandbox)
    assert len(refused) == len(set(refused)) <= 1
    assert case.row.status == "connected"
