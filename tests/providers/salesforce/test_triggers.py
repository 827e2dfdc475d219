"""Polling Salesforce for records: nothing that was there, everything that comes, nothing that was brought before."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, RateLimited, ReconnectRequired
from integrations_app.providers.salesforce import changes
from integrations_app.providers.salesforce.triggers import OnRecord, OnUpdatedRecord
from integrations_app.sdk.triggers import Found, Inbound, Poll
from tests.providers.conftest import Connected

ACCOUNT = {"object": "Account", "fields": ["Name"]}


def poll_of(salesforce: Connected, key: str) -> Poll:
    trigger = salesforce.provider.trigger(key)
    assert trigger is not None and trigger.poll is not None
    return trigger.poll


class Watcher:
    """Looks again and again, from its own cursor."""

    def __init__(self, salesforce: Connected, key: str, **config: Any) -> None:
        self.salesforce, self.poll, self.config = salesforce, poll_of(salesforce, key), ACCOUNT | config
        self.cursor: Any = None
        self.looks: list[Found] = []

    async def begin(self) -> "Watcher":
        self.cursor = await self.poll.begin(self.config, self.salesforce.context())
        return self

    async def page(self) -> Found:
        """The next page."""
        found = await self.poll.fetch(self.config, self.cursor, self.salesforce.context())
        self.looks.append(found)
        self.cursor = found.cursor
        return found

    async def look(self) -> list[str]:
        """The delivery ids of one whole look, and the pages it took."""
        found: list[str] = []
        more = True
        while more:
            page = await self.page()
            more = page.more
            found += [item.delivery_id for item in page.items]
        return found


def create(sandbox: Any, name: str, **more: Any) -> str:
    return str(sandbox.post("salesforce/records", object="Account", fields={"Name": name}, **more)["id"])


async def test_a_created_record_is_found_and_those_before_are_not(salesforce: Any, sandbox: Any) -> None:
    create(sandbox, "There already")
    watcher = await Watcher(salesforce, "record_created").begin()
    assert await watcher.look() == []
    made = create(sandbox, "New")
    assert await watcher.look() == [made]
    payload = watcher.looks[-1].items[0].payload
    assert (payload["object"], payload["change"], payload["id"]) == ("Account", "created", made)
    assert payload["record"]["Name"] == "New"
    assert set(payload["record"]) == {"Id", "CreatedDate", "Name"}


async def test_what_is_committed_late_is_found_all_the_same(salesforce: Any, sandbox: Any) -> None:
    watcher = await Watcher(salesforce, "record_created").begin()
    made = [create(sandbox, "First")]
    assert await watcher.look() == made
    late = create(sandbox, "Late", seconds_ago=120)
    assert late in await watcher.look()


async def test_without_chosen_fields_every_readable_one_is_read(salesforce: Any, sandbox: Any) -> None:
    watcher = await Watcher(salesforce, "record_created", fields=[]).begin()
    create(sandbox, "Whole")
    await watcher.look()
    assert {"Name", "Industry", "OwnerId", "Phone"} <= set(watcher.looks[-1].items[0].payload["record"])


async def test_an_update_is_found_once_per_change_and_a_creation_is_none(salesforce: Any, sandbox: Any) -> None:
    watcher = await Watcher(salesforce, "record_updated").begin()
    both = await Watcher(salesforce, "record_updated", include_new=True).begin()
    made = create(sandbox, "New", seconds_ago=30)
    assert await watcher.look() == []
    assert [one.partition("/")[0] for one in await both.look()] == [made]
    await salesforce.run("update_record", object="Account", id=made, fields={"Phone": "1"})
    first = await watcher.look()
    assert [one.partition("/")[0] for one in first] == [made]
    await salesforce.run("update_record", object="Account", id=made, fields={"Phone": "2"})
    assert set(await watcher.look()) != set(first)


async def test_a_deleted_record_is_found(salesforce: Any, sandbox: Any) -> None:
    watcher = await Watcher(salesforce, "record_deleted").begin()
    made = create(sandbox, "Doomed")
    assert await watcher.look() == []
    await salesforce.run("delete_record", object="Account", id=made)
    assert await watcher.look() == [made]


async def test_many_records_come_in_pages(salesforce: Any, sandbox: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "PAGE", 10)
    watcher = await Watcher(salesforce, "record_created").begin()
    made = [create(sandbox, f"Number {number}") for number in range(25)]
    found = await watcher.look()
    assert sorted(found) == sorted(made) and len(found) == 25
    assert len(watcher.looks) >= 3 and all(len(page.items) <= 10 for page in watcher.looks)


async def test_a_pass_that_is_interrupted_misses_nothing_that_is_committed_meanwhile(
    salesforce: Any, sandbox: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(changes, "PAGE", 10)
    watcher = await Watcher(salesforce, "record_created").begin()
    made = [create(sandbox, f"Number {number}", seconds_ago=200) for number in range(12)]
    first = await watcher.page()
    assert first.more
    late = create(sandbox, "Late", seconds_ago=240)
    assert late not in await watcher.look()  # it lies behind the page that was read
    assert late in await watcher.look()
    assert {item.delivery_id for page in watcher.looks for item in page.items} == {*made, late}


async def test_what_was_there_is_left_out_however_much_it_is(salesforce: Any, sandbox: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "PAGE", 10)
    monkeypatch.setattr(changes, "MOST_KNOWN", 15)
    for number in range(40):
        create(sandbox, f"There already {number}", seconds_ago=40 - number)
    watcher = await Watcher(salesforce, "record_created").begin()
    assert await watcher.look() == []
    made = [create(sandbox, f"Number {number}") for number in range(12)]
    assert sorted(await watcher.look()) == sorted(made)
    assert set(await watcher.look()) <= set(made)


async def test_records_that_are_too_long_for_one_answer_come_in_shorter_pages(salesforce: Any, sandbox: Any) -> None:
    watcher = await Watcher(salesforce, "record_created").begin()
    made = [create(sandbox, f"Number {number}") for number in range(25)]
    sandbox.fault(vendor="salesforce", path="/query", effect="huge")
    assert sorted(await watcher.look()) == sorted(made)
    assert len(watcher.looks[0].items) == changes.SMALLER[0]


async def test_what_cannot_be_asked_is_refused_before_anything_is_published(salesforce: Any, sandbox: Any) -> None:
    with pytest.raises(InvalidInput):
        await Watcher(salesforce, "record_created", object="Nope__c").begin()
    sandbox.settings(salesforce={"api_limit": 0})
    with pytest.raises(RateLimited):
        await Watcher(salesforce, "record_created").begin()
    sandbox.settings(salesforce={"api_limit": 15000})
    sandbox.post("revoke", vendor="salesforce", all=True)
    with pytest.raises(ReconnectRequired):
        await Watcher(salesforce, "record_created").begin()


async def test_workflows_share_what_is_asked_the_same(salesforce: Any) -> None:
    created, updated = poll_of(salesforce, "record_created"), poll_of(salesforce, "record_updated")
    same = {created.target({"object": "Account", "fields": ["Name", "Phone"]})}
    same.add(created.target({"object": "account ", "fields": ["phone", "Name"]}))
    assert len(same) == 1
    others = {created.target(ACCOUNT), updated.target(ACCOUNT), updated.target(ACCOUNT | {"include_new": True})}
    assert len(same | others) == 4


@pytest.mark.parametrize(
    ("field", "value", "counts"),
    [
        ("", "", True),
        ("Industry", "banking", True),
        ("industry", " Banking ", True),
        ("Industry", "Technology", False),
        ("Industry", "", False),
        ("Phone", "", True),
        ("AnnualRevenue", "5", True),
        ("AnnualRevenue", "much", False),
        ("IsDeleted", "false", True),
        ("Nope__c", "", False),
    ],
)
async def test_only_records_with_a_value_count(
    salesforce: Any, sandbox: Any, field: str, value: str, counts: bool
) -> None:
    config = OnRecord(object="Account", where_field=field, where_value=value)
    watcher = await Watcher(salesforce, "record_created", fields=[], where_field=field).begin()
    sandbox.post(
        "salesforce/records", object="Account", fields={"Name": "x", "Industry": "Banking", "AnnualRevenue": 5}
    )
    await watcher.look()
    [item] = watcher.looks[-1].items
    trigger = salesforce.provider.trigger("record_created")
    assert trigger.matches(Inbound("record_created", item.delivery_id, item.payload), config) is counts


async def test_the_field_that_is_looked_at_is_read(salesforce: Any, sandbox: Any) -> None:
    watcher = await Watcher(salesforce, "record_created", where_field="Industry").begin()
    create(sandbox, "x")
    await watcher.look()
    assert "Industry" in watcher.looks[-1].items[0].payload["record"]
    target = poll_of(salesforce, "record_created").target
    assert target(ACCOUNT | {"where_field": "Industry"}) == target(ACCOUNT | {"fields": ["industry", "Name"]})
    assert target({"object": "Account", "where_field": "Industry"}) == target({"object": "Account"})


async def test_pickers_load(salesforce: Any) -> None:
    assert "Account" in [one.value for one in (await salesforce.choices(OnRecord, "object")).choices]
    found = await salesforce.choices(OnUpdatedRecord, "fields", object="Account")
    assert "Industry" in [one.value for one in found.choices]
