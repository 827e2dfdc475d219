"""A database that is away makes no run fail: the engine comes back to it, and repeats no call that was answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from integrations_app.errors import Unavailable
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import checkpoints, service
from integrations_app.workflows.engine import embedded
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.workflows.probe import ACTOR, Vendor, step, workflow


class Outage:
    """Lets statements fail as a database that is away does: those that begin so, the next few times."""

    def __init__(self) -> None:
        self.beginning, self.spared, self.left = "", 0, 0

    def befalls(self, beginning: str, times: int, spared: int = 0) -> None:
        self.beginning, self.left, self.spared = beginning, times, spared

    def __call__(self, _connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if not self.left or not statement.startswith(self.beginning):
            return
        if self.spared:
            self.spared -= 1
            return
        self.left -= 1
        raise OperationalError(statement, {}, Exception("the database is away"))


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    monkeypatch.setattr(checkpoints, "OUTAGE_SECONDS", 0.0)
    monkeypatch.setattr(embedded, "TROUBLE_SECONDS", 0.01)
    made = Outage()
    event.listen(Engine, "before_cursor_execute", made)
    yield made
    event.remove(Engine, "before_cursor_execute", made)


async def run(hub: Hub, outage: Outage, kind: str, *befalls: Any) -> RunDetail:
    made = await service.create(hub, ACTOR, workflow(step("a", kind, retry={"attempts": 1})))
    await service.publish(hub, ACTOR, made.id)
    outage.befalls(*befalls)
    run_id = await service.start_run(hub, ACTOR, made.id)
    found = await service.wait_for_run(hub, ACTOR, run_id, 10)
    assert outage.left == 0
    return found


INTENT = "UPDATE run SET status="


@pytest.mark.parametrize(
    ("befalls", "kind"),
    [
        ((INTENT, 5), "fire"),
        (("SELECT connection.", 5), "fire"),
        ((INTENT, 1, 1), "fire"),
        ((INTENT, 1, 1), "tell"),
    ],
    ids=["intent", "credentials", "result", "result-of-reconcilable"],
)
async def test_an_outage_fails_no_run(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, outage: Outage, befalls: tuple[Any, ...], kind: str
) -> None:
    found = await run(hub, outage, kind, *befalls)
    assert (found.row.status, found.row.error_message) == ("succeeded", "")
    assert (len(vendor.arrived), vendor.looked, found.steps[0].attempts) == (1, 0, 1)


async def test_what_the_vendor_refused_for_sure_is_kept_through_an_outage(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, outage: Outage
) -> None:
    vendor.before = [Unavailable("away")]
    found = await run(hub, outage, "fire", INTENT, 1, 1)
    assert (found.row.status, found.row.error_code) == ("failed", "unavailable")
    assert vendor.arrived == []
